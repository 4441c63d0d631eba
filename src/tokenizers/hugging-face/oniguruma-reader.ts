/** Reads a pattern character by character. */

/** What is wrong with a pattern. */
export class PatternError extends Error {}

export interface Quantifier {
  least: number;
  most: number;
  lazy: boolean;
  possessive: boolean;
  /** `{n}?`, which is not lazy in Ruby but means "n times or not at all". */
  isReluctantExact: boolean;
}

/** Oniguruma's own limit. */
const MOST_REPEATS = 100_000;

export class Reader {
  private readonly pattern: string;
  private at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get atEnd(): boolean {
    return this.at >= this.pattern.length;
  }

  /** The character that comes next, unread; '' at the end. */
  peek(): string {
    return this.atEnd ? '' : String.fromCodePoint(this.pattern.codePointAt(this.at)!);
  }

  /** @throws PatternError at the end. */
  next(): string {
    if (this.atEnd) throw new PatternError('it ends too early');
    const character = this.peek();
    this.at += character.length;
    return character;
  }

  /** Whether `text` comes next; it is read then. */
  take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** What a sticky pattern finds here, read; undefined where it finds nothing. */
  takeMatch(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.pattern)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  /** The quantifier that comes next, if one does. */
  quantifier(): Quantifier | undefined {
    const simple = this.takeMatch(/[*+?][+?]?/y);
    if (simple !== undefined) {
      return {
        least: simple.startsWith('+') ? 1 : 0,
        most: simple.startsWith('?') ? 1 : Number.POSITIVE_INFINITY,
        lazy: simple[1] === '?',
        possessive: simple[1] === '+',
        isReluctantExact: false,
      };
    }
    // Anything else in braces is text. A + after them repeats the whole once more, as in Ruby.
    const range = this.takeMatch(/\{(?:\d+(?:,\d*)?|,\d+)\}\??/y);
    if (range === undefined) return undefined;
    const [, from = '', comma, to = ''] = /^\{(\d*)(,?)(\d*)/.exec(range)!;
    const least = Number(from);
    const most = comma === '' ? least : to === '' ? Number.POSITIVE_INFINITY : Number(to);
    if (least > MOST_REPEATS || (most > MOST_REPEATS && Number.isFinite(most))) {
      throw new PatternError(`${range} repeats more than ${MOST_REPEATS} times`);
    }
    if (least > most) throw new PatternError(`${range} ends before it begins`);
    const question = range.endsWith('?');
    const isExact = comma === '';
    return {
      least,
      most,
      lazy: question && !isExact,
      possessive: false,
      isReluctantExact: question && isExact,
    };
  }
}
