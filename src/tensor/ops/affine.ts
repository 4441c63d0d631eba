/** scale·x + shift: what a sum, difference, product or quotient with a number comes to. */
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkNumber } from './check.js';
import { scaled } from './strided.js';

/** What has scale·x + shift computed, by the name that was typed: that is what a printed tensor shows. */
type AffineName = 'affine' | 'add' | 'sub' | 'mul' | 'div' | 'softplus';

/** out = scale·x + shift, for numbers known beforehand. */
function affineOperation(
  name: AffineName,
): Operation<readonly [Tensor], { scale: number; shift: number }> {
  return {
    name,
    reads: readsNone,
    forward(_context, [x], { scale, shift }) {
      checkFloat(name, x);
      const y = x.empty(x.shape);
      x.backend.affine(y.pointer, x.pointer, x.numel, scale, shift);
      return y;
    },
    backward(_context, dy, { scale }) {
      return [scale === 1 ? dy : scaled(dy, scale)];
    },
  };
}

const AFFINE = {
  affine: affineOperation('affine'),
  add: affineOperation('add'),
  sub: affineOperation('sub'),
  mul: affineOperation('mul'),
  div: affineOperation('div'),
  softplus: affineOperation('softplus'),
} satisfies Record<AffineName, unknown>;

/** scale·x + shift in one pass, recorded as `name`. */
export function affineAs(name: AffineName, x: Tensor, scale: number, shift: number): Tensor {
  checkNumber(name, scale, 'float32');
  checkNumber(name, shift, 'float32');
  return apply(AFFINE[name], [x], { scale, shift });
}
