/** Reading the values of options. What does not fit is refused with what was expected. */
import { InvalidArgumentError } from 'commander';

/** A finite number. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new InvalidArgumentError(`Expected a number, got "${text}".`);
  }
  return value;
}

/** A finite number of at least `lowest`. */
export function least(lowest: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (value < lowest) {
      throw new InvalidArgumentError(`Expected a number of at least ${lowest}, got "${text}".`);
    }
    return value;
  };
}

/** A finite number greater than `limit`. */
export function above(limit: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!(value > limit)) {
      throw new InvalidArgumentError(`Expected a number above ${limit}, got "${text}".`);
    }
    return value;
  };
}

/** A whole number of at least `lowest`. */
export function count(lowest: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!Number.isSafeInteger(value) || value < lowest) {
      throw new InvalidArgumentError(
        `Expected a whole number of at least ${lowest}, got "${text}".`,
      );
    }
    return value;
  };
}

/** A share in (0, 1]. */
export function fraction(text: string): number {
  const value = number(text);
  if (!(value > 0 && value <= 1)) {
    throw new InvalidArgumentError(`Expected a number above 0 and up to 1, got "${text}".`);
  }
  return value;
}

/** A time above 0. */
export function seconds(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`Expected seconds above 0, got "${text}".`);
  return value;
}

/** Gathers an option that may be given several times. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
