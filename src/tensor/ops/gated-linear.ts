/** Gated linear units: the feed-forward layer's activation in which one half decides what of the other passes. */
import type { GatedOp } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape, sameShape } from '../../util/shape.js';
import { apply, type Operation } from '../tape.js';
import { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';

/** Shazeer's names for them, by what the gate becomes; `gegluTanh` has the approximate GELU, as Gemma does. */
const KINDS = {
  bilinear: 'linear',
  glu: 'sigmoid',
  reglu: 'relu',
  geglu: 'gelu',
  gegluTanh: 'geluTanh',
  swiglu: 'silu',
} as const satisfies Record<string, GatedOp>;

export type GatedLinearKind = keyof typeof KINDS;

/** What a configuration may name. */
export const GATED_LINEAR_KINDS = Object.keys(KINDS) as readonly GatedLinearKind[];

const gatedLinearOperation: Operation<readonly Tensor[], GatedOp> = {
  name: 'gatedLinearUnit',
  forward(_context, inputs, op) {
    const [x] = inputs;
    const { shape, rows, cols, ld } = sizesOf(inputs);
    const y = x.empty(shape);
    if (y.numel === 0) return y;
    const [gate, up] = pointers(inputs, cols);
    x.backend.gated(op, y.pointer, gate, up, rows, cols, ld);
    return y;
  },
  backward({ inputs }, dy, op) {
    const gradients = inputs.map((x) => x.empty(x.shape));
    if (dy.numel === 0) return gradients;
    const { rows, cols, ld } = sizesOf(inputs);
    const [dGate, dUp] = pointers(gradients, cols);
    const [gate, up] = pointers(inputs, cols);
    dy.backend.gatedBackward(op, dGate, dUp, dy.pointer, gate, up, rows, cols, ld);
    return gradients;
  },
};

/** The result's shape, its rows and columns, and how far apart the inputs' rows lie. */
function sizesOf(inputs: readonly Tensor[]) {
  const [x] = inputs;
  const ld = x.ndim === 0 ? 1 : x.size(-1);
  const cols = inputs.length === 2 ? ld : ld / 2;
  const shape = inputs.length === 2 ? x.shape : [...x.shape.slice(0, -1), cols];
  return { shape, rows: ld === 0 ? 0 : x.numel / ld, cols, ld };
}

/** Where gate and up begin: in a tensor each, or in the halves of one. */
function pointers([x, other]: readonly Tensor[], cols: number): [gate: unknown, up: unknown] {
  return [x.pointer, other ? other.pointer : x.backend.offset(x.pointer, cols)];
}

/**
 * f(gate) · up, number by number, in one pass: gate and up of one shape. f is the identity (`bilinear`),
 * sigmoid (`glu`, Dauphin et al. 2017), ReLU (`reglu`), GELU (`geglu`), its tanh approximation (`gegluTanh`)
 * or SiLU (`swiglu`). Shazeer 2020, "GLU variants improve transformer".
 *
 * @throws ShapeError for two shapes, UserError for an unknown kind.
 */
export function gatedLinearUnit(gate: Tensor, up: Tensor, kind: GatedLinearKind): Tensor;
/** Both in one tensor (…, 2·C), the gate first → (…, C). */
export function gatedLinearUnit(both: Tensor, kind: GatedLinearKind): Tensor;
export function gatedLinearUnit(
  gate: Tensor,
  second: Tensor | GatedLinearKind,
  third?: GatedLinearKind,
): Tensor {
  const name = 'gatedLinearUnit';
  const two = third !== undefined || second instanceof Tensor;
  const kind = two ? third : second;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    throw new UserError(
      `${name}: expected the kind to be one of ${GATED_LINEAR_KINDS.join(', ')}, got ${describeValue(kind)}`,
    );
  }
  checkFloat(name, gate);
  if (!two) {
    if (gate.ndim === 0 || gate.size(-1) % 2 !== 0) {
      throw new ShapeError(
        name,
        `expected an even number of channels, gate and up, got ${formatShape(gate.shape)}`,
      );
    }
    return apply(gatedLinearOperation, [gate], KINDS[kind as GatedLinearKind]);
  }
  const up = second as Tensor;
  checkFloat(name, up);
  if (!sameShape(gate.shape, up.shape)) {
    throw new ShapeError(
      name,
      `expected gate and up of one shape, got ${formatShape(gate.shape)} and ${formatShape(up.shape)}`,
    );
  }
  return apply(gatedLinearOperation, [gate, up], KINDS[kind as GatedLinearKind]);
}
