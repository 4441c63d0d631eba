/** The one place that calls the backend's matrix product on tensors. */
import { type MatmulOptions, matmulSize } from '../../backend/backend.js';
import type { Tensor } from '../tensor.js';

/** out (m, n) = op(a) (m, k) · op(b) (k, n), as the backend's `matmul`. */
export interface ProductOptions extends MatmulOptions {
  /** (n), added to every row. */
  bias?: Tensor;
}

/** Computes a matrix product into `out`. Off the tape; the shapes of the tensors are not looked at. */
export function product(out: Tensor, a: Tensor, b: Tensor, options: ProductOptions): void {
  const { bias } = options;
  const size = matmulSize(options);
  a.backend.matmul(out.pointer, a.pointer, b.pointer, bias ? bias.pointer : null, size);
}
