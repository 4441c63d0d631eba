/** Dropout. Srivastava et al. 2014, in its inverted form: what is kept is scaled up, evaluation does nothing. */
import type { RandomKey } from '../../backend/backend.js';
import { checkSource, type RandomSource } from '../random.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkRange } from './check.js';

/** The mask is a function of the key, so the backward makes it again instead of storing it. */
const dropoutOperation: Operation<readonly [Tensor], { p: number; key: RandomKey }> = {
  name: 'dropout',
  reads: readsNone,
  forward(_context, [x], { p, key }) {
    return masked(x, p, key);
  },
  backward: (_context, dy, { p, key }) => [masked(dy, p, key)],
};

/** The kernel divides by 1 − p, so that p = 1 is not its business. */
function masked(x: Tensor, p: number, key: RandomKey): Tensor {
  const out = x.empty(x.shape);
  if (p === 1) return out.fill_(0);
  x.backend.dropout(out.pointer, x.pointer, x.numel, p, key);
  return out;
}

/**
 * Sets each element to 0 with probability `p`, and the others to x / (1 − p). With p = 0 it is x itself;
 * with p = 1 everything is 0, NaN and infinities too.
 *
 * @throws UserError when p is not a probability.
 */
export function dropout(x: Tensor, p: number, random?: RandomSource): Tensor {
  checkFloat('dropout', x);
  checkRange('dropout', 'p', p, 0, 1);
  const source = checkSource('dropout', random);
  return p === 0 ? x : apply(dropoutOperation, [x], { p, key: source.take(x.numel) });
}
