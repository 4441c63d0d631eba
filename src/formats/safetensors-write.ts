/** Writing safetensors: see `safetensors.ts` for the format. */
import { crc32 } from 'node:zlib';
import type { Tensor } from '../tensor/index.js';
import { AtomicFile, type AtomicFileOptions } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import type { Shape } from '../util/shape.js';
import { encodedChunks, type FloatType } from './float-type.js';
import { CHUNK, requireLittleEndian } from './positioned-file.js';
import { DTYPE_BYTES } from './safetensors-header.js';
import type { TensorToWrite } from './tensor-source.js';

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

type Source = Tensor | HostTensor | TensorToWrite;

/** The format's name of the type of a source's values. */
export function dtypeOf(source: Source): FloatType | 'I32' | 'I64' {
  if ('values' in source) return 'I64';
  if ('chunks' in source) return source.type;
  return source.dtype === 'float32' ? 'F32' : 'I32'; // a mask is int32 in memory, and here
}

function bytesOf(source: Source): number {
  const count = source.shape.reduce((product, n) => product * n, 1);
  return count * DTYPE_BYTES[dtypeOf(source)]!;
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
    if (!Object.hasOwn(DTYPE_BYTES, dtypeOf(source))) {
      throw new UserError(
        `safetensors: ${JSON.stringify(name)}: expected F32, F16 or BF16, got ${dtypeOf(source)}`,
      );
    }
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
 * @param tensors names and values; in the file, wider types come first, those of one width in the order given.
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
  // The widest first, so that each begins at a multiple of its element's size.
  const width = (source: Source) => DTYPE_BYTES[dtypeOf(source)] ?? 0;
  const entries = all.sort(([, a], [, b]) => width(b) - width(a));

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
    else if ('chunks' in source)
      for (const piece of encodedChunks(source.type, source.chunks())) put(piece);
    else for (const chunk of chunksOf(source)) put(asBytes(chunk));
  }
  target.commit();
  return { bytes, crc32: checksum };
}

/** A view's memory as bytes. */
export function asBytes(view: ArrayBufferView): Uint8Array {
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
