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
import fs from 'node:fs';
import os from 'node:os';
import { crc32 } from 'node:zlib';
import { empty, type Tensor } from '../tensor/index.js';
import { AtomicFile, type AtomicFileOptions, fileError } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { NO_WAIT } from '../util/read-file.js';
import { formatShape, type Shape, sameShape } from '../util/shape.js';
import {
  type Header,
  MAX_HEADER_BYTES,
  parseHeader,
  type TensorEntry,
} from './safetensors-header.js';

export type { TensorEntry } from './safetensors-header.js';

/** Elements that are in the buffer at once: 4 MiB of float32, enough for the disk to be what is waited for. */
const CHUNK = 1024 * 1024;

/** What was written. */
export interface WrittenFile {
  readonly bytes: number;
  /** CRC-32 of the whole file: finds damage, at a tenth of the time that SHA-256 takes. */
  readonly crc32: number;
}

/** 64-bit integers, for which there is no tensor. */
export interface HostTensor {
  readonly shape: Shape;
  readonly values: BigInt64Array;
}

type Source = Tensor | HostTensor;

function dtypeOf(source: Source): 'F32' | 'I32' | 'I64' {
  if ('values' in source) return 'I64';
  return source.dtype === 'float32' ? 'F32' : 'I32'; // a mask is int32 in memory, and here
}

function bytesOf(source: Source): number {
  return 'values' in source ? source.values.byteLength : source.numel * 4;
}

function requireLittleEndian(): void {
  if (os.endianness() !== 'LE') {
    throw new UserError(
      'safetensors: this machine stores numbers big-endian, which is not supported',
    );
  }
}

function encodeHeader(entries: [string, Source][], metadata: Record<string, string>): Buffer {
  const members: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) members.push(['__metadata__', metadata]);
  const names = new Set(['__metadata__']);
  let at = 0;
  for (const [name, source] of entries) {
    if (names.has(name)) {
      throw new UserError(`safetensors: the name ${JSON.stringify(name)} is taken`);
    }
    names.add(name);
    const end = at + bytesOf(source);
    members.push([name, { dtype: dtypeOf(source), shape: source.shape, data_offsets: [at, end] }]);
    at = end;
  }
  // Written member by member: in an object, keys like "0" would move to the front, `__proto__` vanish.
  const json = `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = Buffer.from(json, 'utf8');
  // Padded so that the data begins at a multiple of 8, as readers that map the file into memory want.
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8), 0);
  text.copy(header, 8);
  return header;
}

/**
 * Writes tensors into a file that appears whole or not at all.
 *
 * @param tensors names and values; 64-bit ones come first in the file, the rest in the order given.
 * @param metadata text by key.
 * @param options as `AtomicFile` takes them.
 * @throws UserError when a name comes twice, or the file cannot be written.
 */
export function writeSafetensors(
  file: string,
  tensors: Iterable<readonly [string, Source]>,
  metadata: Record<string, string> = {},
  options: AtomicFileOptions = {},
): WrittenFile {
  requireLittleEndian();
  const all = [...tensors].map(([name, source]): [string, Source] => [name, source]);
  const wide = all.filter(([, source]) => 'values' in source);
  const entries = [...wide, ...all.filter(([, source]) => !('values' in source))];

  using target = new AtomicFile(file, options);
  let checksum = 0;
  let bytes = 0;
  const put = (piece: Uint8Array): void => {
    checksum = crc32(piece, checksum);
    target.write(piece);
    bytes += piece.byteLength;
  };
  put(encodeHeader(entries, metadata));
  for (const [, source] of entries) {
    if ('values' in source) put(asBytes(source.values));
    else for (const chunk of chunksOf(source)) put(asBytes(chunk));
  }
  target.commit();
  return { bytes, crc32: checksum };
}

function asBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A tensor's values, a stretch at a time; the stretches share memory. */
function* chunksOf(tensor: Tensor): Generator<Float32Array | Int32Array> {
  const { backend, dtype, numel } = tensor;
  const size = Math.min(CHUNK, numel);
  const buffer = dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
  for (let done = 0; done < numel; done += size) {
    const chunk = buffer.subarray(0, Math.min(size, numel - done));
    backend.read(backend.offset(tensor.pointer, done), dtype, chunk);
    yield chunk;
  }
}

/**
 * A safetensors file, opened and checked; values are read when asked for.
 *
 *     using file = new SafetensorsFile(path);
 *     file.readInto('hidden.weight', model.hidden.weight);
 */
export class SafetensorsFile implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #header: Header;
  readonly #dataStart: number;

  /**
   * @throws UserError naming the file and what is wrong with it: missing, cut short, a header that is
   *   too long or not valid, tensors that overlap, leave gaps or do not match their shapes.
   */
  constructor(file: string) {
    requireLittleEndian();
    this.path = file;
    try {
      this.#descriptor = fs.openSync(file, NO_WAIT);
    } catch (error) {
      throw fileError('cannot read', file, error);
    }
    try {
      const { header, dataStart } = this.#readHeader();
      this.#header = header;
      this.#dataStart = dataStart;
    } catch (error) {
      fs.closeSync(this.#descriptor);
      throw error instanceof UserError && !error.message.includes(file)
        ? new UserError(`${file}: ${error.message}.`, { cause: error })
        : fileError('cannot read', file, error);
    }
  }

  #readHeader(): { header: Header; dataStart: number } {
    const stat = fs.fstatSync(this.#descriptor);
    if (!stat.isFile()) throw new UserError('not a file');
    if (stat.size < 8) {
      throw new UserError(`not a safetensors file: expected at least 8 bytes, got ${stat.size}`);
    }
    const start = new Uint8Array(8);
    this.#fill(start, 0);
    const length = Number(new DataView(start.buffer).getBigUint64(0, true));
    if (length > MAX_HEADER_BYTES) {
      throw new UserError(
        `not a safetensors file: a header of ${length} bytes is above the format's limit of ${MAX_HEADER_BYTES}`,
      );
    }
    if (8 + length > stat.size) {
      throw new UserError(
        `cut short, or not a safetensors file: a header of ${length} bytes does not fit into ${stat.size}`,
      );
    }
    const bytes = new Uint8Array(length);
    this.#fill(bytes, 8);
    if (bytes[0] !== 0x7b)
      throw new UserError('the header is not valid: expected it to begin with "{"');
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw new UserError('the header is not valid UTF-8', { cause });
    }
    const dataStart = 8 + length;
    return { header: parseHeader(text, stat.size - dataStart), dataStart };
  }

  /** The tensors, by name, in the header's order. */
  get tensors(): ReadonlyMap<string, TensorEntry> {
    return this.#header.tensors;
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.#header.metadata;
  }

  /** All values of one tensor: of types F32, I32 or I64. */
  read(name: string): Float32Array | Int32Array | BigInt64Array {
    const { dtype, begin, end } = this.#entry(name);
    const bytes = end - begin;
    const values =
      dtype === 'F32'
        ? new Float32Array(bytes / 4)
        : dtype === 'I32'
          ? new Int32Array(bytes / 4)
          : dtype === 'I64'
            ? new BigInt64Array(bytes / 8)
            : undefined;
    if (!values) {
      throw new UserError(
        `${this.path}: tensor ${JSON.stringify(name)} is of type ${dtype}; expected F32, I32 or I64.`,
      );
    }
    this.#fill(asBytes(values), this.#dataStart + begin);
    return values;
  }

  /** Reads one tensor's values into `tensor`, whose shape and type must be the same. */
  readInto(name: string, tensor: Tensor): void {
    const { dtype, shape, begin } = this.#entry(name);
    if (dtype !== dtypeOf(tensor) || !sameShape(shape, tensor.shape)) {
      throw new UserError(
        `${this.path}: tensor ${JSON.stringify(name)}: expected ${dtypeOf(tensor)} ${formatShape(tensor.shape)}, got ${dtype} ${formatShape(shape)}.`,
      );
    }
    const { backend, numel } = tensor;
    const size = Math.min(CHUNK, numel);
    const buffer = tensor.dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
    for (let done = 0; done < numel; done += size) {
      const chunk = buffer.subarray(0, Math.min(size, numel - done));
      this.#fill(asBytes(chunk), this.#dataStart + begin + done * 4);
      backend.write(backend.offset(tensor.pointer, done), tensor.dtype, chunk);
    }
  }

  /** A new tensor with one tensor's values (F32 or I32), in the current scope. */
  readTensor(name: string): Tensor {
    const { dtype, shape } = this.#entry(name);
    const tensor = empty(shape, dtype === 'I32' ? 'int32' : 'float32');
    this.readInto(name, tensor);
    return tensor;
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.#header.tensors.get(name);
    if (!entry) throw new UserError(`${this.path}: has no tensor ${JSON.stringify(name)}.`);
    return entry;
  }

  #fill(out: Uint8Array, position: number): void {
    let done = 0;
    while (done < out.byteLength) {
      const count = fs.readSync(
        this.#descriptor,
        out,
        done,
        out.byteLength - done,
        position + done,
      );
      if (count === 0) throw new UserError(`${this.path}: cut short while it was being read.`);
      done += count;
    }
  }
}

/**
 * Reads a file's values into tensors that are there already (a model's parameters): the same names,
 * shapes and types, or nothing is changed.
 *
 * @throws UserError naming what is missing, what is too many, or what differs.
 */
export function restoreSafetensors(file: string, into: Iterable<readonly [string, Tensor]>): void {
  using source = new SafetensorsFile(file);
  const targets = new Map(into);
  const missing = [...targets.keys()].filter((name) => !source.tensors.has(name));
  const extra = [...source.tensors.keys()].filter((name) => !targets.has(name));
  const different = [...targets].flatMap(([name, tensor]) => {
    const entry = source.tensors.get(name);
    if (!entry || (entry.dtype === dtypeOf(tensor) && sameShape(entry.shape, tensor.shape)))
      return [];
    return [`${name}: expected ${formatShape(tensor.shape)}, got ${formatShape(entry.shape)}`];
  });
  const problems = [
    ...listed('it lacks', missing),
    ...listed('it has besides', extra),
    ...listed('of another shape or type', different),
  ];
  if (problems.length > 0) {
    throw new UserError(`${file}: does not fit this model: ${problems.join('; ')}.`);
  }
  for (const [name, tensor] of targets) source.readInto(name, tensor);
}

function listed(what: string, names: string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return [`${what} ${names.slice(0, 5).join(', ')}${more}`];
}
