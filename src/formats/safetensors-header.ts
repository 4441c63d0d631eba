/**
 * The header of a safetensors file: which tensors there are, and where. It is read by a parser of its
 * own that accepts nothing but the format's own shape: a file from elsewhere may be hostile, and
 * `JSON.parse` keeps the last of two equal keys without a word and builds whatever it is given in
 * memory before anyone can look at it.
 *
 * Source: the format's description at https://github.com/huggingface/safetensors (section "Format").
 */
import { UserError } from '../util/errors.js';

/** Bytes of one element, by the format's name of the type. Those of less than a byte are not known here. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
};

/** The format's own bound on the header. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Ours on what is kept in memory of it: far above any model's, far below what would hurt. */
const MAX_TENSORS = 1_000_000;
const MAX_DIMENSIONS = 64;

/** One tensor of a file. */
export interface TensorEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its bytes lie, counted from the end of the header: [begin, end). */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Numbers as the format has them: whole, not negative, without a sign, point or exponent. */
const WHOLE = /(?:0|[1-9][0-9]*)(?![0-9.eE+-])/y;
const SPACE = /[ \t\n\r]*/y;

class Parser {
  #at = 0;

  constructor(private readonly text: string) {}

  fail(expected: string): never {
    const found =
      this.#at < this.text.length
        ? JSON.stringify(this.text.slice(this.#at, this.#at + 12))
        : 'its end';
    throw new UserError(
      `the header is not valid: expected ${expected} at ${this.#at}, got ${found}`,
    );
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.text);
    this.#at = SPACE.lastIndex;
  }

  /** Takes `character` where it comes next. */
  take(character: string): boolean {
    this.#skipSpace();
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) this.fail(`"${character}"`);
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.text.length) this.fail('the end');
  }

  string(): string {
    this.#skipSpace();
    const start = this.#at;
    if (this.text[start] !== '"') this.fail('a string');
    let close = start + 1;
    while (close < this.text.length && this.text[close] !== '"') {
      close += this.text[close] === '\\' ? 2 : 1;
    }
    try {
      const value = JSON.parse(this.text.slice(start, close + 1)) as string;
      this.#at = close + 1;
      return value;
    } catch {
      return this.fail('a string');
    }
  }

  whole(): number {
    this.#skipSpace();
    WHOLE.lastIndex = this.#at;
    const digits = WHOLE.exec(this.text)?.[0];
    const value = Number(digits);
    if (digits === undefined || !Number.isSafeInteger(value)) {
      this.fail('a whole number below 2^53');
    }
    this.#at = WHOLE.lastIndex;
    return value;
  }

  wholes(most: number): number[] {
    this.expect('[');
    const values: number[] = [];
    if (this.take(']')) return values;
    do {
      if (values.length === most) this.fail(`at most ${most} numbers`);
      values.push(this.whole());
    } while (this.take(','));
    this.expect(']');
    return values;
  }

  /** An object; `member` reads the value of each key, and no key may come twice. */
  object(member: (key: string) => void, what: string, most: number): void {
    this.expect('{');
    const seen = new Set<string>();
    if (this.take('}')) return;
    do {
      const key = this.string();
      if (seen.has(key)) {
        throw new UserError(`the header is not valid: ${what} ${JSON.stringify(key)} comes twice`);
      }
      if (seen.size === most) this.fail(`at most ${most} keys`);
      seen.add(key);
      this.expect(':');
      member(key);
    } while (this.take(','));
    this.expect('}');
  }
}

/**
 * Reads and checks a header. Every tensor's bytes must match its type and shape, and together they must
 * fill the `dataBytes` behind the header without gap or overlap.
 *
 * @param text the header, decoded.
 * @throws UserError saying what is wrong; the caller adds the file's name.
 */
export function parseHeader(text: string, dataBytes: number): Header {
  const parser = new Parser(text);
  const tensors = new Map<string, TensorEntry>();
  const metadata: Record<string, string> = Object.create(null);
  parser.object(
    (name) => {
      if (name === '__metadata__') {
        parser.object((key) => void (metadata[key] = parser.string()), 'metadata', MAX_TENSORS);
      } else {
        tensors.set(name, parseEntry(parser, name));
      }
    },
    'tensor',
    MAX_TENSORS,
  );
  parser.end();
  checkOffsets(tensors, dataBytes);
  return { tensors, metadata };
}

function parseEntry(parser: Parser, name: string): TensorEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  parser.object(
    (key) => {
      if (key === 'dtype') dtype = parser.string();
      else if (key === 'shape') shape = parser.wholes(MAX_DIMENSIONS);
      else if (key === 'data_offsets') offsets = parser.wholes(2);
      else parser.fail(`"dtype", "shape" or "data_offsets" in ${show(name)}`);
    },
    `in tensor ${show(name)}, key`,
    3,
  );
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
    throw new UserError(
      `tensor ${show(name)}: expected "dtype", "shape" and two "data_offsets" in the header`,
    );
  }
  const size = Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype]! : undefined;
  if (size === undefined) {
    throw new UserError(
      `tensor ${show(name)}: unknown type ${show(dtype)}; expected one of ${Object.keys(DTYPE_BYTES).join(', ')}`,
    );
  }
  const [begin, end] = offsets as [number, number];
  // A product beyond 2^53 is no longer exact, but no longer equal to a number of bytes either.
  const bytes = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, size);
  if (end - begin !== bytes) {
    throw new UserError(
      `tensor ${show(name)}: shape (${shape.join(', ')}) of ${dtype} takes ${bytes} bytes, but its data_offsets [${begin}, ${end}] hold ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

function checkOffsets(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const [name, { begin, end }] of inOrder) {
    if (begin !== at) {
      throw new UserError(
        `tensor ${show(name)}: ${begin < at ? 'overlaps the one before' : 'leaves a gap before it'}: expected it to begin at ${at}, got ${begin}`,
      );
    }
    at = end;
  }
  if (at !== dataBytes) {
    throw new UserError(
      at > dataBytes
        ? `the file is cut short: its tensors take ${at} bytes, but only ${dataBytes} follow the header`
        : `${dataBytes - at} bytes at the end of the file belong to no tensor`,
    );
  }
}

/** Names come from the file: shown quoted, and not at any length. */
function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
