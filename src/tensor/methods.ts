/**
 * The operations that are methods too, as they are in PyTorch: `exp(x)` is `x.exp()`, `sum(x, 1)` is
 * `x.sum(1)`. The function stands with its family in `ops/`; to make it a method, add its name here.
 */
import * as accumulate from './ops/accumulate.js';
import * as arithmetic from './ops/arithmetic.js';
import * as at from './ops/at.js';
import * as cast from './ops/cast.js';
import * as compare from './ops/compare.js';
import * as elementwise from './ops/elementwise.js';
import * as matrix from './ops/matrix.js';
import * as move from './ops/move.js';
import * as reduce from './ops/reduce.js';
import * as sample from './ops/sample.js';
import * as select from './ops/select.js';
import * as shapes from './ops/shapes.js';
import * as softmax from './ops/softmax.js';
import * as sort from './ops/sort.js';
import * as take from './ops/take.js';
import { Tensor } from './tensor.js';

/** A function whose first argument is a tensor, as that tensor's method. */
type Method<F> = F extends (x: Tensor, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;
const FAMILIES = {
  elementwise,
  arithmetic,
  compare,
  cast,
  reduce,
  accumulate,
  softmax,
  sort,
  select,
  take,
  at,
  sample,
  matrix,
  move,
  shapes,
};

type Families = typeof FAMILIES;

/** The names by family. */
// biome-ignore format: a family to a paragraph
const NAMES = {
  elementwise: [
    'neg', 'abs', 'exp', 'log', 'sqrt', 'square', 'tanh', 'sigmoid', 'relu', 'leakyRelu', 'gelu', 'silu',
    'sin', 'cos', 'erf', 'log1p', 'expm1', 'softplus', 'rsqrt', 'reciprocal', 'sign', 'floor', 'ceil',
    'round', 'clamp',
  ],
  arithmetic: [
    'add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'floorDivide', 'remainder',
  ],
  compare: [
    'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'logicalAnd', 'logicalOr', 'logicalXor', 'logicalNot', 'isnan',
    'isfinite', 'isinf', 'any', 'all', 'equal', 'allclose', 'maskedFill',
  ],
  cast: ['to', 'float', 'int', 'long', 'bool'],
  reduce: ['sum', 'mean', 'amax', 'amin'],
  accumulate: ['std', 'norm', 'logsumexp', 'prod', 'cumsum'],
  softmax: ['softmax', 'logSoftmax'],
  select: ['histogram'],
  sort: ['topk', 'sort', 'argsort', 'argmax', 'argmin'],
  take: ['gather', 'indexSelect', 'maskedSelect', 'nonzero'],
  at: ['at', 'setAt_'],
  sample: ['multinomial'],
  matrix: ['matmul'],
  move: ['clone', 'reshape', 'flatten', 'permute', 'transpose', 'narrow', 'expand'],
  shapes: [
    'view', 'unsqueeze', 'squeeze', 'expandAs', 't', 'select', 'split', 'chunk', 'unbind', 'repeat', 'flip',
    'roll', 'tril', 'triu', 'diag',
  ],
} as const satisfies { [K in keyof Families]: readonly (keyof Families[K])[] };

type Family<K extends keyof Families> = {
  [Name in (typeof NAMES)[K][number] & keyof Families[K]]: Method<Families[K][Name]>;
};

declare module './tensor.js' {
  interface Tensor
    extends Family<'elementwise'>,
      Family<'arithmetic'>,
      Family<'compare'>,
      Family<'cast'>,
      Family<'reduce'>,
      Family<'accumulate'>,
      Family<'softmax'>,
      Family<'sort'>,
      Family<'select'>,
      Family<'take'>,
      Family<'at'>,
      Family<'sample'>,
      Family<'matrix'>,
      Family<'move'>,
      Family<'shapes'> {
    /** Variance, unbiased by default. */
    var: Method<typeof reduce.variance>;
    /** See the function `max`. */
    max(): Tensor;
    max(dim: number, keepdim?: boolean): sort.ValuesAndIndices;
    max(other: Tensor): Tensor;
    /** See the function `min`. */
    min(): Tensor;
    min(dim: number, keepdim?: boolean): sort.ValuesAndIndices;
    min(other: Tensor): Tensor;
    /** x where the mask holds, else `other`: the function takes the mask first. */
    where(mask: Tensor, other: Tensor | number): Tensor;
  }
}

type Any = (...values: unknown[]) => unknown;

/** Calls `f` with the tensor before what it is given. Spelt out: spreading costs more than most calls. */
function asMethod(f: Any) {
  return function (this: Tensor, ...given: unknown[]): unknown {
    switch (given.length) {
      case 0:
        return f(this);
      case 1:
        return f(this, given[0]);
      case 2:
        return f(this, given[0], given[1]);
      default:
        return f(this, ...given);
    }
  };
}

function install(name: PropertyKey, f: unknown): void {
  const value = asMethod(f as Any);
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
}

for (const [family, names] of Object.entries(NAMES)) {
  const functions = FAMILIES[family as keyof Families] as Record<string, unknown>;
  for (const name of names) install(name, functions[name]);
}
install('var', reduce.variance);
install('max', sort.max);
install('min', sort.min);
install('where', (x: Tensor, mask: Tensor, other: Tensor | number) =>
  compare.where(mask, x, other),
);
