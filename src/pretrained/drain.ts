/** A model's parameters as another's tensors, made a stretch at a time while they are written. */
import type { FloatType, TensorToWrite } from '../formats/index.js';
import { floatChunks } from '../formats/tensor-source.js';
import type { Tensor } from '../tensor/index.js';
import { numel } from '../util/shape.js';
import { type Link, reorderPairs, rowsOf, transpose } from './link.js';

/**
 * What is to be written, by its name there.
 *
 * @param typeOf how the values of each are to be stored.
 */
export function drainParameters(
  parameters: ReadonlyMap<string, Tensor>,
  links: readonly Link[],
  typeOf: (link: Link) => FloatType,
): Map<string, TensorToWrite> {
  const written = new Set(links.map(({ own }) => own));
  const left = [...parameters.keys()].filter((path) => !written.has(path));
  if (left.length > 0) throw new Error(`no tensor is said to be ${left.join(', ')}`);
  return new Map(
    links.map((link) => {
      const { theirs, shape } = link;
      return [theirs, { shape, type: typeOf(link), chunks: () => chunksOf(parameters, link) }];
    }),
  );
}

function* chunksOf(parameters: ReadonlyMap<string, Tensor>, link: Link): Generator<Float32Array> {
  const { own, row = 0, pairs, byHead, transposed } = link;
  const { rows, columns } = rowsOf(link);
  if (own === undefined) {
    yield new Float32Array(numel(link.shape)).fill(link.constant ?? 0);
    return;
  }
  const tensor = parameters.get(own);
  if (!tensor) throw new Error(`${link.theirs} is to be ${own}, which the model does not have`);
  const { backend } = tensor;
  const read = (at: number, out: Float32Array): void => {
    backend.read(backend.offset(tensor.pointer, row * columns + at), 'float32', out);
  };
  if (transposed) {
    const [from, to] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
    read(0, from);
    transpose(from, to, rows, columns);
    yield to;
  } else if (byHead) {
    const { heads, headDim } = byHead;
    const part = new Float32Array(headDim * columns);
    for (let head = 0; head < heads; head++) {
      for (let kind = 0; kind < 3; kind++) {
        read((kind * heads + head) * part.length, part);
        yield part;
      }
    }
  } else if (pairs) {
    const step = pairs.headDim * columns;
    const [from, to] = [new Float32Array(step), new Float32Array(step)];
    for (let done = 0; done < rows * columns; done += step) {
      read(done, from);
      const toNeighbours = pairs.neighbours === 'theirs';
      reorderPairs(from, to, { headDim: pairs.headDim, columns, toNeighbours });
      yield to;
    }
  } else {
    yield* floatChunks(tensor, row * columns, rows * columns);
  }
}
