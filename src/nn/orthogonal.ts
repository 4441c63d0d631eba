/** Orthogonal matrices, by Gram and Schmidt's way of the QR decomposition. */

/**
 * The Q of the QR decomposition of a matrix, R's diagonal being positive: (rows, cols), row-major.
 * Of a wide matrix the transpose is decomposed, so that its rows come out orthonormal.
 *
 * Modified Gram–Schmidt in double precision; a vector that loses most of its length is orthogonalised a
 * second time ("twice is enough": Parlett 1998, The Symmetric Eigenvalue Problem, §6.9), so that the
 * result is orthogonal to far below float32's precision. Lengths being positive, so is R's diagonal.
 */
export function orthogonalRows(
  matrix: Float64Array,
  rows: number,
  cols: number,
  gain: number,
): Float64Array {
  const wide = rows < cols;
  // The vectors to be made orthonormal, one behind the other.
  const vectors = wide ? matrix : transposed(matrix, rows, cols);
  const count = Math.min(rows, cols);
  const length = Math.max(rows, cols);
  const parts = Array.from({ length: count }, (_, i) =>
    vectors.subarray(i * length, (i + 1) * length),
  );
  for (let j = 0; j < count; j++) {
    const vector = parts[j];
    const before = norm(vector);
    removeProjections(vector, parts, j);
    if (norm(vector) < 0.1 * before) removeProjections(vector, parts, j);
    scale(vector, 1 / norm(vector));
  }
  if (gain !== 1) scale(vectors, gain);
  return wide ? vectors : transposed(vectors, cols, rows);
}

/** Takes off what `vector` has in common with the first `count` orthonormal ones. */
function removeProjections(
  vector: Float64Array,
  parts: readonly Float64Array[],
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const unit = parts[i];
    const shared = dot(vector, unit);
    for (let k = 0; k < vector.length; k++) vector[k] -= shared * unit[k];
  }
}

/** Four sums side by side, so that an addition need not wait for the one before. */
function dot(a: Float64Array, b: Float64Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < a.length; k += 4) {
    s0 += a[k] * b[k];
    s1 += a[k + 1] * b[k + 1];
    s2 += a[k + 2] * b[k + 2];
    s3 += a[k + 3] * b[k + 3];
  }
  for (; k < a.length; k++) s0 += a[k] * b[k];
  return s0 + s1 + (s2 + s3);
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function scale(values: Float64Array, factor: number): void {
  for (let k = 0; k < values.length; k++) values[k] *= factor;
}

function transposed(matrix: Float64Array, rows: number, cols: number): Float64Array {
  const out = new Float64Array(matrix.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out[j * rows + i] = matrix[i * cols + j];
  }
  return out;
}
