import type { MatmulSize } from '../backend.js';
import type { HostArray } from './memory.js';

/**
 * `out[i, j] = alpha · Σₗ op(a)[i, l] · op(b)[l, j] + (accumulate ? out[i, j] : 0) + bias[j]`, for
 * each item of the batch. op(a) (m, k) · op(b) (k, n) → out (m, n).
 */
export function matmul(
  out: HostArray,
  a: HostArray,
  b: HostArray,
  bias: HostArray | null,
  size: MatmulSize,
): void {
  const { m, n, k, transA, transB, lda, ldb, ldo, alpha, accumulate } = size;
  const { batch, strideA, strideB, strideOut } = size;
  for (let item = 0; item < batch; item++) {
    const a0 = item * strideA;
    const b0 = item * strideB;
    const out0 = item * strideOut;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const left = transA ? a[a0 + l * lda + i] : a[a0 + i * lda + l];
          const right = transB ? b[b0 + j * ldb + l] : b[b0 + l * ldb + j];
          sum += left * right;
        }
        let value = alpha * sum;
        if (accumulate) value += out[out0 + i * ldo + j];
        if (bias !== null) value += bias[j];
        out[out0 + i * ldo + j] = value;
      }
    }
  }
}
