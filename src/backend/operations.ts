/** What kinds of numbers there are, and the names of the operations that come in families. */

/**
 * float32 for numbers, int32 for indices, bool for masks, whose elements are int32 words of 0 and 1.
 * (The reference backend can hold float64 in float32's place, for finite differences.)
 */
export type DType = 'float32' | 'int32' | 'bool';

/** `y = f(x)`, element by element. Sources: GELU, Hendrycks & Gimpel 2016; SiLU, Elfwing et al. 2017. */
export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  /** `x > 0 ? x : parameter · x`. */
  | 'leakyRelu'
  /** Exact: `x · Φ(x)`, with erf. */
  | 'gelu'
  /** `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`. */
  | 'geluTanh'
  | 'silu'
  | 'sin'
  | 'cos'
  | 'erf'
  | 'log1p'
  | 'expm1'
  /** `ln(1 + eˣ)`. */
  | 'softplus'
  | 'rsqrt'
  | 'reciprocal'
  /** `x^parameter`, as C's pow; its gradient is 0 where the parameter is 0. */
  | 'pow'
  /** −1, 0 or 1, and 0 of NaN, as in PyTorch. Its gradient is 0, as those of the next three. */
  | 'sign'
  | 'floor'
  | 'ceil'
  /** To the nearest integer, ties to even. */
  | 'round'
  /** `x < parameter ? parameter : x`, the gradient passing where x ≥ parameter. NaN stays. */
  | 'clampMin'
  | 'clampMax'
  /** `max(x, 0)²` (So et al. 2021, "Primer"). */
  | 'reluSquared';

/** What the gate of a gated unit becomes before it multiplies. */
export type GatedOp = 'linear' | 'sigmoid' | 'relu' | 'gelu' | 'geluTanh' | 'silu';

/**
 * Of two operands. `power` is C's pow; `maximum` and `minimum` are NaN when either is. Comparisons, from
 * `eq` on, write int32: 1 where they hold, else 0; only `ne` holds for NaN.
 */
export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'power'
  | 'maximum'
  | 'minimum'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge';

/** Of two int32 operands. What overflows wraps; division is towards minus infinity, as Python's. */
export type IntegerOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'floorDivide'
  | 'remainder'
  | 'maximum'
  | 'minimum'
  | 'and'
  | 'or'
  | 'xor'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge';

/** `max` of a row with a NaN is NaN, as in PyTorch. */
export type ReduceOp = 'sum' | 'mean' | 'max';

export type IntegerReduceOp = 'sum' | 'max' | 'min';
