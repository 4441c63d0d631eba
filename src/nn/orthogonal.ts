/** Orthogonal matrices, by Gram and Schmidt's way of the QR decomposition, a block of vectors at a time. */
import { noGrad, scope, type Tensor } from '../tensor/index.js';
import { product } from '../tensor/internal.js';

/** So many vectors are orthogonalised together on the host; all before them are one matrix product. */
const BLOCK = 32;

/**
 * Replaces a matrix (rows, cols) by the Q of its QR decomposition, R's diagonal being positive. Of a
 * wide matrix the transpose is decomposed, so that its rows come out orthonormal. In place, off the tape.
 *
 * Each block of vectors is freed of what it shares with the blocks before it (two matrix products), then
 * orthogonalised in itself in double precision, and both a second time: after one round, rounding shows
 * where little of a vector is left; after two it does not ("twice is enough": Parlett 1998, The Symmetric
 * Eigenvalue Problem, §6.9). Lengths being positive, so is R's diagonal.
 */
export function orthogonalize(matrix: Tensor): void {
  const [rows, cols] = matrix.shape;
  noGrad(() =>
    scope(() => {
      if (rows <= cols) return orthonormalizeRows(matrix);
      const vectors = matrix.transpose(0, 1); // (rows, cols) → (cols, rows)
      orthonormalizeRows(vectors);
      matrix.copy_(vectors.transpose(0, 1));
    }),
  );
}

function orthonormalizeRows(vectors: Tensor): void {
  const [count, length] = vectors.shape;
  for (let start = 0; start < count; start += BLOCK) {
    const size = Math.min(BLOCK, count - start);
    const block = vectors.alias([size, length], vectors.offset + start * length);
    const before = vectors.alias([start, length]);
    for (let round = 0; round < 2; round++) {
      if (start > 0) removeProjections(block, before);
      const values = block.doublesSync();
      orthonormalizeOnHost(values, size, length);
      block.copy_(values);
    }
  }
}

/** block −= (block · beforeᵀ) · before */
function removeProjections(block: Tensor, before: Tensor): void {
  const [size, length] = block.shape;
  const start = before.shape[0];
  scope(() => {
    const shares = block.empty([size, start]);
    product(shares, block, before, { m: size, n: start, k: length, transB: true });
    const projections = block.empty([size, length]);
    product(projections, shares, before, { m: size, n: length, k: start });
    block.addScaled_(projections, -1);
  });
}

/** Modified Gram–Schmidt on `count` vectors that lie one behind the other. */
function orthonormalizeOnHost(values: Float64Array, count: number, length: number): void {
  const vectors = Array.from({ length: count }, (_, i) =>
    values.subarray(i * length, (i + 1) * length),
  );
  vectors.forEach((vector, i) => {
    for (let j = 0; j < i; j++) addScaled(vector, vectors[j], -dot(vector, vectors[j]));
    const norm = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < length; k++) vector[k] /= norm;
  });
}

function addScaled(out: Float64Array, x: Float64Array, scale: number): void {
  for (let k = 0; k < out.length; k++) out[k] += scale * x[k];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
