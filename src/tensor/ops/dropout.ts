/** Dropout. Srivastava et al. 2014, in its inverted form: what is kept is scaled up, evaluation does nothing. */
import type { RandomKey } from '../../backend/backend.js';
import { UserError } from '../../util/errors.js';
import { defaultRandom, type RandomSource } from '../random.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './elementwise.js';

/** The mask is a function of the key, so the backward makes it again instead of storing it. */
const dropoutOperation: Operation<readonly [Tensor], { p: number; key: RandomKey }> = {
  name: 'dropout',
  forward(_context, [x], { p, key }) {
    checkFloat('dropout', x);
    const y = x.empty(x.shape);
    x.backend.dropout(y.pointer, x.pointer, x.numel, p, key);
    return y;
  },
  backward({ inputs: [x] }, dy, { p, key }) {
    const dx = x.empty(x.shape);
    x.backend.dropout(dx.pointer, dy.pointer, x.numel, p, key);
    return [dx];
  },
};

/** Sets each element to 0 with probability `p`, and the others to x / (1 − p). */
export function dropout(x: Tensor, p: number, random: RandomSource = defaultRandom): Tensor {
  if (!(p >= 0 && p <= 1)) {
    throw new UserError(`dropout: expected a probability between 0 and 1, got ${p}`);
  }
  return p === 0 ? x : apply(dropoutOperation, [x], { p, key: random.take(x.numel) });
}
