/** Ending a text where a given string appears, although it comes in pieces. */
import { describeValue } from '../util/describe.js';
import { UsageError } from '../util/errors.js';

/**
 * Lets text through until one of the strings appears in it, wherever pieces are cut. What might be the beginning
 * of one is held back until it is known; nothing from its first character on is ever let through.
 *
 * The string that is complete first counts; of several that end at one place, the longest.
 */
export class StopText {
  readonly #stops: readonly string[];
  #held = '';
  #found = false;

  /** @throws UsageError unless these are strings with something in them. */
  constructor(stops: readonly string[]) {
    const wrong = Array.isArray(stops)
      ? stops.find((stop) => typeof stop !== 'string' || stop === '')
      : stops;
    if (!Array.isArray(stops) || stops.some((stop) => typeof stop !== 'string' || stop === '')) {
      throw new UsageError(
        `stop: expected texts of at least one character, got ${describeValue(wrong)}.`,
      );
    }
    this.#stops = stops;
  }

  /** Whether one has appeared: nothing comes after it. */
  get found(): boolean {
    return this.#found;
  }

  /** Takes in a piece; returns the text that is certain not to belong to a stop. */
  push(piece: string): string {
    if (typeof piece !== 'string') {
      throw new UsageError(`StopText.push: expected a text, got ${describeValue(piece)}.`);
    }
    if (this.#found) return '';
    const text = this.#held + piece;
    const hits = this.#stops
      .map((stop) => ({ from: text.indexOf(stop), length: stop.length }))
      .filter(({ from }) => from >= 0)
      .sort((a, b) => a.from + a.length - (b.from + b.length) || a.from - b.from);
    const [first] = hits;
    this.#found = first !== undefined;
    const end = first ? first.from : text.length - this.#beginningAtEnd(text);
    this.#held = this.#found ? '' : text.slice(end);
    return text.slice(0, end);
  }

  /** What was held back, where no stop came of it. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** How many of the last characters may be the beginning of a stop. */
  #beginningAtEnd(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const tail = text.slice(-length);
      if (this.#stops.some((stop) => stop.length > length && stop.startsWith(tail))) return length;
    }
    return 0;
  }
}
