/**
 * Files of named tensors in the safetensors format, which libraries in many languages read:
 *
 *     8 bytes   length of the header, little-endian
 *     header    JSON: name → { dtype, shape, data_offsets }, and `__metadata__`, padded with spaces
 *     data      the tensors' values, little-endian, one after the other
 *
 * Source: https://github.com/huggingface/safetensors (section "Format").
 *
 * Values pass through one buffer of a few megabytes on their way, so that a model is never in memory
 * twice.
 */
import { empty, type Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { type ByteSource, CHUNK } from './byte-source.js';
import { isFloatType } from './float-type.js';
import { asBytes, dtypeOf } from './safetensors-encode.js';
import {
  DTYPE_BYTES,
  type Header,
  MAX_HEADER_BYTES,
  parseHeader,
  type TensorEntry,
} from './safetensors-header.js';
import type { TensorSource } from './tensor-source.js';

export type { TensorEntry } from './safetensors-header.js';

/** A safetensors file's bytes, checked; values are read when asked for. */
export class SafetensorsReader implements TensorSource {
  readonly path: string;
  readonly #file: ByteSource;
  readonly #header: Header;
  readonly #dataStart: number;

  /**
   * @param file is closed with the reader, and where it is refused.
   * @throws UserError naming the file and what is wrong with it: cut short, a header that is too long or not
   *   valid, tensors that overlap, leave gaps or do not match their shapes.
   */
  constructor(file: ByteSource) {
    this.path = file.path;
    this.#file = file;
    try {
      const { header, dataStart } = this.#readHeader();
      this.#header = header;
      this.#dataStart = dataStart;
    } catch (error) {
      this.#file.close();
      throw error instanceof UserError && !error.message.includes(file.path)
        ? new UserError(`${file.path}: ${error.message}.`, { cause: error })
        : error;
    }
  }

  #readHeader(): { header: Header; dataStart: number } {
    const { size } = this.#file;
    if (size < 8) {
      throw new UserError(`not a safetensors file: expected at least 8 bytes, got ${size}`);
    }
    const start = new Uint8Array(8);
    this.#file.read(start, 0);
    const length = Number(new DataView(start.buffer).getBigUint64(0, true));
    if (length > MAX_HEADER_BYTES) {
      throw new UserError(
        `not a safetensors file: a header of ${length} bytes is above the format's limit of ${MAX_HEADER_BYTES}`,
      );
    }
    if (8 + length > size) {
      throw new UserError(
        `cut short, or not a safetensors file: a header of ${length} bytes does not fit into ${size}`,
      );
    }
    const bytes = new Uint8Array(length);
    this.#file.read(bytes, 8);
    if (bytes[0] !== 0x7b)
      throw new UserError('the header is not valid: expected it to begin with "{"');
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new UserError('the header is not valid UTF-8', { cause });
    }
    const dataStart = 8 + length;
    return { header: parseHeader(text, size - dataStart), dataStart };
  }

  /** The tensors, by name, in the header's order. */
  get tensors(): ReadonlyMap<string, TensorEntry> {
    return this.#header.tensors;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#header.metadata;
  }

  /** All values of one tensor: floats as float32, and whole numbers of 32 or 64 bits. */
  read(name: string): Float32Array | Int32Array | BigInt64Array {
    const { dtype, begin, end } = this.#entry(name);
    const count = (end - begin) / DTYPE_BYTES[dtype]!;
    if (isFloatType(dtype)) {
      const values = new Float32Array(count);
      this.readFloats(name, 0, values);
      return values;
    }
    if (dtype !== 'I32' && dtype !== 'I64') throw this.#unread(name, dtype);
    const values = dtype === 'I32' ? new Int32Array(count) : new BigInt64Array(count);
    this.#file.read(asBytes(values), this.#dataStart + begin);
    return values;
  }

  /** As `TensorSource` has it: of types F32, F16 and BF16. */
  readFloats(name: string, start: number, out: Float32Array): void {
    const { dtype, begin } = this.#entry(name);
    if (!isFloatType(dtype)) throw this.#unread(name, dtype);
    this.#file.readFloats(dtype, this.#dataStart + begin, start, out);
  }

  /** Reads one tensor's values into `tensor` of the same shape: whole numbers, or floats of any width. */
  readInto(name: string, tensor: Tensor): void {
    const entry = this.#entry(name);
    if (!fits(entry, tensor)) {
      const { dtype, shape } = entry;
      throw new UserError(
        `${this.path}: tensor ${JSON.stringify(name)}: expected ${dtypeOf(tensor)} ${formatShape(tensor.shape)}, got ${dtype} ${formatShape(shape)}.`,
      );
    }
    const { backend, numel } = tensor;
    const size = Math.min(CHUNK, numel);
    const isFloat = tensor.dtype === 'float32';
    const buffer = isFloat ? new Float32Array(size) : new Int32Array(size);
    for (let done = 0; done < numel; done += size) {
      const chunk = buffer.subarray(0, Math.min(size, numel - done));
      if (chunk instanceof Float32Array) this.readFloats(name, done, chunk);
      else this.#file.read(asBytes(chunk), this.#dataStart + entry.begin + done * 4);
      backend.write(backend.offset(tensor.pointer, done), tensor.dtype, chunk);
    }
  }

  /** A new tensor with one tensor's values (floats or I32), in the current scope. */
  readTensor(name: string): Tensor {
    const { dtype, shape } = this.#entry(name);
    const tensor = empty(shape, dtype === 'I32' ? 'int32' : 'float32');
    this.readInto(name, tensor);
    return tensor;
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.#header.tensors.get(name);
    if (!entry) throw new UserError(`${this.path}: has no tensor ${JSON.stringify(name)}.`);
    return entry;
  }

  #unread(name: string, dtype: string): UserError {
    return new UserError(
      `${this.path}: tensor ${JSON.stringify(name)} is of type ${dtype}; expected F32, F16, BF16, I32 or I64.`,
    );
  }
}

/** Whether a tensor of a file has a tensor's shape, and values that it can hold. */
function fits({ dtype, shape }: TensorEntry, tensor: Tensor): boolean {
  const isRight = tensor.dtype === 'float32' ? isFloatType(dtype) : dtype === dtypeOf(tensor);
  return isRight && sameShape(shape, tensor.shape);
}

/**
 * Reads a file's values into tensors that are there already (a model's parameters): the same names,
 * shapes and types, or nothing is changed.
 *
 * @throws UserError naming what is missing, what is too many, or what differs.
 */
export function restoreTensors(
  source: SafetensorsReader,
  into: Iterable<readonly [string, Tensor]>,
): void {
  const targets = new Map(into);
  const missing = [...targets.keys()].filter((name) => !source.tensors.has(name));
  const extra = [...source.tensors.keys()].filter((name) => !targets.has(name));
  const different = [...targets].flatMap(([name, tensor]) => {
    const entry = source.tensors.get(name);
    if (!entry || fits(entry, tensor)) return [];
    return [`${name}: expected ${formatShape(tensor.shape)}, got ${formatShape(entry.shape)}`];
  });
  const problems = [
    ...listed('it lacks', missing),
    ...listed('it has besides', extra),
    ...listed('of another shape or type', different),
  ];
  if (problems.length > 0) {
    throw new UserError(`${source.path}: does not fit this model: ${problems.join('; ')}.`);
  }
  for (const [name, tensor] of targets) source.readInto(name, tensor);
}

function listed(what: string, names: string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return [`${what} ${names.slice(0, 5).join(', ')}${more}`];
}
