/** Tensors as the bytes of a safetensors file: see `safetensors-read.ts` for the format. */
import type { Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import type { Shape } from '../util/shape.js';
import { CHUNK, requireLittleEndian } from './byte-source.js';
import { encodedChunks, type FloatType } from './float-type.js';
import { DTYPE_BYTES } from './safetensors-header.js';
import type { TensorToWrite } from './tensor-source.js';

/** 64-bit integers, for which there is no tensor. */
export interface HostTensor {
  readonly shape: Shape;
  readonly values: BigInt64Array;
}

/** What can be written. */
export type SafetensorsValue = Tensor | HostTensor | TensorToWrite;

/** The format's name of the type of a source's values. */
export function dtypeOf(source: SafetensorsValue): FloatType | 'I32' | 'I64' {
  if ('values' in source) return 'I64';
  if ('chunks' in source) return source.type;
  return source.dtype === 'float32' ? 'F32' : 'I32'; // a mask is int32 in memory, and here
}

function bytesOf(source: SafetensorsValue): number {
  const count = source.shape.reduce((product, n) => product * n, 1);
  return count * DTYPE_BYTES[dtypeOf(source)]!;
}

function encodeHeader(
  entries: [string, SafetensorsValue][],
  metadata: Record<string, string>,
): Uint8Array {
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
  const text = new TextEncoder().encode(json);
  // Padded so that the data begins at a multiple of 8, as readers that map the file into memory want.
  const header = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(text, 8);
  return header;
}

/**
 * A file's bytes, piece by piece; the pieces share memory, so that each is to be used before the next is asked for.
 *
 * @param tensors names and values; in the file, wider types come first, those of one width in the order given.
 * @param metadata text by key.
 * @throws UserError when a name comes twice.
 */
export function* safetensorsPieces(
  tensors: Iterable<readonly [string, SafetensorsValue]>,
  metadata: Record<string, string> = {},
): Generator<Uint8Array, void, undefined> {
  requireLittleEndian();
  const all = [...tensors].map(([name, source]): [string, SafetensorsValue] => [name, source]);
  // The widest first, so that each begins at a multiple of its element's size.
  const width = (source: SafetensorsValue) => DTYPE_BYTES[dtypeOf(source)] ?? 0;
  const entries = all.sort(([, a], [, b]) => width(b) - width(a));
  yield encodeHeader(entries, metadata);
  for (const [, source] of entries) {
    if ('values' in source) yield asBytes(source.values);
    else if ('chunks' in source) yield* encodedChunks(source.type, source.chunks());
    else for (const chunk of chunksOf(source)) yield asBytes(chunk);
  }
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
