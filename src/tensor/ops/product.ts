/** The one place that calls the backend's matrix product: names for its many arguments, and defaults. */
import type { Tensor } from '../tensor.js';

/** out (m, n) = op(a) (m, k) · op(b) (k, n), as the backend's `matmul`. */
export interface ProductOptions {
  m: number;
  n: number;
  k: number;
  /** a is stored (k, m). */
  transA?: boolean;
  /** b is stored (n, k). */
  transB?: boolean;
  /** Row strides of what is stored; those of whole contiguous matrices unless told. */
  lda?: number;
  ldb?: number;
  ldo?: number;
  /** (n), added to every row. */
  bias?: Tensor;
  /** Add to what `out` holds. */
  accumulate?: boolean;
  /** So many products, whose matrices lie so many elements apart (0: the same one). 1 unless told. */
  batch?: number;
  strideA?: number;
  strideB?: number;
  strideOut?: number;
}

/** Computes a matrix product into `out`. Off the tape; the shapes of the tensors are not looked at. */
export function product(out: Tensor, a: Tensor, b: Tensor, options: ProductOptions): void {
  const { m, n, k, transA = false, transB = false, bias, accumulate = false } = options;
  const { lda = transA ? m : k, ldb = transB ? k : n, ldo = n } = options;
  const { batch = 1, strideA = 0, strideB = 0, strideOut = m * n } = options;
  // Spelt out: spreading lists into a call costs more than the call.
  a.backend.matmul(
    out.pointer,
    a.pointer,
    b.pointer,
    bias ? bias.pointer : null,
    m,
    n,
    k,
    lda,
    ldb,
    ldo,
    transA,
    transB,
    1,
    accumulate,
    batch,
    strideA,
    strideB,
    strideOut,
  );
}
