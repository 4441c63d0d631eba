/** Reductions that are made of others, products, and running sums. */
import { describeValue } from '../../util/describe.js';
import { UserError } from '../../util/errors.js';
import { normalizeDim, numel } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { Dims } from './arguments.js';
import { add, mul, pow, sub } from './arithmetic.js';
import { scalarLike, to } from './cast.js';
import { checkFloat } from './check.js';
import { eq, ne, where } from './compare.js';
import { abs, exp, log, sign, square } from './elementwise.js';
import {
  amax,
  amin,
  finish,
  inOrder,
  keptShape,
  type ReduceOptions,
  reducedLast,
  reduceOptions,
  sum,
  type VarianceOptions,
  variance,
} from './reduce.js';
import { chooseInto, combine, inverseOrder, middleOf, reducedCount } from './strided.js';

/** √x with gradient 0 where it is 0: of a norm or a deviation, as in PyTorch. */
const rootOperation: Operation<readonly [Tensor], null> = {
  name: 'root',
  reads: readsNone,
  forward(context, [x]) {
    const y = x.empty(x.shape);
    x.backend.unary('sqrt', y.pointer, x.pointer, x.numel, 0);
    context.save(y);
    return y;
  },
  backward({ tensors: [y] }, dy) {
    const dx = y.empty(y.shape);
    y.backend.unaryBackward('sqrt', dx.pointer, dy.pointer, y.pointer, y.pointer, y.numel, 0);
    const zero = scalarLike(y, 0, 'float32');
    return [chooseInto('root', dx, combine('eq', y, zero), zero)];
  },
};

/** Standard deviation, unbiased by default, with gradient 0 where it is 0. */
export function std(x: Tensor, dim?: Dims, options: VarianceOptions = {}): Tensor {
  checkFloat('std', x);
  return apply(rootOperation, [variance(x, dim, options)], null);
}

/** y = (Σ |x|ᵖ)^(1/p): dx = dy · sign(x) · |x|^(p − 1) · y^(1 − p), and 0 where y is 0. */
const normOperation: Operation<readonly [Tensor], ReduceOptions & { p: number }> = {
  name: 'norm',
  forward(context, [x], { p, dims, keepdim }) {
    const y = pow(sum(pow(abs(x.detach()), p), dims, true), 1 / p);
    context.save(y);
    return finish(x, y, { dims, keepdim });
  },
  backward({ inputs: [x], tensors: [y] }, dy, { p, dims }) {
    const share = mul(dy.alias(keptShape(x.shape, dims)), pow(y, 1 - p));
    const zero = scalarLike(y, 0, 'float32');
    chooseInto('norm', share, combine('eq', y, zero), zero);
    const values = x.detach();
    const slope = mul(sign(values), pow(abs(values), p - 1));
    // |0|^(p − 1) is infinite for p below 1.
    chooseInto('norm', slope, combine('eq', values, zero), zero);
    return [mul(slope, share)];
  },
};

/**
 * The p-norm over `dim` (one, several, or all): (Σ |x|ᵖ)^(1/p), p = 2 by default. ∞ is the greatest
 * |x|, −∞ the least, 0 the number of elements that are not 0.
 */
export function norm(x: Tensor, p = 2, dim?: Dims, keepdim = false): Tensor {
  checkFloat('norm', x);
  if (typeof p !== 'number' || Number.isNaN(p)) {
    throw new UserError(`norm: expected a number for p, got ${describeValue(p)}`);
  }
  if (p === 2) return apply(rootOperation, [sum(square(x), dim, keepdim)], null);
  if (p === 1) return sum(abs(x), dim, keepdim);
  if (p === Infinity) return amax(abs(x), dim, keepdim);
  if (p === -Infinity) return amin(abs(x), dim, keepdim);
  if (p === 0) return to(sum(ne(x, 0), dim, keepdim), 'float32');
  return apply(normOperation, [x], { ...reduceOptions('norm', x, dim, keepdim), p });
}

/** y = log Σ eˣ, the greatest taken off first: dx = dy · eˣ⁻ʸ. */
const logsumexpOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'logsumexp',
  forward(context, [x], { dims, keepdim }) {
    const values = x.detach();
    const empty = reducedCount(x.shape, dims) === 0;
    const greatest = empty ? scalarLike(x, 0, 'float32') : amax(values, dims, true);
    const shift = where(eq(abs(greatest), Infinity), 0, greatest); // ∞ − ∞ would be NaN
    const y = add(log(sum(exp(sub(values, shift)), dims, true)), shift);
    context.save(y);
    return finish(x, y, { dims, keepdim });
  },
  backward({ inputs: [x], tensors: [y] }, dy, { dims }) {
    const level = where(eq(y, -Infinity), 0, y); // of nothing but −∞ the gradient is 0
    return [mul(exp(sub(x.detach(), level)), dy.alias(keptShape(x.shape, dims)))];
  },
};

/** log Σ eˣ over `dim` (one, several, or all); −∞ of nothing. */
export function logsumexp(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  checkFloat('logsumexp', x);
  return apply(logsumexpOperation, [x], reduceOptions('logsumexp', x, dim, keepdim));
}

/** y = Π x: dx = dy times the product of all others. */
const prodOperation: Operation<readonly [Tensor], ReduceOptions> = {
  name: 'prod',
  forward(_context, [x], options) {
    const moved = inOrder('prod', x, reducedLast(x.ndim, options.dims)); // (…kept, …reduced)
    const kept = x.empty(keptShape(x.shape, options.dims));
    const count = reducedCount(x.shape, options.dims);
    x.backend.prod(kept.pointer, moved.pointer, numel(kept.shape), count, 1);
    return finish(x, kept, options);
  },
  backward({ inputs: [x] }, dy, { dims }) {
    const order = reducedLast(x.ndim, dims);
    const moved = inOrder('prod', x, order);
    const dx = x.empty(moved.shape);
    const count = reducedCount(x.shape, dims);
    x.backend.prodBackward(dx.pointer, dy.pointer, moved.pointer, dy.numel, count, 1);
    return [inOrder('prod', dx, inverseOrder(order))];
  },
};

/** Product over `dim` (one, several, or all). Zeros do not hide each other's gradient. */
export function prod(x: Tensor, dim?: Dims, keepdim = false): Tensor {
  checkFloat('prod', x);
  return apply(prodOperation, [x], reduceOptions('prod', x, dim, keepdim));
}

function runningSum(x: Tensor, dim: number, reverse: boolean): Tensor {
  const out = x.empty(x.shape);
  const { outer, count, inner } = middleOf(x.shape, dim);
  x.backend.cumsum(out.pointer, x.pointer, outer, count, inner, reverse);
  return out;
}

/** y[i] = Σ x[0 … i]; dx[i] = Σ dy[i …]. */
const cumsumOperation: Operation<readonly [Tensor], number> = {
  name: 'cumsum',
  reads: readsNone,
  forward: (_context, [x], dim) => runningSum(x, dim, false),
  backward: (_context, dy, dim) => [runningSum(dy, dim, true)],
};

/** Running sum along `dim`. */
export function cumsum(x: Tensor, dim: number): Tensor {
  checkFloat('cumsum', x);
  return apply(cumsumOperation, [x], normalizeDim('cumsum', dim, x.ndim));
}
