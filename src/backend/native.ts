/**
 * The native backend: the C kernels of kernels/, called through koffi. A pointer is an address as a
 * JavaScript number. A call costs about a tenth of a microsecond and allocates nothing per element;
 * nothing is checked here, since the operations have checked it.
 */
import { UserError } from '../util/errors.js';
import { withFreshRoom } from '../util/grow.js';
import type {
  AttentionSize,
  Backend,
  BinaryOp,
  DType,
  GatedOp,
  IntegerOp,
  IntegerReduceOp,
  MatmulSize,
  ParameterUpdate,
  RandomKey,
  ReduceOp,
  UnaryOp,
} from './backend.js';
import {
  BINARY_OP,
  GATED_OP,
  INTEGER_OP,
  INTEGER_REDUCE_OP,
  REDUCE_OP,
  UNARY_OP,
} from './native-interface.js';
import { NativeMemory } from './native-memory.js';

const UNARY: Record<UnaryOp, number> = UNARY_OP;
const BINARY: Record<BinaryOp, number> = BINARY_OP;
const GATED: Record<GatedOp, number> = GATED_OP;
const INTEGER: Record<IntegerOp, number> = INTEGER_OP;
const INTEGER_REDUCE: Record<IntegerReduceOp, number> = INTEGER_REDUCE_OP;
const REDUCE: Record<ReduceOp, number> = REDUCE_OP;

const MAX_DIMS = 8;
/** Numbers of `struct attention_size`. */
const ATTENTION_SIZE = 25;
/** Numbers in a row of `struct update_row`. */
const UPDATE_ROW = 10;

/** A method that is a C function as it stands. */
type Method<K extends keyof Backend<number>> = Backend<number>[K];

/** Made of a loaded library; see `loadNative`. Every backend of a process shares its memory and threads. */
export class NativeBackend extends NativeMemory implements Backend<number> {
  readonly name = 'native';
  // Small arrays for C, kept so that a call makes none.
  readonly #layout = new Float64Array(3 * MAX_DIMS);
  readonly #attention = new Float64Array(ATTENTION_SIZE);
  #updates = new Float64Array(64 * UPDATE_ROW);

  // ── Random numbers ────────────────────────────────────────────────────────────────────────────

  uniform(out: number, count: number, low: number, high: number, key: RandomKey): void {
    this.c.random_uniform(out, count, low, high, key.seed, key.stream, key.position);
  }

  normal(out: number, count: number, mean: number, std: number, key: RandomKey): void {
    this.c.random_normal(out, count, mean, std, key.seed, key.stream, key.position);
  }

  dropout(out: number, x: number, count: number, p: number, key: RandomKey): void {
    this.c.dropout_forward(out, x, count, p, key.seed, key.stream, key.position);
  }

  // ── Matrix product ────────────────────────────────────────────────────────────────────────────

  /** What computes matrix products: "nanogpt", "Accelerate", or the path of a BLAS. */
  get matmulEngine(): string {
    return this.c.matmul_engine();
  }

  /** Has the library at `path`, which offers cblas_sgemm, compute matrix products; '' ends that. */
  useBlas(path: string): void {
    if (this.c.matmul_use_blas(path) === 0) {
      throw new UserError(`BLAS: expected a shared library that has cblas_sgemm, got "${path}"`);
    }
  }

  matmul(out: number, a: number, b: number, bias: number | null, size: MatmulSize): void {
    const { m, n, k, transA, transB, lda, ldb, ldo, alpha, accumulate } = size;
    const { batch, strideA, strideB, strideOut } = size;
    // biome-ignore format: in the lines of kernels/matmul.h
    this.c.matmul(
      out, a, b, bias ?? 0, m, n, k, lda, ldb, ldo, transA, transB, alpha,
      accumulate, batch, strideA, strideB, strideOut,
    );
  }

  /**
   * Multiplies and adds from registers to registers, on all threads, for some microseconds `tasks` times: timed,
   * the most that this processor can do. Returns how many multiply-adds that were.
   */
  peakMultiplyAdds(tasks: number): number {
    return this.c.peak_multiply_adds(tasks);
  }

  /**
   * Copies `count` elements on all threads; only writes zeros where `from` is 0, only reads where `to` is 0.
   * Timed on more than the caches hold, the most that memory can do.
   */
  peakStream(to: number, from: number, count: number): void {
    this.c.peak_stream(to, from, count);
  }

  // ── Element-wise ──────────────────────────────────────────────────────────────────────────────

  readonly affine: Method<'affine'> = this.c.affine_forward;
  readonly addScaled: Method<'addScaled'> = this.c.add_scaled;
  readonly scaleBy: Method<'scaleBy'> = this.c.scale_by;
  readonly floatToInt: Method<'floatToInt'> = this.c.float_to_int;
  readonly intToFloat: Method<'intToFloat'> = this.c.int_to_float;

  unary(op: UnaryOp, out: number, x: number, count: number, parameter: number): void {
    this.c.unary_forward(UNARY[op], out, x, count, parameter);
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
    this.c.unary_backward(UNARY[op], dx, dy, x, y, count, parameter);
  }

  binary(op: BinaryOp, out: number, a: number, b: number, count: number): void {
    this.c.binary_forward(BINARY[op], out, a, b, count);
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
    this.c.binary_strided(BINARY[op], out, a, b, shape.length, layout);
  }

  integerStrided(
    op: IntegerOp,
    out: number,
    a: number,
    b: number,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void {
    const layout = this.#packLayout(shape, stridesA, stridesB);
    this.c.integer_strided(INTEGER[op], out, a, b, shape.length, layout);
  }

  copyWhere(
    out: number,
    mask: number,
    x: number,
    shape: readonly number[],
    stridesMask: readonly number[],
    stridesX: readonly number[],
  ): void {
    const layout = this.#packLayout(shape, stridesMask, stridesX);
    this.c.copy_where(out, mask, x, shape.length, layout);
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
    this.c.copy_strided(out, x, shape.length, layout, accumulate);
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

  readonly variance: Method<'variance'> = this.c.variance_middle;
  readonly maxBackward: Method<'maxBackward'> = this.c.max_backward;
  readonly sumOfSquares: Method<'sumOfSquares'> = this.c.sum_of_squares;
  readonly firstNonFinite: Method<'firstNonFinite'> = this.c.first_non_finite;
  readonly histogram: Method<'histogram'> = this.c.histogram_count;
  readonly cumsum: Method<'cumsum'> = this.c.cumulative_sum;
  readonly prod: Method<'prod'> = this.c.product_middle;
  readonly prodBackward: Method<'prodBackward'> = this.c.product_backward;
  readonly topk: Method<'topk'> = this.c.topk_rows;
  readonly take: Method<'take'> = this.c.take_middle;
  readonly put: Method<'put'> = this.c.put_middle;

  integerReduce(
    op: IntegerReduceOp,
    out: number,
    x: number,
    outer: number,
    count: number,
    inner: number,
  ): void {
    this.c.integer_reduce(INTEGER_REDUCE[op], out, x, outer, count, inner);
  }

  reduce(op: ReduceOp, out: number, x: number, outer: number, count: number, inner: number): void {
    this.c.reduce_middle(REDUCE[op], out, x, outer, count, inner);
  }

  // ── Softmax and cross-entropy ─────────────────────────────────────────────────────────────────

  readonly crossEntropy: Method<'crossEntropy'> = this.c.cross_entropy_forward;
  readonly meanLoss: Method<'meanLoss'> = this.c.mean_loss;
  readonly crossEntropyBackward: Method<'crossEntropyBackward'> = this.c.cross_entropy_backward;

  readonly softmax: Method<'softmax'> = this.c.softmax_forward;
  readonly softmaxBackward: Method<'softmaxBackward'> = this.c.softmax_backward;

  // ── Attention ─────────────────────────────────────────────────────────────────────────────────

  attention(out: number, lse: number, q: number, k: number, v: number, size: AttentionSize): void {
    this.c.attention_forward(out, lse, q, k, v, this.#packAttention(size));
  }

  attentionBackward(
    dq: number | null,
    dk: number | null,
    dv: number | null,
    dout: number,
    q: number,
    k: number,
    v: number,
    out: number,
    lse: number,
    size: AttentionSize,
  ): void {
    this.c.attention_backward(dq, dk, dv, dout, q, k, v, out, lse, this.#packAttention(size));
  }

  /** In the order of `struct attention_size`. */
  #packAttention(size: AttentionSize): Float64Array {
    const { batch, heads, kvHeads, queries, keys, width, window, scale, softcap, steps } = size;
    const { seed, stream, position } = size.key;
    const table = this.#attention;
    table.set([batch, heads, kvHeads, queries, keys, width, window, scale, softcap]);
    table.set([size.dropout, seed, stream, position], 9);
    let i = 13;
    for (const { batch, time, head } of [steps.q, steps.k, steps.v, steps.out]) {
      table[i++] = batch;
      table[i++] = time;
      table[i++] = head;
    }
    return table;
  }

  // ── Rotary positions and gated units ──────────────────────────────────────────────────────────

  readonly rotary: Method<'rotary'> = this.c.rotary_turn;

  gated(
    op: GatedOp,
    out: number,
    gate: number,
    up: number,
    rows: number,
    cols: number,
    ld: number,
  ): void {
    this.c.gated_forward(GATED[op], out, gate, up, rows, cols, ld);
  }

  gatedBackward(
    op: GatedOp,
    dgate: number,
    dup: number,
    dy: number,
    gate: number,
    up: number,
    rows: number,
    cols: number,
    ld: number,
  ): void {
    this.c.gated_backward(GATED[op], dgate, dup, dy, gate, up, rows, cols, ld);
  }

  // ── Normalisation ─────────────────────────────────────────────────────────────────────────────

  readonly layerNorm: Method<'layerNorm'> = this.c.layernorm_forward;
  readonly layerNormBackward: Method<'layerNormBackward'> = this.c.layernorm_backward;
  readonly batchNorm: Method<'batchNorm'> = this.c.batchnorm_forward;
  readonly batchNormBackward: Method<'batchNormBackward'> = this.c.batchnorm_backward;

  // ── Embedding ─────────────────────────────────────────────────────────────────────────────────

  readonly gatherRows: Method<'gatherRows'> = this.c.gather_rows;
  readonly sumRowsById: Method<'sumRowsById'> = this.c.sum_rows_by_id;
  readonly addRows: Method<'addRows'> = this.c.add_rows;

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
    this.c.sgd_step(table, updates.length, gradScale, momentum, dampening, nesterov, first);
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
    this.c.adamw_step(table, updates.length, gradScale, beta1, beta2, eps, step);
  }

  gradientSumOfSquares(updates: readonly ParameterUpdate<number>[]): number {
    return this.c.gradient_sum_of_squares(this.#packUpdates(updates), updates.length);
  }

  /** One row of `struct update_row` for each, in a table that is kept. */
  #packUpdates(updates: readonly ParameterUpdate<number>[]): Float64Array {
    this.#updates = withFreshRoom(this.#updates, updates.length * UPDATE_ROW);
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
