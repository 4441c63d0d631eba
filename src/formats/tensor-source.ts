/** What every file of tensors is to whoever fills a model from it, or writes a model into it. */
import type { Tensor } from '../tensor/index.js';
import type { Shape } from '../util/shape.js';
import { CHUNK } from './byte-source.js';
import type { FloatType } from './float-type.js';

/** A tensor in a file. */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: Shape;
}

/** Tensors by name, whose values are read when asked for: a part at a time, so that no buffer need be large. */
export interface TensorSource extends Disposable {
  /** The file, or the folder of several. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /**
   * Reads `out.length` values of one tensor as float32, from its value `start` on, in row-major order.
   *
   * @throws UserError naming the tensor: where there is none, or its type is not one of floats.
   */
  readFloats(name: string, start: number, out: Float32Array): void;
}

/** A tensor to be written: its values come in row-major order, in stretches of whole blocks of its type. */
export interface TensorToWrite {
  readonly shape: Shape;
  readonly type: FloatType;
  chunks(): Iterable<Float32Array>;
}

/** Values of a tensor, a stretch at a time, from value `start` on; the stretches share memory. */
export function* floatChunks(
  tensor: Tensor,
  start = 0,
  count = tensor.numel - start,
): Generator<Float32Array> {
  const { backend } = tensor;
  const buffer = new Float32Array(Math.min(CHUNK, count));
  for (let done = 0; done < count; done += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, count - done));
    backend.read(backend.offset(tensor.pointer, start + done), 'float32', chunk);
    yield chunk;
  }
}
