/** Rows of a table, looked up by index. */
import { ShapeError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import { type Indices, indicesOf } from '../create.js';
import { RowGradient } from '../gradient.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';

/** y[i] = weight[ids[i]]. The gradient is by rows: only those the batch used. */
const embeddingOperation: Operation<readonly [Tensor, Tensor], null> = {
  name: 'embedding',
  reads: (_context, i) => i === 1,
  forward(_context, [weight, ids]) {
    if (weight.ndim !== 2) {
      throw new ShapeError(
        'embedding',
        `expected weight (vocabulary, channels), got ${formatShape(weight.shape)}`,
      );
    }
    const [vocab, width] = weight.shape;
    const y = weight.empty([...ids.shape, width]); // (B, T) → (B, T, C)
    const bad = weight.backend.gatherRows(
      y.pointer,
      weight.pointer,
      ids.pointer,
      ids.numel,
      vocab,
      width,
    );
    if (bad >= 0) {
      throw new ShapeError(
        'embedding',
        `expected ids from 0 to ${vocab - 1}, got ${ids.dataSync()[bad]} at position ${bad}`,
      );
    }
    return y;
  },
  backward({ inputs: [weight, ids] }, dy) {
    const width = weight.shape[1];
    const rows = ids.empty([ids.numel], 'int32');
    const values = dy.empty([ids.numel, width]);
    const rowCount = dy.backend.sumRowsById(
      rows.pointer,
      values.pointer,
      dy.pointer,
      ids.pointer,
      ids.numel,
      width,
    );
    return [new RowGradient(rows, values, rowCount), null];
  },
};

/**
 * weight (V, C) looked up by ids of any shape, a tensor or an array, → (…ids, C).
 *
 * @throws ShapeError naming the first id outside the table.
 */
export function embedding(weight: Tensor, ids: Indices): Tensor {
  checkFloat('embedding', weight);
  return apply(embeddingOperation, [weight, indicesOf('embedding', ids, weight.backend)], null);
}
