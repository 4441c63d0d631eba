/** A model's parameters from a file of tensors, a stretch at a time. */

import { CHUNK } from '../formats/byte-source.js';
import type { TensorSource } from '../formats/index.js';
import type { Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { type Link, reorderPairs, rowsOf, transpose } from './link.js';

/** Names that an error shows. */
const SHOWN = 4;

/**
 * Checks that a file has what a model asks for, before there is a model: names, shapes, types.
 *
 * @param ignored names that it may have besides.
 * @throws UserError naming the tensors that are missing, too many, or of another shape.
 */
export function checkSource(
  source: TensorSource,
  links: readonly Link[],
  ignored: (name: string) => boolean,
): void {
  const wanted = new Map(links.map((link) => [link.theirs, link]));
  const missing = links.filter((link) => !source.tensors.has(link.theirs));
  const extra = [...source.tensors.keys()].filter((name) => !wanted.has(name) && !ignored(name));
  const misfits = links.flatMap(({ theirs, shape }) => {
    const found = source.tensors.get(theirs);
    if (!found || sameShape(found.shape, shape)) return [];
    return [`${theirs}: expected ${formatShape(shape)}, got ${formatShape(found.shape)}`];
  });
  const problems = [
    ...listed(
      'it lacks',
      missing.map(({ theirs }) => theirs),
    ),
    ...listed('it has besides', extra),
    ...listed('of another shape', misfits),
  ];
  if (problems.length === 0) return;
  throw new UserError(`${source.path}: does not fit its configuration: ${problems.join('; ')}.`);
}

function listed(what: string, names: string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return [
    `${what} ${names
      .slice(0, SHOWN)
      .map((name) => name.slice(0, 200))
      .join(', ')}${more}`,
  ];
}

/**
 * Copies a file's values into parameters. Beside them no more is in memory than a stretch of one tensor, and one
 * whole tensor where it has to be transposed.
 *
 * @param parameters ours, by path.
 * @throws UserError where the file cannot be read, or has types that are no floats.
 */
export function fillParameters(
  parameters: ReadonlyMap<string, Tensor>,
  links: readonly Link[],
  source: TensorSource,
): void {
  const untouched = new Set(parameters.keys());
  const scratch = new Scratch();
  for (const link of links) {
    if (link.own === undefined) continue;
    const tensor = parameters.get(link.own);
    if (!tensor)
      throw new Error(`${link.theirs} is to be ${link.own}, which the model does not have`);
    untouched.delete(link.own);
    fill(tensor, link, source, scratch);
  }
  if (untouched.size > 0) throw new Error(`no tensor is said to be ${[...untouched].join(', ')}`);
}

/** Two buffers for all tensors, grown to what the largest of them needs: garbage of that size would lie about. */
class Scratch {
  #buffers = [new Float32Array(0), new Float32Array(0)];

  get(which: 0 | 1, length: number): Float32Array {
    if (this.#buffers[which]!.length < length) this.#buffers[which] = new Float32Array(length);
    return this.#buffers[which]!.subarray(0, length);
  }
}

function fill(tensor: Tensor, link: Link, source: TensorSource, scratch: Scratch): void {
  const { backend } = tensor;
  const { theirs, row = 0, pairs, byHead, transposed } = link;
  const { rows, columns } = rowsOf(link);
  const first = row * columns;
  const count = Math.min(rows * columns, tensor.numel - first);
  const put = (at: number, values: Float32Array): void => {
    backend.write(backend.offset(tensor.pointer, first + at), 'float32', values);
  };
  if (transposed) {
    const [from, to] = [scratch.get(0, rows * columns), scratch.get(1, rows * columns)];
    source.readFloats(theirs, 0, from);
    transpose(from, to, columns, rows);
    put(0, to);
    return;
  }
  if (byHead) {
    const { heads, headDim } = byHead;
    const size = headDim * columns;
    for (let head = 0; head < heads; head++) {
      for (let kind = 0; kind < 3; kind++) {
        const part = scratch.get(0, size);
        source.readFloats(theirs, (3 * head + kind) * size, part);
        put((kind * heads + head) * size, part);
      }
    }
    return;
  }
  const step = pairs ? pairs.headDim * columns : Math.min(CHUNK, count);
  for (let done = 0; done < count; done += step) {
    const part = scratch.get(0, Math.min(step, count - done));
    source.readFloats(theirs, done, part);
    if (pairs) {
      const to = scratch.get(1, step);
      const toNeighbours = pairs.neighbours === 'ours';
      reorderPairs(part, to, { headDim: pairs.headDim, columns, toNeighbours });
      put(done, to);
    } else {
      put(done, part);
    }
  }
}
