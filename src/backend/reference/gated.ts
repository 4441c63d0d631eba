/** Gated units: `f(gate) · up`, f one of the activations. */
import type { GatedOp } from '../operations.js';
import type { HostArray } from './memory.js';
import { UNARY, type UnaryRule } from './unary-rules.js';

const IDENTITY: UnaryRule = { forward: (x: number) => x, derivative: () => 1 };

const ruleOf = (op: GatedOp): UnaryRule => (op === 'linear' ? IDENTITY : UNARY[op]);

/** `out = f(gate) · up`. */
export function gated(
  op: GatedOp,
  out: HostArray,
  gate: HostArray,
  up: HostArray,
  rows: number,
  cols: number,
  ld: number,
): void {
  const { forward } = ruleOf(op);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const at = r * ld + c;
      out[r * cols + c] = forward(gate[at], 0) * up[at];
    }
  }
}

/** `dgate = dy · up · f′(gate)`, `dup = dy · f(gate)`. */
export function gatedBackward(
  op: GatedOp,
  dgate: HostArray,
  dup: HostArray,
  dy: HostArray,
  gate: HostArray,
  up: HostArray,
  rows: number,
  cols: number,
  ld: number,
): void {
  const { forward, derivative } = ruleOf(op);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const at = r * ld + c;
      const [d, x, u] = [dy[r * cols + c], gate[at], up[at]];
      const y = forward(x, 0);
      dgate[at] = d * u * derivative(x, y, 0);
      dup[at] = d * y;
    }
  }
}
