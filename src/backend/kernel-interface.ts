// Generated from kernels/*.h by `npm run build:kernels`: edit those.

/** The host's memory, as a kernel may be given it; to kernels that see none but theirs, where it lies there. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array | number;

/** Stands for every name, type and code below; the library was built with the same, or is another. */
export const INTERFACE = 1732994919;

export const UNARY_OP = { neg: 0, abs: 1, exp: 2, log: 3, sqrt: 4, square: 5, tanh: 6, sigmoid: 7, relu: 8, leakyRelu: 9, gelu: 10, geluTanh: 11, silu: 12, sin: 13, cos: 14, erf: 15, log1p: 16, expm1: 17, softplus: 18, rsqrt: 19, reciprocal: 20, pow: 21, sign: 22, floor: 23, ceil: 24, round: 25, clampMin: 26, clampMax: 27, reluSquared: 28 } as const;

export const BINARY_OP = { add: 0, sub: 1, mul: 2, div: 3, power: 4, maximum: 5, minimum: 6, eq: 7, ne: 8, lt: 9, le: 10, gt: 11, ge: 12 } as const;

export const INTEGER_OP = { add: 0, sub: 1, mul: 2, floorDivide: 3, remainder: 4, maximum: 5, minimum: 6, and: 7, or: 8, xor: 9, eq: 10, ne: 11, lt: 12, le: 13, gt: 14, ge: 15 } as const;

export const REDUCE_OP = { sum: 0, mean: 1, max: 2 } as const;

export const INTEGER_REDUCE_OP = { sum: 0, max: 1, min: 2 } as const;

export const GATED_OP = { linear: 0, sigmoid: 1, relu: 2, gelu: 3, geluTanh: 4, silu: 5 } as const;

/** Result and parameters of each function, in C. */
export const SIGNATURES = {
  nanogpt_abi: ['int', []],
  memory_alloc: ['int64_t', ['int64_t']],
  memory_free: ['int', ['int64_t']],
  memory_free_all: ['int64_t', ['void *', 'int64_t']],
  memory_trim: ['int64_t', []],
  memory_limit: ['void', ['int64_t']],
  memory_report: ['void', ['void *']],
  memory_address: ['int64_t', ['void *']],
  copy_in: ['void', ['int64_t', 'void *', 'int64_t']],
  copy_out: ['void', ['int64_t', 'void *', 'int64_t']],
  fill_words: ['void', ['int64_t', 'int64_t', 'uint32_t']],
  copy_words: ['void', ['int64_t', 'int64_t', 'int64_t']],
  copy_strided: ['void', ['int64_t', 'int64_t', 'int', 'void *', 'bool']],
  unary_forward: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'float']],
  unary_backward: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'float']],
  binary_forward: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  binary_strided: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int', 'void *']],
  integer_strided: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int', 'void *']],
  copy_where: ['void', ['int64_t', 'int64_t', 'int64_t', 'int', 'void *']],
  affine_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'float', 'float']],
  add_scaled: ['void', ['int64_t', 'int64_t', 'int64_t', 'float']],
  scale_by: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t']],
  float_to_int: ['void', ['int64_t', 'int64_t', 'int64_t']],
  int_to_float: ['void', ['int64_t', 'int64_t', 'int64_t']],
  random_uniform: ['void', ['int64_t', 'int64_t', 'double', 'double', 'double', 'double', 'double']],
  random_normal: ['void', ['int64_t', 'int64_t', 'double', 'double', 'double', 'double', 'double']],
  dropout_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'double', 'double', 'double', 'double']],
  reduce_middle: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  variance_middle: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'double']],
  max_backward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  sum_of_squares: ['double', ['int64_t', 'int64_t']],
  block_sum_of_squares: ['double', ['int64_t', 'int64_t']],
  cumulative_sum: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool']],
  product_middle: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  product_backward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  integer_reduce: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  first_non_finite: ['int64_t', ['int64_t', 'int64_t']],
  histogram_count: ['void', ['int64_t', 'int64_t', 'int64_t', 'double', 'double', 'int64_t']],
  topk_rows: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool']],
  value_statistics: ['void', ['int64_t', 'int64_t', 'int64_t', 'void *', 'int64_t', 'int64_t', 'int64_t', 'float']],
  count_between: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'float', 'float']],
  softmax_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool']],
  softmax_backward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool']],
  cross_entropy_forward: ['int64_t', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'double', 'int64_t']],
  mean_loss: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  exp_parts: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  scale_parts: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  cross_entropy_backward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'double', 'int64_t', 'int64_t', 'int64_t']],
  attention_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *']],
  attention_backward: ['void', ['void *', 'void *', 'void *', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *']],
  rotary_turn: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool', 'bool']],
  gated_forward: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  gated_backward: ['void', ['int', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  layernorm_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *', 'void *', 'int64_t', 'int64_t', 'double', 'bool']],
  layernorm_backward: ['void', ['void *', 'void *', 'void *', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *', 'int64_t', 'int64_t', 'bool']],
  batchnorm_forward: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *', 'void *', 'int64_t', 'int64_t', 'int64_t', 'double', 'bool']],
  batchnorm_backward: ['void', ['void *', 'void *', 'void *', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'void *', 'int64_t', 'int64_t', 'int64_t', 'double', 'bool']],
  gather_rows: ['int64_t', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  sum_rows_by_id: ['int64_t', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  add_rows: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  take_middle: ['int64_t', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool']],
  put_middle: ['int64_t', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool', 'bool']],
  peak_multiply_adds: ['double', ['int64_t']],
  peak_stream: ['void', ['int64_t', 'int64_t', 'int64_t']],
  sgd_step: ['void', ['void *', 'int64_t', 'double', 'double', 'double', 'bool', 'bool']],
  adamw_step: ['void', ['void *', 'int64_t', 'double', 'double', 'double', 'double', 'double']],
  gradient_sum_of_squares: ['double', ['void *', 'int64_t']],
  matmul: ['void', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'int64_t', 'bool', 'bool', 'float', 'bool', 'int64_t', 'int64_t', 'int64_t', 'int64_t']],
  matmul_use_blas: ['int', ['const char *']],
  matmul_engine: ['const char *', []],
  blas_product: ['int', ['void *']],
  parallel_set_threads: ['int', ['int']],
  parallel_threads: ['int', []],
} as const;

/** The kernels, as JavaScript sees them. Addresses are numbers. */
export interface KernelLibrary {
  nanogpt_abi(): number;
  memory_alloc(bytes: number): number;
  memory_free(address: number): number;
  memory_free_all(addresses: HostArray, count: number): number;
  memory_trim(): number;
  memory_limit(bytes: number): void;
  memory_report(out: HostArray): void;
  memory_address(array: HostArray): number;
  copy_in(to: number, from: HostArray, bytes: number): void;
  copy_out(from: number, to: HostArray, bytes: number): void;
  fill_words(out: number, count: number, bits: number): void;
  copy_words(out: number, x: number, count: number): void;
  copy_strided(out: number, x: number, ndim: number, layout: HostArray, accumulate: boolean): void;
  unary_forward(op: number, out: number, x: number, count: number, parameter: number): void;
  unary_backward(op: number, dx: number, dy: number, x: number, y: number, count: number, parameter: number): void;
  binary_forward(op: number, out: number, a: number, b: number, count: number): void;
  binary_strided(op: number, out: number, a: number, b: number, ndim: number, layout: HostArray): void;
  integer_strided(op: number, out: number, a: number, b: number, ndim: number, layout: HostArray): void;
  copy_where(out: number, mask: number, x: number, ndim: number, layout: HostArray): void;
  affine_forward(out: number, x: number, count: number, scale: number, shift: number): void;
  add_scaled(out: number, x: number, count: number, scale: number): void;
  scale_by(out: number, x: number, scale: number, count: number): void;
  float_to_int(out: number, x: number, count: number): void;
  int_to_float(out: number, x: number, count: number): void;
  random_uniform(out: number, count: number, low: number, high: number, seed: number, stream: number, position: number): void;
  random_normal(out: number, count: number, mean: number, std: number, seed: number, stream: number, position: number): void;
  dropout_forward(out: number, x: number, count: number, p: number, seed: number, stream: number, position: number): void;
  reduce_middle(op: number, out: number, x: number, outer: number, count: number, inner: number): void;
  variance_middle(out: number, mean: number, x: number, outer: number, count: number, inner: number, correction: number): void;
  max_backward(dx: number, dy: number, x: number, y: number, outer: number, count: number, inner: number): void;
  sum_of_squares(x: number, count: number): number;
  block_sum_of_squares(x: number, count: number): number;
  cumulative_sum(out: number, x: number, outer: number, count: number, inner: number, reverse: boolean): void;
  product_middle(out: number, x: number, outer: number, count: number, inner: number): void;
  product_backward(dx: number, dy: number, x: number, outer: number, count: number, inner: number): void;
  integer_reduce(op: number, out: number, x: number, outer: number, count: number, inner: number): void;
  first_non_finite(x: number, count: number): number;
  histogram_count(counts: number, x: number, count: number, low: number, high: number, bins: number): void;
  topk_rows(values: number, indices: number, x: number, rows: number, cols: number, k: number, largest: boolean): void;
  value_statistics(out: number, counts: number, x: number, minus: number | null, rows: number, cols: number, stride: number, scale: number): void;
  count_between(counts: number, x: number, rows: number, cols: number, low: number, high: number): void;
  softmax_forward(out: number, x: number, rows: number, cols: number, log: boolean): void;
  softmax_backward(dx: number, dy: number, y: number, rows: number, cols: number, log: boolean): void;
  cross_entropy_forward(losses: number, lse: number, logits: number, ld: number, targets: number, rows: number, cols: number, smoothing: number, ignoreIndex: number): number;
  mean_loss(out: number, losses: number, targets: number, rows: number, ignoreIndex: number): void;
  exp_parts(x: number, sums: number, ld: number, bounds: number, rows: number, parts: number): void;
  scale_parts(x: number, ld: number, factors: number, bounds: number, rows: number, parts: number): void;
  cross_entropy_backward(dlogits: number, logits: number, ld: number, lse: number, targets: number, rows: number, cols: number, column0: number, vocab: number, smoothing: number, ignoreIndex: number, dloss: number, count: number): void;
  attention_forward(out: number, lse: number, q: number, k: number, v: number, size: HostArray): void;
  attention_backward(dq: number | null, dk: number | null, dv: number | null, dout: number, q: number, k: number, v: number, out: number, lse: number, size: HostArray): void;
  rotary_turn(out: number, x: number, table: number, batch: number, time: number, heads: number, turned: number, width: number, dims: number, interleaved: boolean, back: boolean): void;
  gated_forward(op: number, out: number, gate: number, up: number, rows: number, cols: number, ld: number): void;
  gated_backward(op: number, dgate: number, dup: number, dy: number, gate: number, up: number, rows: number, cols: number, ld: number): void;
  layernorm_forward(out: number, mean: number, rstd: number, x: number, weight: number | null, bias: number | null, rows: number, cols: number, eps: number, centred: boolean): void;
  layernorm_backward(dx: number | null, dweight: number | null, dbias: number | null, dy: number, x: number, mean: number, rstd: number, weight: number | null, rows: number, cols: number, centred: boolean): void;
  batchnorm_forward(out: number, mean: number, variance: number, x: number, weight: number | null, bias: number | null, parts: number, rows: number, channels: number, eps: number, given: boolean): void;
  batchnorm_backward(dx: number | null, dweight: number | null, dbias: number | null, dy: number, x: number, mean: number, variance: number, weight: number | null, parts: number, rows: number, channels: number, eps: number, given: boolean): void;
  gather_rows(out: number, weight: number, ids: number, count: number, vocab: number, width: number): number;
  sum_rows_by_id(rows: number, values: number, dy: number, ids: number, count: number, width: number): number;
  add_rows(out: number, rows: number, values: number, rowCount: number, width: number): void;
  take_middle(out: number, x: number, ids: number, outer: number, size: number, count: number, inner: number, shared: boolean): number;
  put_middle(out: number, x: number, ids: number, outer: number, size: number, count: number, inner: number, shared: boolean, accumulate: boolean): number;
  peak_multiply_adds(tasks: number): number;
  peak_stream(to: number, from: number, count: number): void;
  sgd_step(table: HostArray, updates: number, gradScale: number, momentum: number, dampening: number, nesterov: boolean, first: boolean): void;
  adamw_step(table: HostArray, updates: number, gradScale: number, beta1: number, beta2: number, eps: number, step: number): void;
  gradient_sum_of_squares(table: HostArray, updates: number): number;
  matmul(out: number, a: number, b: number, bias: number, m: number, n: number, k: number, lda: number, ldb: number, ldo: number, transA: boolean, transB: boolean, alpha: number, accumulate: boolean, batch: number, strideA: number, strideB: number, strideOut: number): void;
  matmul_use_blas(path: string): number;
  matmul_engine(): string;
  blas_product(p: HostArray): number;
  parallel_set_threads(threads: number): number;
  parallel_threads(): number;
}
