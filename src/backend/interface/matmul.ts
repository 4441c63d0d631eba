/** The matrix product. */

/** How a matrix product's operands lie, and what is made of them. */
export interface MatmulSize {
  /** op(a) is m × k, op(b) is k × n. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Whether a is stored k × m, and b n × k. */
  readonly transA: boolean;
  readonly transB: boolean;
  /** Distances between the rows of the stored matrices. */
  readonly lda: number;
  readonly ldb: number;
  readonly ldo: number;
  readonly alpha: number;
  /** Add to what `out` holds. */
  readonly accumulate: boolean;
  /** So many products, whose operands lie so far apart (0: the same one for all). */
  readonly batch: number;
  readonly strideA: number;
  readonly strideB: number;
  readonly strideOut: number;
}

/** What must be said of a matrix product; the rest is that of one product of whole contiguous matrices. */
export type MatmulOptions = Pick<MatmulSize, 'm' | 'n' | 'k'> & Partial<MatmulSize>;

/** `options` in full. By default operands are shared, and a batch's results lie one after another. */
export function matmulSize(options: MatmulOptions): MatmulSize {
  const { m, n, k, transA = false, transB = false, alpha = 1, accumulate = false } = options;
  const { lda = transA ? m : k, ldb = transB ? k : n, ldo = n } = options;
  const { batch = 1, strideA = 0, strideB = 0, strideOut = m * n } = options;
  // biome-ignore format: one line for what, one for how many
  return {
    m, n, k, transA, transB, lda, ldb, ldo, alpha,
    accumulate, batch, strideA, strideB, strideOut,
  };
}

export interface MatmulKernels<P> {
  /**
   * `out = alpha · op(a) · op(b) + (accumulate ? out : 0) + (bias over rows)`, `batch` times. `bias` has n
   * values or is null. With k = 0 the product is zero. `size` says the rest; `matmulSize` fills it in.
   */
  matmul(out: P, a: P, b: P, bias: P | null, size: MatmulSize): void;
}
