/** Element by element, and moving elements. */
import type { BinaryOp, DType, IntegerOp, UnaryOp } from '../operations.js';

export interface ElementwiseKernels<P> {
  unary(op: UnaryOp, out: P, x: P, count: number, parameter: number): void;
  /**
   * `dx = dy · f′(x)`, from x and y = f(x). `dx` may be `dy`. abs′(0) = relu′(0) = 0, as in PyTorch, and
   * leakyRelu′(0) is the parameter; sqrt′(0) = ∞. relu and reluSquared choose (`x > 0 ? dy : 0`), so that an infinite dy
   * does not pass a unit that is off; the others multiply. At x = ±∞ the gradient of gelu, geluTanh and
   * silu is NaN or its limit, as the backend likes.
   */
  unaryBackward(op: UnaryOp, dx: P, dy: P, x: P, y: P, count: number, parameter: number): void;
  /** Same shapes, contiguous: the short way. `out` may be `a` or `b`. */
  binary(op: BinaryOp, out: P, a: P, b: P, count: number): void;
  /** Broadcasting: `out` contiguous of `shape`; `a` and `b` read at their strides (0: broadcast). At most 8 dimensions. */
  binaryStrided(
    op: BinaryOp,
    out: P,
    a: P,
    b: P,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void;
  /** As `binaryStrided`, of int32 throughout. A divisor of 0 is refused before. */
  integerStrided(
    op: IntegerOp,
    out: P,
    a: P,
    b: P,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void;
  /** `out = mask ? x : out`, broadcast as `binaryStrided` does. The mask is int32; `out` and x are of one type, either. */
  copyWhere(
    out: P,
    mask: P,
    x: P,
    shape: readonly number[],
    stridesMask: readonly number[],
    stridesX: readonly number[],
  ): void;
  /** float32 to int32, towards zero. What does not fit becomes the nearest int32, and NaN 0. */
  floatToInt(out: P, x: P, count: number): void;
  intToFloat(out: P, x: P, count: number): void;
  /** `out = scale · x + shift`. In place is allowed. */
  affine(out: P, x: P, count: number, scale: number, shift: number): void;
  /** `out += scale · x`. */
  addScaled(out: P, x: P, count: number, scale: number): void;
  /** `out[i] = x[i] · scale[0]`, the factor being in the backend's memory. In place is allowed. */
  scaleBy(out: P, x: P, scale: P, count: number): void;
}

export interface MoveKernels<P> {
  /**
   * For every index of `shape`: `out[index · stridesOut] (+)= x[index · stridesX]`. Permute, expand,
   * slice, concat and their gradients are this. At most 8 dimensions. Works on 4-byte elements of
   * either type (accumulate: float32 only). Strides are not negative. Where accumulating meets a stride
   * of 0 in `stridesOut`, everything that falls on one place is added up. `out` and `x` do not overlap.
   */
  copyStrided(
    out: P,
    x: P,
    dtype: DType,
    shape: readonly number[],
    stridesOut: readonly number[],
    stridesX: readonly number[],
    accumulate: boolean,
  ): void;
}
