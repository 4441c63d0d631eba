/**
 * The native backend: the C kernels of kernels/, called through koffi. A pointer is an address as a
 * JavaScript number. A call costs about a tenth of a microsecond and allocates nothing per element;
 * nothing is checked here, since the operations have checked it.
 */
import { availableParallelism } from 'node:os';
import { UsageError, UserError } from '../util/errors.js';
import type {
  Backend,
  BinaryOp,
  DType,
  MemoryReport,
  ParameterUpdate,
  RandomKey,
  ReduceOp,
  UnaryOp,
} from './backend.js';
import { loadLibrary, type NativeLibrary, NativeProblem } from './native-library.js';

// The enumerations of kernels/kernels.h.
const UNARY: Record<UnaryOp, number> = {
  neg: 0,
  abs: 1,
  exp: 2,
  log: 3,
  sqrt: 4,
  square: 5,
  tanh: 6,
  sigmoid: 7,
  relu: 8,
  leakyRelu: 9,
  gelu: 10,
  geluTanh: 11,
  silu: 12,
};
const BINARY: Record<BinaryOp, number> = { add: 0, sub: 1, mul: 2, div: 3 };
const REDUCE: Record<ReduceOp, number> = { sum: 0, mean: 1, max: 2 };

/** Bytes of an element, of either type. */
const BYTES = 4;
const MAX_DIMS = 8;
/** MAX_THREADS of kernels/parallel.h. */
const MAX_THREADS = 256;
/** Numbers in a row of `struct update_row`. */
const UPDATE_ROW = 10;
/** Elements that are converted at a time when a host array is of another type. */
const STAGING = 1 << 14;

export class NativeBackend implements Backend<number> {
  readonly name = 'native';
  readonly #c: NativeLibrary;
  #threads: number;
  // Small arrays for C, kept so that a call makes none.
  readonly #layout = new Float64Array(3 * MAX_DIMS);
  readonly #report = new Float64Array(4);
  readonly #stagedFloats = new Float32Array(STAGING);
  readonly #stagedInts = new Int32Array(STAGING);
  #updates = new Float64Array(64 * UPDATE_ROW);
  readonly #floatBits = new Float32Array(1);
  readonly #wordBits = new Uint32Array(this.#floatBits.buffer);

  /** Of a loaded library; see `loadNative`. Every backend of a process shares its memory and threads. */
  constructor(library: NativeLibrary) {
    this.#c = library;
    this.#threads = library.parallel_threads();
  }

  // ── Memory ────────────────────────────────────────────────────────────────────────────────────

  alloc(_dtype: DType, count: number): number {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new Error(`alloc: expected a whole number of elements of at least 0, got ${count}`);
    }
    const address = this.#c.memory_alloc(count * BYTES);
    if (address === 0) {
      throw new UserError(
        `out of memory: ${count * BYTES} bytes do not fit beside the ${this.memory.bytesInUse} in use; try a smaller batch or model`,
      );
    }
    return address;
  }

  free(pointer: number): void {
    if (this.#c.memory_free(pointer) === 0) {
      throw new Error(
        'free: expected a pointer from alloc that was not freed before (offset pointers are not freed)',
      );
    }
  }

  /** In bytes as they were rounded up (by at most an eighth) to be handed out again. */
  get memory(): MemoryReport {
    const report = this.#report;
    this.#c.memory_report(report);
    return {
      bytesInUse: report[0],
      bytesPooled: report[1],
      peakBytes: report[2],
      buffers: report[3],
    };
  }

  /** Gives freed memory back to the system. Returns how many bytes that was. */
  trim(): number {
    return this.#c.memory_trim();
  }

  offset(pointer: number, elements: number): number {
    return pointer + elements * BYTES;
  }

  write(pointer: number, dtype: DType, values: ArrayLike<number>): void {
    const { length } = values;
    if (length === 0) return;
    const direct =
      dtype === 'float32' ? values instanceof Float32Array : values instanceof Int32Array;
    if (direct) {
      this.#c.copy_in(pointer, values as Float32Array | Int32Array, length * BYTES);
      return;
    }
    const staged = dtype === 'float32' ? this.#stagedFloats : this.#stagedInts;
    for (let begin = 0; begin < length; begin += STAGING) {
      const count = Math.min(STAGING, length - begin);
      for (let i = 0; i < count; i++) staged[i] = values[begin + i];
      this.#c.copy_in(pointer + begin * BYTES, staged, count * BYTES);
    }
  }

  read(pointer: number, dtype: DType, out: Float32Array | Float64Array | Int32Array): void {
    const { length } = out;
    if (length === 0) return;
    const direct = dtype === 'float32' ? out instanceof Float32Array : out instanceof Int32Array;
    if (direct) {
      this.#c.copy_out(pointer, out, length * BYTES);
      return;
    }
    const staged = dtype === 'float32' ? this.#stagedFloats : this.#stagedInts;
    for (let begin = 0; begin < length; begin += STAGING) {
      const count = Math.min(STAGING, length - begin);
      this.#c.copy_out(pointer + begin * BYTES, staged, count * BYTES);
      for (let i = 0; i < count; i++) out[begin + i] = staged[i];
    }
  }

  fill(out: number, dtype: DType, count: number, value: number): void {
    this.#floatBits[0] = value;
    this.#c.fill_words(out, count, dtype === 'float32' ? this.#wordBits[0] : value >>> 0);
  }

  copy(out: number, x: number, _dtype: DType, count: number): void {
    this.#c.copy_words(out, x, count);
  }

  get threads(): number {
    return this.#threads;
  }

  setThreads(threads: number): void {
    this.#threads = this.#c.parallel_set_threads(threads);
  }

  // ── Random numbers ────────────────────────────────────────────────────────────────────────────

  uniform(out: number, count: number, low: number, high: number, key: RandomKey): void {
    this.#c.random_uniform(out, count, low, high, key.seed, key.stream, key.position);
  }

  normal(out: number, count: number, mean: number, std: number, key: RandomKey): void {
    this.#c.random_normal(out, count, mean, std, key.seed, key.stream, key.position);
  }

  dropout(out: number, x: number, count: number, p: number, key: RandomKey): void {
    this.#c.dropout_forward(out, x, count, p, key.seed, key.stream, key.position);
  }

  // ── Matrix product ────────────────────────────────────────────────────────────────────────────

  /** What computes matrix products: "nanogpt", "Accelerate", or the path of a BLAS. */
  get matmulEngine(): string {
    return this.#c.matmul_engine();
  }

  /** Has the library at `path`, which offers cblas_sgemm, compute matrix products; '' ends that. */
  useBlas(path: string): void {
    if (this.#c.matmul_use_blas(path) === 0) {
      throw new UserError(`BLAS: expected a shared library that has cblas_sgemm, got "${path}"`);
    }
  }

  matmul(
    out: number,
    a: number,
    b: number,
    bias: number | null,
    m: number,
    n: number,
    k: number,
    lda: number,
    ldb: number,
    ldo: number,
    transA: boolean,
    transB: boolean,
    alpha: number,
    accumulate: boolean,
    batch: number,
    strideA: number,
    strideB: number,
    strideOut: number,
  ): void {
    this.#c.matmul(
      out,
      a,
      b,
      bias ?? 0,
      m,
      n,
      k,
      lda,
      ldb,
      ldo,
      transA ? 1 : 0,
      transB ? 1 : 0,
      alpha,
      accumulate ? 1 : 0,
      batch,
      strideA,
      strideB,
      strideOut,
    );
  }

  // ── Element-wise ──────────────────────────────────────────────────────────────────────────────

  unary(op: UnaryOp, out: number, x: number, count: number, parameter: number): void {
    this.#c.unary_forward(UNARY[op], out, x, count, parameter);
  }

  unaryBackward(
    op: UnaryOp,
    dx: number,
    dy: number,
    x: number,
    y: number,
    count: number,
    parameter: number,
  ): void {
    this.#c.unary_backward(UNARY[op], dx, dy, x, y, count, parameter);
  }

  binary(op: BinaryOp, out: number, a: number, b: number, count: number): void {
    this.#c.binary_forward(BINARY[op], out, a, b, count);
  }

  binaryStrided(
    op: BinaryOp,
    out: number,
    a: number,
    b: number,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void {
    const layout = this.#packLayout(shape, stridesA, stridesB);
    this.#c.binary_strided(BINARY[op], out, a, b, shape.length, layout);
  }

  affine(out: number, x: number, count: number, scale: number, shift: number): void {
    this.#c.affine_forward(out, x, count, scale, shift);
  }

  addScaled(out: number, x: number, count: number, scale: number): void {
    this.#c.add_scaled(out, x, count, scale);
  }

  scaleBy(out: number, x: number, scale: number, count: number): void {
    this.#c.scale_by(out, x, scale, count);
  }

  // ── Moving ────────────────────────────────────────────────────────────────────────────────────

  copyStrided(
    out: number,
    x: number,
    _dtype: DType,
    shape: readonly number[],
    stridesOut: readonly number[],
    stridesX: readonly number[],
    accumulate: boolean,
  ): void {
    const layout = this.#packLayout(shape, stridesOut, stridesX);
    this.#c.copy_strided(out, x, shape.length, layout, accumulate ? 1 : 0);
  }

  /** Shape and both strides, one after another. */
  #packLayout(
    shape: readonly number[],
    strides0: readonly number[],
    strides1: readonly number[],
  ): Float64Array {
    const ndim = shape.length;
    if (ndim > MAX_DIMS) {
      throw new Error(`expected at most ${MAX_DIMS} dimensions, got ${ndim}`);
    }
    const layout = this.#layout;
    for (let i = 0; i < ndim; i++) {
      layout[i] = shape[i];
      layout[ndim + i] = strides0[i];
      layout[2 * ndim + i] = strides1[i];
    }
    return layout;
  }

  // ── Reductions ────────────────────────────────────────────────────────────────────────────────

  reduce(op: ReduceOp, out: number, x: number, outer: number, count: number, inner: number): void {
    this.#c.reduce_middle(REDUCE[op], out, x, outer, count, inner);
  }

  variance(
    out: number,
    mean: number,
    x: number,
    outer: number,
    count: number,
    inner: number,
    correction: number,
  ): void {
    this.#c.variance_middle(out, mean, x, outer, count, inner, correction);
  }

  maxBackward(
    dx: number,
    dy: number,
    x: number,
    y: number,
    outer: number,
    count: number,
    inner: number,
  ): void {
    this.#c.max_backward(dx, dy, x, y, outer, count, inner);
  }

  sumOfSquares(x: number, count: number): number {
    return this.#c.sum_of_squares(x, count);
  }

  firstNonFinite(x: number, count: number): number {
    return this.#c.first_non_finite(x, count);
  }

  histogram(
    counts: number,
    x: number,
    count: number,
    low: number,
    high: number,
    bins: number,
  ): void {
    this.#c.histogram_count(counts, x, count, low, high, bins);
  }

  topk(values: number, indices: number, x: number, rows: number, cols: number, k: number): void {
    this.#c.topk_rows(values, indices, x, rows, cols, k);
  }

  // ── Softmax and cross-entropy ─────────────────────────────────────────────────────────────────

  softmax(out: number, x: number, rows: number, cols: number, log: boolean): void {
    this.#c.softmax_forward(out, x, rows, cols, log ? 1 : 0);
  }

  softmaxBackward(
    dx: number,
    dy: number,
    y: number,
    rows: number,
    cols: number,
    log: boolean,
  ): void {
    this.#c.softmax_backward(dx, dy, y, rows, cols, log ? 1 : 0);
  }

  crossEntropy(
    losses: number,
    lse: number,
    logits: number,
    ldLogits: number,
    targets: number,
    rows: number,
    cols: number,
    smoothing: number,
    ignoreIndex: number,
  ): number {
    return this.#c.cross_entropy_forward(
      losses,
      lse,
      logits,
      ldLogits,
      targets,
      rows,
      cols,
      smoothing,
      ignoreIndex,
    );
  }

  meanLoss(out: number, losses: number, targets: number, rows: number, ignoreIndex: number): void {
    this.#c.mean_loss(out, losses, targets, rows, ignoreIndex);
  }

  crossEntropyBackward(
    dlogits: number,
    logits: number,
    ld: number,
    lse: number,
    targets: number,
    rows: number,
    cols: number,
    column0: number,
    vocab: number,
    smoothing: number,
    ignoreIndex: number,
    dloss: number,
    count: number,
  ): void {
    this.#c.cross_entropy_backward(
      dlogits,
      logits,
      ld,
      lse,
      targets,
      rows,
      cols,
      column0,
      vocab,
      smoothing,
      ignoreIndex,
      dloss,
      count,
    );
  }

  // ── Normalisation ─────────────────────────────────────────────────────────────────────────────

  layerNorm(
    out: number,
    mean: number,
    rstd: number,
    x: number,
    weight: number | null,
    bias: number | null,
    rows: number,
    cols: number,
    eps: number,
    centred: boolean,
  ): void {
    this.#c.layernorm_forward(
      out,
      mean,
      rstd,
      x,
      weight ?? 0,
      bias ?? 0,
      rows,
      cols,
      eps,
      centred ? 1 : 0,
    );
  }

  layerNormBackward(
    dx: number | null,
    dweight: number | null,
    dbias: number | null,
    dy: number,
    x: number,
    mean: number,
    rstd: number,
    weight: number | null,
    rows: number,
    cols: number,
    centred: boolean,
  ): void {
    this.#c.layernorm_backward(
      dx ?? 0,
      dweight ?? 0,
      dbias ?? 0,
      dy,
      x,
      mean,
      rstd,
      weight ?? 0,
      rows,
      cols,
      centred ? 1 : 0,
    );
  }

  batchNorm(
    out: number,
    mean: number,
    variance: number,
    x: number,
    weight: number | null,
    bias: number | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void {
    this.#c.batchnorm_forward(
      out,
      mean,
      variance,
      x,
      weight ?? 0,
      bias ?? 0,
      parts,
      rows,
      channels,
      eps,
      given ? 1 : 0,
    );
  }

  batchNormBackward(
    dx: number | null,
    dweight: number | null,
    dbias: number | null,
    dy: number,
    x: number,
    mean: number,
    variance: number,
    weight: number | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void {
    this.#c.batchnorm_backward(
      dx ?? 0,
      dweight ?? 0,
      dbias ?? 0,
      dy,
      x,
      mean,
      variance,
      weight ?? 0,
      parts,
      rows,
      channels,
      eps,
      given ? 1 : 0,
    );
  }

  // ── Embedding ─────────────────────────────────────────────────────────────────────────────────

  gatherRows(
    out: number,
    weight: number,
    ids: number,
    count: number,
    vocab: number,
    width: number,
  ): number {
    return this.#c.gather_rows(out, weight, ids, count, vocab, width);
  }

  sumRowsById(
    rows: number,
    values: number,
    dy: number,
    ids: number,
    count: number,
    width: number,
  ): number {
    return this.#c.sum_rows_by_id(rows, values, dy, ids, count, width);
  }

  addRows(out: number, rows: number, values: number, rowCount: number, width: number): void {
    this.#c.add_rows(out, rows, values, rowCount, width);
  }

  // ── Optimizers ────────────────────────────────────────────────────────────────────────────────

  sgdStep(
    updates: readonly ParameterUpdate<number>[],
    gradScale: number,
    momentum: number,
    dampening: number,
    nesterov: boolean,
    first: boolean,
  ): void {
    const table = this.#packUpdates(updates);
    this.#c.sgd_step(
      table,
      updates.length,
      gradScale,
      momentum,
      dampening,
      nesterov ? 1 : 0,
      first ? 1 : 0,
    );
  }

  adamwStep(
    updates: readonly ParameterUpdate<number>[],
    gradScale: number,
    beta1: number,
    beta2: number,
    eps: number,
    step: number,
  ): void {
    const table = this.#packUpdates(updates);
    this.#c.adamw_step(table, updates.length, gradScale, beta1, beta2, eps, step);
  }

  gradientSumOfSquares(updates: readonly ParameterUpdate<number>[]): number {
    return this.#c.gradient_sum_of_squares(this.#packUpdates(updates), updates.length);
  }

  /** One row of `struct update_row` for each, in a table that is kept. */
  #packUpdates(updates: readonly ParameterUpdate<number>[]): Float64Array {
    if (updates.length * UPDATE_ROW > this.#updates.length) {
      this.#updates = new Float64Array(2 * updates.length * UPDATE_ROW);
    }
    const table = this.#updates;
    let i = 0;
    for (const update of updates) {
      table[i] = update.param;
      table[i + 1] = update.grad;
      table[i + 2] = update.count;
      table[i + 3] = update.rows ?? 0;
      table[i + 4] = update.rowCount;
      table[i + 5] = update.width;
      table[i + 6] = update.lr;
      table[i + 7] = update.weightDecay;
      table[i + 8] = update.state1 ?? 0;
      table[i + 9] = update.state2 ?? 0;
      i += UPDATE_ROW;
    }
    return table;
  }
}

let loaded: NativeBackend | null | undefined;
let problem: string | null = null;

/**
 * The native backend, one for the process, or null when its library cannot be used: `nativeProblem()`
 * then says why and what to do.
 *
 * Of the environment: NANOGPT_THREADS is the number of threads (default: all cores), NANOGPT_BLAS the
 * path of a library with cblas_sgemm that is to compute matrix products.
 *
 * @throws UserError when one of these does not fit.
 */
export function loadNative(): NativeBackend | null {
  if (loaded !== undefined) return loaded;
  let library: NativeLibrary;
  try {
    library = loadLibrary();
  } catch (error) {
    if (!(error instanceof NativeProblem)) throw error;
    problem = error.message;
    loaded = null;
    return null;
  }
  const backend = new NativeBackend(library);
  const { NANOGPT_THREADS: threads, NANOGPT_BLAS: blas } = process.env;
  if (threads) {
    const count = Number(threads);
    if (!Number.isInteger(count) || count < 1 || count > MAX_THREADS) {
      throw new UsageError(
        `NANOGPT_THREADS: expected a number of threads from 1 to ${MAX_THREADS}, got "${threads}" (this machine has ${availableParallelism()} processors)`,
      );
    }
    backend.setThreads(count);
  }
  if (blas) backend.useBlas(blas);
  loaded = backend;
  return loaded;
}

/** Why `loadNative()` returned null: one line that ends with what to do. Null when it did not. */
export function nativeProblem(): string | null {
  loadNative();
  return problem;
}
