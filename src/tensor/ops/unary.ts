/** The backend's functions of one tensor, as operations. elementwise.ts offers them by name. */
import type { UnaryOp } from '../../backend/backend.js';
import type { Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';

/** Those whose slope is told by y: only then is y kept, and x may change. */
const FROM_RESULT: ReadonlySet<UnaryOp> = new Set([
  ...(['exp', 'sqrt', 'tanh', 'sigmoid', 'expm1', 'rsqrt', 'reciprocal'] as const),
]);
/** Those whose slope is the same everywhere: nothing is kept. */
const CONSTANT: ReadonlySet<UnaryOp> = new Set(['neg', 'sign', 'floor', 'ceil', 'round']);

/** y = f(x); dx = dy · f′(x). The option is the backend's parameter. */
export function unaryOperation(op: UnaryOp): Operation<readonly [Tensor], number> {
  const fromResult = FROM_RESULT.has(op);
  return {
    name: op,
    reads: () => !fromResult && !CONSTANT.has(op),
    forward(context, [x], parameter) {
      checkFloat(op, x);
      const y = x.empty(x.shape);
      x.backend.unary(op, y.pointer, x.pointer, x.numel, parameter);
      if (fromResult) context.save(y);
      return y;
    },
    backward({ inputs: [x], tensors: [saved] }, dy, parameter) {
      const y = saved ?? x; // any pointer does where it is not read
      const dx = x.empty(x.shape);
      x.backend.unaryBackward(op, dx.pointer, dy.pointer, x.pointer, y.pointer, x.numel, parameter);
      return [dx];
    },
  };
}
