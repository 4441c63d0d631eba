/** Matrix products: `matmul` with batches, and `linear`, which adds its bias on the way. */
import { ShapeError } from '../../util/errors.js';
import { broadcastShapes, formatShape, numel, sameShape } from '../../util/shape.js';
import type { InputGradient } from '../gradient.js';
import { apply, type Operation, readsOther } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';
import { expand, reshape } from './move.js';
import { product } from './product.js';

interface Product {
  m: number;
  n: number;
  k: number;
  batch: number;
  strideA: number;
  strideB: number;
}

function mismatch(a: Tensor, b: Tensor, problem: string): ShapeError {
  return new ShapeError(
    'matmul',
    `${problem}, got ${formatShape(a.shape)} × ${formatShape(b.shape)}`,
  );
}

/** The sizes of a · b: either side may be one matrix for the whole batch. */
function productOf(a: Tensor, b: Tensor): Product {
  if (a.ndim < 2 || b.ndim < 2) throw mismatch(a, b, 'expected a vector or matrices on each side');
  const m = a.size(-2);
  const k = a.size(-1);
  const n = b.size(-1);
  if (b.size(-2) !== k) throw mismatch(a, b, 'expected inner dimensions to match');
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  if (batchB.length === 0) {
    // One matrix b: the batch of a is so many more rows.
    return { m: m * numel(batchA), n, k, batch: 1, strideA: 0, strideB: 0 };
  }
  if (batchA.length === 0) return { m, n, k, batch: numel(batchB), strideA: 0, strideB: k * n };
  if (!sameShape(batchA, batchB)) throw mismatch(a, b, 'expected equal batch dimensions');
  return { m, n, k, batch: numel(batchA), strideA: m * k, strideB: k * n };
}

/** y = a · b; da = dy · bᵀ, db = aᵀ · dy. */
const matmulOperation: Operation<readonly [Tensor, Tensor], null> = {
  name: 'matmul',
  reads: readsOther,
  forward(_context, [a, b]) {
    const sizes = productOf(a, b);
    const lead = a.ndim > 2 ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
    const y = a.empty([...lead, a.size(-2), sizes.n]); // (…, m, k) · (…, k, n) → (…, m, n)
    product(y, a, b, sizes);
    return y;
  },
  backward(context, dy): readonly InputGradient[] {
    const [a, b] = context.inputs;
    return [
      context.needs(0) ? leftGradient(a, b, dy) : null,
      context.needs(1) ? rightGradient(a, b, dy) : null,
    ];
  },
};

/** da (…, m, k) = dy (…, m, n) · bᵀ (…, n, k) */
function leftGradient(a: Tensor, b: Tensor, dy: Tensor): Tensor {
  const { m, n, k, batch, strideA, strideB } = productOf(a, b);
  const da = a.empty(a.shape);
  if (strideA !== 0 || batch === 1) {
    product(da, dy, b, { m, n: k, k: n, transB: true, batch, strideA: m * n, strideB });
    return da;
  }
  // One matrix a for the whole batch: its gradient is the sum over the batch.
  da.fill_(0);
  for (let i = 0; i < batch; i++) {
    const dyItem = dy.alias([m, n], dy.offset + i * m * n);
    const bItem = b.alias([k, n], b.offset + i * k * n);
    product(da, dyItem, bItem, { m, n: k, k: n, transB: true, accumulate: true });
  }
  return da;
}

/** db (…, k, n) = aᵀ (…, k, m) · dy (…, m, n) */
function rightGradient(a: Tensor, b: Tensor, dy: Tensor): Tensor {
  const { m, n, k, batch, strideA } = productOf(a, b);
  const db = b.empty(b.shape);
  product(db, a, dy, { m: k, n, k: m, transA: true, batch, strideA, strideB: m * n });
  return db;
}

/** The batch dimensions of a matrix. */
const batchOf = (x: Tensor) => x.shape.slice(0, -2);

/**
 * a (…, m, k) · b (…, k, n) → (…, m, n), batch dimensions stretching to each other. A vector (k) on
 * either side counts as a row or a column, and its dimension is gone from the result: (k) · (k) is a number.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkFloat('matmul', a);
  checkFloat('matmul', b);
  if (a.ndim === 1 && b.ndim >= 1) {
    const y = matmul(reshape(a, [1, a.numel]), b); // (…, 1, n) or (1)
    return reshape(y, b.ndim === 1 ? [] : [...batchOf(b), b.size(-1)]);
  }
  if (b.ndim === 1 && a.ndim >= 2) {
    const y = matmul(a, reshape(b, [b.numel, 1])); // (…, m, 1)
    return reshape(y, y.shape.slice(0, -1));
  }
  const [batchA, batchB] = [batchOf(a), batchOf(b)];
  if (batchA.length === 0 || batchB.length === 0 || sameShape(batchA, batchB)) {
    return apply(matmulOperation, [a, b], null);
  }
  const batch = broadcastShapes('matmul', batchA, batchB);
  const stretched = [a, b].map((x) => expand(x, [...batch, ...x.shape.slice(-2)]));
  return apply(matmulOperation, [stretched[0], stretched[1]], null);
}

function checkLinear(x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
  checkFloat('linear', x);
  checkFloat('linear', weight);
  if (bias) checkFloat('linear', bias);
  if (weight.ndim !== 2 || x.ndim < 1 || x.size(-1) !== weight.shape[1]) {
    throw new ShapeError(
      'linear',
      `expected x (…, in) and weight (out, in), got ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
    );
  }
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== weight.shape[0])) {
    throw new ShapeError(
      'linear',
      `expected bias (${weight.shape[0]}), got ${formatShape(bias.shape)}`,
    );
  }
}

/** y = x · Wᵀ + b; dx = dy · W, dW = dyᵀ · x, db = Σ dy. */
const linearOperation: Operation<readonly Tensor[], null> = {
  name: 'linear',
  reads: (context, i) => i < 2 && context.needs(1 - i),
  forward(_context, [x, weight, bias]) {
    checkLinear(x, weight, bias);
    const { rows, outSize, inSize } = linearSizes(x, weight);
    const y = x.empty([...x.shape.slice(0, -1), outSize]); // (…, in) → (…, out)
    product(y, x, weight, { m: rows, n: outSize, k: inSize, transB: true, bias });
    return y;
  },
  backward(context, dy): readonly InputGradient[] {
    const [x, weight, bias] = context.inputs;
    const { rows, outSize, inSize } = linearSizes(x, weight);
    let dx: Tensor | null = null;
    let dWeight: Tensor | null = null;
    let dBias: Tensor | null = null;
    if (context.needs(0)) {
      dx = x.empty(x.shape); // (…, out) · (out, in) → (…, in)
      product(dx, dy, weight, { m: rows, n: inSize, k: outSize });
    }
    if (context.needs(1)) {
      dWeight = weight.empty(weight.shape); // (…, out)ᵀ · (…, in) → (out, in)
      product(dWeight, dy, x, { m: outSize, n: inSize, k: rows, transA: true });
    }
    if (bias && context.needs(2)) {
      dBias = bias.empty(bias.shape); // (…, out) → (out)
      dy.backend.reduce('sum', dBias.pointer, dy.pointer, 1, rows, outSize);
    }
    return [dx, dWeight, dBias];
  },
};

function linearSizes(x: Tensor, weight: Tensor) {
  const [outSize, inSize] = weight.shape;
  return { rows: numel(x.shape.slice(0, -1)), outSize, inSize };
}

/** x (…, in) · weight (out, in)ᵀ + bias (out) → (…, out): PyTorch's `linear`, layout and all. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  return apply(linearOperation, bias ? [x, weight, bias] : [x, weight], null);
}
