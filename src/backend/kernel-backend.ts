/**
 * The C kernels of kernels/ as a backend, wherever they were compiled to. A pointer is an address as a
 * JavaScript number. A call costs about a tenth of a microsecond and allocates nothing per element;
 * nothing is checked here, since the operations have checked it.
 */
import type {
  Backend,
  BinaryOp,
  GatedOp,
  IntegerOp,
  IntegerReduceOp,
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
} from './kernel-interface.js';
import { KernelTables } from './kernel-tables.js';

const UNARY: Record<UnaryOp, number> = UNARY_OP;
const BINARY: Record<BinaryOp, number> = BINARY_OP;
const GATED: Record<GatedOp, number> = GATED_OP;
const INTEGER: Record<IntegerOp, number> = INTEGER_OP;
const INTEGER_REDUCE: Record<IntegerReduceOp, number> = INTEGER_REDUCE_OP;
const REDUCE: Record<ReduceOp, number> = REDUCE_OP;

/** A method that is a C function as it stands. */
type Method<K extends keyof Backend<number>> = Backend<number>[K];

/** What a native and a WebAssembly backend have in common: everything but where the kernels are. */
export abstract class KernelBackend extends KernelTables implements Backend<number> {
  abstract readonly name: string;

  // ── Random numbers ────────────────────────────────────────────────────────────────────────────

  readonly uniform: Method<'uniform'> = (out, count, low, high, key) =>
    this.c.random_uniform(out, count, low, high, key.seed, key.stream, key.position);

  readonly normal: Method<'normal'> = (out, count, mean, std, key) =>
    this.c.random_normal(out, count, mean, std, key.seed, key.stream, key.position);

  readonly dropout: Method<'dropout'> = (out, x, count, p, key) =>
    this.c.dropout_forward(out, x, count, p, key.seed, key.stream, key.position);

  // ── Matrix product ────────────────────────────────────────────────────────────────────────────

  readonly matmul: Method<'matmul'> = (out, a, b, bias, size) => {
    const { m, n, k, transA, transB, lda, ldb, ldo, alpha, accumulate } = size;
    const { batch, strideA, strideB, strideOut } = size;
    // biome-ignore format: in the lines of kernels/matmul.h
    this.c.matmul(
      out, a, b, bias ?? 0, m, n, k, lda, ldb, ldo, transA, transB, alpha,
      accumulate, batch, strideA, strideB, strideOut,
    );
  };

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

  readonly unary: Method<'unary'> = (op, out, x, count, parameter) =>
    this.c.unary_forward(UNARY[op], out, x, count, parameter);

  readonly unaryBackward: Method<'unaryBackward'> = (op, dx, dy, x, y, count, parameter) =>
    this.c.unary_backward(UNARY[op], dx, dy, x, y, count, parameter);

  readonly binary: Method<'binary'> = (op, out, a, b, count) =>
    this.c.binary_forward(BINARY[op], out, a, b, count);

  readonly binaryStrided: Method<'binaryStrided'> = (op, out, a, b, shape, stridesA, stridesB) => {
    const layout = this.packLayout(shape, stridesA, stridesB);
    this.c.binary_strided(BINARY[op], out, a, b, shape.length, layout);
  };

  readonly integerStrided: Method<'integerStrided'> = (
    op,
    out,
    a,
    b,
    shape,
    stridesA,
    stridesB,
  ) => {
    const layout = this.packLayout(shape, stridesA, stridesB);
    this.c.integer_strided(INTEGER[op], out, a, b, shape.length, layout);
  };

  readonly copyWhere: Method<'copyWhere'> = (out, mask, x, shape, stridesMask, stridesX) => {
    const layout = this.packLayout(shape, stridesMask, stridesX);
    this.c.copy_where(out, mask, x, shape.length, layout);
  };

  // ── Moving ────────────────────────────────────────────────────────────────────────────────────

  readonly copyStrided: Method<'copyStrided'> = (
    out,
    x,
    _dtype,
    shape,
    stridesOut,
    stridesX,
    accumulate,
  ) => {
    const layout = this.packLayout(shape, stridesOut, stridesX);
    this.c.copy_strided(out, x, shape.length, layout, accumulate);
  };

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

  readonly integerReduce: Method<'integerReduce'> = (op, out, x, outer, count, inner) =>
    this.c.integer_reduce(INTEGER_REDUCE[op], out, x, outer, count, inner);

  readonly reduce: Method<'reduce'> = (op, out, x, outer, count, inner) =>
    this.c.reduce_middle(REDUCE[op], out, x, outer, count, inner);

  // ── Statistics ────────────────────────────────────────────────────────────────────────────────

  readonly statistics: Method<'statistics'> = this.c.value_statistics;
  readonly countBetween: Method<'countBetween'> = this.c.count_between;

  // ── Softmax and cross-entropy ─────────────────────────────────────────────────────────────────

  readonly crossEntropy: Method<'crossEntropy'> = this.c.cross_entropy_forward;
  readonly meanLoss: Method<'meanLoss'> = this.c.mean_loss;
  readonly crossEntropyBackward: Method<'crossEntropyBackward'> = this.c.cross_entropy_backward;
  readonly expParts: Method<'expParts'> = this.c.exp_parts;
  readonly scaleParts: Method<'scaleParts'> = this.c.scale_parts;

  readonly softmax: Method<'softmax'> = this.c.softmax_forward;
  readonly softmaxBackward: Method<'softmaxBackward'> = this.c.softmax_backward;

  // ── Attention ─────────────────────────────────────────────────────────────────────────────────

  readonly attention: Method<'attention'> = (out, lse, q, k, v, size) =>
    this.c.attention_forward(out, lse, q, k, v, this.packAttention(size));

  readonly attentionBackward: Method<'attentionBackward'> = (
    dq,
    dk,
    dv,
    dout,
    q,
    k,
    v,
    out,
    lse,
    size,
  ) => this.c.attention_backward(dq, dk, dv, dout, q, k, v, out, lse, this.packAttention(size));

  // ── Rotary positions and gated units ──────────────────────────────────────────────────────────

  readonly rotary: Method<'rotary'> = this.c.rotary_turn;

  readonly gated: Method<'gated'> = (op, out, gate, up, rows, cols, ld) =>
    this.c.gated_forward(GATED[op], out, gate, up, rows, cols, ld);

  readonly gatedBackward: Method<'gatedBackward'> = (
    op,
    dgate,
    dup,
    dy,
    gate,
    up,
    rows,
    cols,
    ld,
  ) => this.c.gated_backward(GATED[op], dgate, dup, dy, gate, up, rows, cols, ld);

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

  readonly sgdStep: Method<'sgdStep'> = (
    updates,
    gradScale,
    momentum,
    dampening,
    nesterov,
    first,
  ) => {
    const table = this.packUpdates(updates);
    this.c.sgd_step(table, updates.length, gradScale, momentum, dampening, nesterov, first);
  };

  readonly adamwStep: Method<'adamwStep'> = (updates, gradScale, beta1, beta2, eps, step) => {
    const table = this.packUpdates(updates);
    this.c.adamw_step(table, updates.length, gradScale, beta1, beta2, eps, step);
  };

  readonly gradientSumOfSquares: Method<'gradientSumOfSquares'> = (updates) =>
    this.c.gradient_sum_of_squares(this.packUpdates(updates), updates.length);
}
