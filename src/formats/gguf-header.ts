/** The header of a GGUF file, read in bounded memory: its keys, and which tensors there are and where. */
import { UserError } from '../util/errors.js';
import { FLOAT_CODINGS, type FloatType } from './float-type.js';
import {
  GGUF_ALIGNMENT,
  GGUF_FLOATS,
  GGUF_MAGIC,
  GGUF_OTHER_TENSORS,
  GGUF_TYPES,
  type GgufScalarType,
  type GgufValue,
} from './gguf-types.js';
import type { PositionedFile } from './positioned-file.js';

/** Far above what any model has (a vocabulary of 262,144 tokens takes some 10 MB), far below what would hurt. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_KEYS = 100_000;
const MAX_TENSORS = 1_000_000;
/** The format's own bounds. */
const MAX_KEY_BYTES = 65_535;
const MAX_DIMENSIONS = 4;
/** Names longer than the format's 64 bytes are read too, as long as they make sense. */
const MAX_NAME_BYTES = 1024;

/** One tensor of a file. */
export interface GgufTensor {
  readonly dtype: FloatType;
  /** Slowest dimension first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** Where its bytes begin in the file, and how many there are. */
  readonly position: number;
  readonly bytes: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Reads on and on from a file's beginning, through a buffer. */
class Reader {
  readonly #buffer = Buffer.alloc(1 << 16);
  /** What of the file is in the buffer: so many bytes from `#from` on. */
  #from = 0;
  #held = 0;
  position = 0;

  constructor(private readonly file: PositionedFile) {}

  /** The next `count` bytes, at most the buffer's; valid until the next call. */
  take(count: number): Buffer {
    this.require(count);
    if (this.position + count > this.#from + this.#held) {
      this.#from = this.position;
      this.#held = Math.min(this.#buffer.length, this.file.size - this.position);
      this.file.read(this.#buffer.subarray(0, this.#held), this.#from);
    }
    const at = this.position - this.#from;
    this.position += count;
    return this.#buffer.subarray(at, at + count);
  }

  /** Throws unless so many bytes are there, and the header may have them. */
  require(count: number): void {
    const end = this.position + count;
    if (end > this.file.size) {
      throw new UserError(
        `cut short, or sizes that lie: ${count} bytes at ${this.position} do not fit into ${this.file.size}`,
      );
    }
    if (end > MAX_HEADER_BYTES) {
      throw new UserError(`a header of more than ${MAX_HEADER_BYTES} bytes`);
    }
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A whole number that is exact here. */
  u64(what: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(most))
      throw new UserError(`${what}: expected at most ${most}, got ${value}`);
    return Number(value);
  }

  text(what: string, most: number): string {
    const length = this.u64(`the length of ${what}`, most);
    this.require(length);
    let bytes: Uint8Array;
    if (length <= this.#buffer.length) bytes = this.take(length);
    else {
      bytes = new Uint8Array(length);
      this.file.read(bytes, this.position);
      this.position += length;
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new UserError(`${what} is not valid UTF-8`, { cause });
    }
  }
}

/** Bytes of a number of each type, and how it is read. */
const NUMBERS = {
  u8: [1, (b) => b.readUInt8()],
  i8: [1, (b) => b.readInt8()],
  u16: [2, (b) => b.readUInt16LE()],
  i16: [2, (b) => b.readInt16LE()],
  u32: [4, (b) => b.readUInt32LE()],
  i32: [4, (b) => b.readInt32LE()],
  f32: [4, (b) => b.readFloatLE()],
  bool: [1, (b) => b.readUInt8()],
  u64: [8, (b) => exact(b.readBigUInt64LE())],
  i64: [8, (b) => exact(b.readBigInt64LE())],
  f64: [8, (b) => b.readDoubleLE()],
} as const satisfies Record<
  Exclude<GgufScalarType, 'string'>,
  readonly [number, (bytes: Buffer) => number]
>;

function exact(value: bigint): number {
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new UserError(`a number of 64 bits that is too large: ${value}`);
}

/**
 * Reads and checks a header: every size against the file's, every tensor's bytes against its shape and type, no
 * two tensors one over the other.
 *
 * @throws UserError saying what is wrong; the caller adds the file's name.
 */
export function readGgufHeader(file: PositionedFile): GgufHeader {
  const reader = new Reader(file);
  if (file.size < 24 || reader.take(4).toString('latin1') !== GGUF_MAGIC) {
    throw new UserError(`not a GGUF file: it does not begin with "${GGUF_MAGIC}"`);
  }
  const version = reader.u32();
  if (version !== 2 && version !== 3) {
    throw new UserError(`GGUF version ${version}; expected 2 or 3`);
  }
  const tensorCount = reader.u64('the number of tensors', MAX_TENSORS);
  const keyCount = reader.u64('the number of keys', MAX_KEYS);
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < keyCount; i++) {
    const key = reader.text(`key ${i}`, MAX_KEY_BYTES);
    if (metadata.has(key)) throw new UserError(`key ${show(key)} comes twice`);
    metadata.set(key, readValue(reader, `key ${show(key)}`));
  }
  const infos: [string, TensorInfo][] = [];
  const seen = new Set<string>();
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.text(`the name of tensor ${i}`, MAX_NAME_BYTES);
    if (seen.has(name)) throw new UserError(`tensor ${show(name)} comes twice`);
    seen.add(name);
    infos.push([name, readTensorInfo(reader, show(name))]);
  }
  const alignment = alignmentOf(metadata);
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  return { metadata, tensors: placed(infos, alignment, dataStart, file.size) };
}

function typeNamed(code: number, what: string): (typeof GGUF_TYPES)[number] {
  const type = GGUF_TYPES[code];
  if (type === undefined) throw new UserError(`${what}: unknown type of value ${code}`);
  return type;
}

function readValue(reader: Reader, what: string): GgufValue {
  const type = typeNamed(reader.u32(), what);
  if (type !== 'array') return { type, value: readScalar(reader, type, what) };
  const of = typeNamed(reader.u32(), what);
  if (of === 'array') throw new UserError(`${what}: an array of arrays, which is not read here`);
  const length = reader.u64(`the length of ${what}`);
  reader.require(length * (of === 'string' ? 8 : NUMBERS[of][0]));
  if (of === 'string') {
    const values: string[] = [];
    for (let i = 0; i < length; i++)
      values.push(reader.text(`${what}, entry ${i}`, MAX_HEADER_BYTES));
    return { type, of, values };
  }
  const values = new Float64Array(length);
  const [bytes, read] = NUMBERS[of];
  for (let i = 0; i < length; i++) values[i] = read(reader.take(bytes));
  return { type, of, values };
}

function readScalar(reader: Reader, type: GgufScalarType, what: string): number | boolean | string {
  if (type === 'string') return reader.text(what, MAX_HEADER_BYTES);
  const [bytes, read] = NUMBERS[type];
  const value = read(reader.take(bytes));
  if (type !== 'bool') return value;
  if (value > 1) throw new UserError(`${what}: expected true or false (1 or 0), got ${value}`);
  return value === 1;
}

interface TensorInfo {
  dtype: FloatType;
  shape: number[];
  bytes: number;
  offset: number;
}

function readTensorInfo(reader: Reader, name: string): TensorInfo {
  const dimensions = reader.u32();
  if (dimensions > MAX_DIMENSIONS) {
    throw new UserError(
      `tensor ${name}: ${dimensions} dimensions; expected at most ${MAX_DIMENSIONS}`,
    );
  }
  const shape: number[] = [];
  for (let i = 0; i < dimensions; i++) shape.unshift(reader.u64(`a dimension of tensor ${name}`));
  const code = reader.u32();
  const dtype = (Object.keys(GGUF_FLOATS) as FloatType[]).find(
    (type) => GGUF_FLOATS[type] === code,
  );
  if (dtype === undefined) {
    const known = GGUF_OTHER_TENSORS[code];
    throw new UserError(
      `tensor ${name}: ${known ? `type ${known}` : `unknown type ${code}`}; expected one of ${Object.keys(GGUF_FLOATS).join(', ')}`,
    );
  }
  const { blockSize, blockBytes } = FLOAT_CODINGS[dtype];
  if ((shape.at(-1) ?? 1) % blockSize !== 0) {
    throw new UserError(
      `tensor ${name}: rows of ${shape.at(-1)} values of ${dtype}; expected a multiple of ${blockSize}`,
    );
  }
  const count = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1);
  const bytes = (count / blockSize) * blockBytes;
  return { dtype, shape, bytes, offset: reader.u64(`the offset of tensor ${name}`) };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const found = metadata.get('general.alignment');
  if (found === undefined) return GGUF_ALIGNMENT;
  const value = found.type === 'array' ? Number.NaN : found.value;
  const isRight =
    typeof value === 'number' &&
    value >= 8 &&
    value <= 1 << 20 &&
    Number.isInteger(Math.log2(value));
  if (isRight) return value;
  throw new UserError(
    `general.alignment: expected a power of 2 from 8 to ${1 << 20}, got ${value}`,
  );
}

/** Where each tensor lies, checked. */
function placed(
  infos: readonly [string, TensorInfo][],
  alignment: number,
  dataStart: number,
  size: number,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const [name, { dtype, shape, bytes, offset }] of infos) {
    if (offset % alignment !== 0) {
      throw new UserError(
        `tensor ${show(name)}: expected an offset that ${alignment} divides, got ${offset}`,
      );
    }
    if (!(dataStart + offset + bytes <= size)) {
      throw new UserError(
        `tensor ${show(name)}: ${dtype} (${shape.join(', ')}) takes ${bytes} bytes from ${dataStart + offset} on, but the file has ${size}`,
      );
    }
    tensors.set(name, { dtype, shape, position: dataStart + offset, bytes });
  }
  let end = 0;
  for (const [name, { position, bytes }] of [...tensors].sort(
    ([, a], [, b]) => a.position - b.position || a.bytes - b.bytes,
  )) {
    if (position < end) throw new UserError(`tensor ${show(name)}: overlaps the one before`);
    end = position + bytes;
  }
  return tensors;
}

/** Names come from the file: shown quoted, and not at any length. */
function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
