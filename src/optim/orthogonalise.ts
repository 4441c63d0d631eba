/** The nearest matrix with orthogonal rows or columns, roughly, by matrix products alone. */
import type { Tensor } from '../tensor/index.js';
import { product } from '../tensor/internal.js';

/** Of the polynomial ax + bx³ + cx⁵, tuned so that five steps bring singular values from near 0 to about 1. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const STEPS = 5;
/** Keeps the division by the norm finite. */
const TINY = 1e-7;

/**
 * U·Vᵀ of the singular value decomposition x = U·S·Vᵀ, nearly: singular values end between about 0.7 and 1.2,
 * not at 1, which suffices for an update and takes five steps of three matrix products. Jordan et al. 2024,
 * "Muon: an optimizer for hidden layers in neural networks" (kellerjordan.github.io/posts/muon), with its
 * coefficients, in float32.
 *
 * Off the tape; x (rows, columns) is left as it is, and zeros stay zeros. To be called in a scope: it makes
 * two matrices of x's size, and two square ones of its shorter side.
 */
export function orthogonalise(x: Tensor): Tensor {
  const [rows, columns] = x.shape;
  const tall = rows > columns;
  const side = Math.min(rows, columns);
  const { backend, numel } = x;
  let now = x.empty(x.shape);
  let next = x.empty(x.shape);
  backend.scaleBy(now.pointer, x.pointer, x.norm().add(TINY).reciprocal().pointer, numel);
  const gram = x.empty([side, side]); // X·Xᵀ, or Xᵀ·X of a tall matrix
  const mix = x.empty([side, side]); // b·gram + c·gram²
  const square = { m: side, n: side, k: side };
  for (let step = 0; step < STEPS; step++) {
    const k = tall ? rows : columns;
    product(gram, now, now, { m: side, n: side, k, transA: tall, transB: !tall });
    backend.affine(mix.pointer, gram.pointer, gram.numel, B, 0);
    product(mix, gram, gram, { ...square, alpha: C, accumulate: true });
    backend.affine(next.pointer, now.pointer, numel, A, 0);
    const [left, right] = tall ? [now, mix] : [mix, now]; // both ways round, as mix is symmetric
    product(next, left, right, { m: rows, n: columns, k: side, accumulate: true });
    [now, next] = [next, now];
  }
  return now;
}
