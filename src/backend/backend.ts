/**
 * What a backend can do: one list of kernels, flat memory in, flat memory out.
 *
 * A kernel knows nothing of tensors, gradients or scopes. It gets pointers `P` into its backend's
 * memory and sizes, positionally, so that a call allocates nothing. Shapes were checked by the
 * operation that calls it. Everything is contiguous and row-major unless a stride says otherwise;
 * strides and leading dimensions count elements.
 *
 * Two implementations: `ReferenceBackend` (plain TypeScript to be read, and the oracle of the tests)
 * and `NativeBackend` (C kernels). What is computed is said here once and holds for both. Methods are
 * declared in method form so that `Backend<number>` may stand where `Backend<unknown>` is asked for.
 */

import type {
  BinaryOp,
  DType,
  GatedOp,
  IntegerOp,
  IntegerReduceOp,
  ReduceOp,
  UnaryOp,
} from './operations.js';

export type { BinaryOp, DType, GatedOp, IntegerOp, IntegerReduceOp, ReduceOp, UnaryOp };

/** Where a random tensor's numbers come from: Philox4x32-10, see `util/random.ts` for the convention. */
export interface RandomKey {
  readonly seed: number;
  readonly stream: number;
  /** In blocks of four 32-bit words; element `i` uses block `position + ⌊i/4⌋`, word `i mod 4`. */
  readonly position: number;
}

/**
 * One parameter's update. The optimizer keeps a list of these between steps and only changes what
 * moves (the gradient's place, the rate), so that a step over a whole set of parameters is one call.
 *
 * A gradient is dense (`rows` null, `count` values) or by rows: `rowCount` distinct rows of `width`
 * values, whose ascending indices are in `rows` (int32); all other rows' gradients are zero. `count`
 * is the number of values of the parameter in both cases.
 */
export interface ParameterUpdate<P> {
  param: P;
  grad: P;
  count: number;
  rows: P | null;
  rowCount: number;
  width: number;
  lr: number;
  weightDecay: number;
  /** SGD: momentum buffer, or null without momentum. AdamW: first moment. */
  state1: P | null;
  /** AdamW: second moment. */
  state2: P | null;
}

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

/** `options` in full. Shared operands unless told, a batch of results one after another. */
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

/** How far apart a tensor's batch items, positions and heads lie. A head's numbers lie together. */
export interface HeadSteps {
  readonly batch: number;
  readonly time: number;
  readonly head: number;
}

/** What causal attention is told of its operands. No size is 0. */
export interface AttentionSize {
  /** B, H, the heads that k and v have (they divide H), Tq, Tk (at least Tq), and D, the size of a head. */
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  /** How many positions a query sees, its own and those before it. At least 1; Tk for all. */
  readonly window: number;
  readonly scale: number;
  /** Scores are `softcap · tanh(score / softcap)`; 0: as they are. */
  readonly softcap: number;
  /** Probability with which a weight is dropped, 0 to 1, and where the random numbers come from. */
  readonly dropout: number;
  readonly key: RandomKey;
  /** Those of the result are its gradient's too. */
  readonly steps: Readonly<Record<'q' | 'k' | 'v' | 'out', HeadSteps>>;
}

/** What memory a backend holds, in bytes, the collector's not counted. */
export interface MemoryReport {
  /** In buffers that were allocated and not freed. */
  readonly bytesInUse: number;
  /** Freed, and kept to be handed out again. */
  readonly bytesPooled: number;
  /** The most that was ever in use at once. */
  readonly peakBytes: number;
  /** How many buffers are in use. */
  readonly buffers: number;
}

/** Memory of the garbage collector's. */
export interface Collected<P> {
  readonly pointer: P;
  /** What keeps it: the collector frees the memory when nobody can reach this. */
  readonly owner: object;
}

export interface Backend<P = unknown> {
  readonly name: string;

  // ── Memory ────────────────────────────────────────────────────────────────────────────────────

  /** `count` elements, uninitialised. Throws a `UserError` when memory is out. */
  alloc(dtype: DType, count: number): P;
  /**
   * As `alloc`, in memory that the garbage collector counts and frees: valid as long as `owner` can be
   * reached, and never passed to `free`. Null where the backend has none, or not as much.
   */
  allocCollected(dtype: DType, count: number): Collected<P> | null;
  /** Takes what `alloc` returned, once; anything else is an error. */
  free(pointer: P): void;
  readonly memory: MemoryReport;
  /** The pointer `elements` further on. */
  offset(pointer: P, elements: number): P;
  /** Copies host values in. */
  write(pointer: P, dtype: DType, values: ArrayLike<number>): void;
  /** Copies `out.length` values out to the host. Synchronous on CPU backends. */
  read(pointer: P, dtype: DType, out: Float32Array | Float64Array | Int32Array): void;
  fill(out: P, dtype: DType, count: number, value: number): void;
  copy(out: P, x: P, dtype: DType, count: number): void;

  /** Threads in use, the caller's included. Results do not depend on it. */
  readonly threads: number;
  setThreads(threads: number): void;

  // ── Random numbers ────────────────────────────────────────────────────────────────────────────

  /**
   * `out[i] = low + (high − low) · u`, u in [0, 1): the top 24 bits of word i, over 2²⁴. Computed in
   * double precision and rounded once, so that backends agree to the bit; what would round to `high` is
   * the greatest float32 below it.
   */
  uniform(out: P, count: number, low: number, high: number, key: RandomKey): void;
  /**
   * Box–Muller on pairs of words (2j, 2j+1): u1 = (top 24 bits + 1) / 2²⁴ in (0, 1], u2 likewise
   * without + 1; with r = √(−2 ln u1), `out[2j] = mean + std · r cos(2π u2)` and
   * `out[2j+1] = mean + std · r sin(2π u2)`. The last element of an odd count is a cosine.
   */
  normal(out: P, count: number, mean: number, std: number, key: RandomKey): void;
  /**
   * `out[i] = u_i < p ? 0 : x[i] / (1 − p)`, u as in `uniform` and compared with p in double precision.
   * A dropped NaN or infinity is 0. 0 ≤ p < 1. Its gradient is the same call on dy. In place is allowed.
   */
  dropout(out: P, x: P, count: number, p: number, key: RandomKey): void;

  // ── Matrix product ────────────────────────────────────────────────────────────────────────────

  /**
   * `out = alpha · op(a) · op(b) + (accumulate ? out : 0) + (bias over rows)`, `batch` times. `bias` has n
   * values or is null. With k = 0 the product is zero. `size` says the rest; `matmulSize` fills it in.
   */
  matmul(out: P, a: P, b: P, bias: P | null, size: MatmulSize): void;

  // ── Element-wise ──────────────────────────────────────────────────────────────────────────────

  unary(op: UnaryOp, out: P, x: P, count: number, parameter: number): void;
  /**
   * `dx = dy · f′(x)`, from x and y = f(x). `dx` may be `dy`. abs′(0) = relu′(0) = 0, as in PyTorch, and
   * leakyRelu′(0) is the parameter; sqrt′(0) = ∞. relu and reluSquared choose (`x > 0 ? dy : 0`), so that an infinite dy
   * does not pass a unit that is off; the others multiply. At x = ±∞ the gradient of gelu, geluTanh and
   * silu is NaN or its limit, as the backend likes.
   */
  unaryBackward(op: UnaryOp, dx: P, dy: P, x: P, y: P, count: number, parameter: number): void;
  /** Same shapes, contiguous: the short way. `out` may be `a` or `b`. */
  binary(op: BinaryOp, out: P, a: P, b: P, count: number): void;
  /** Broadcasting: `out` contiguous of `shape`; `a` and `b` read at their strides (0: broadcast). At most 8 dimensions. */
  binaryStrided(
    op: BinaryOp,
    out: P,
    a: P,
    b: P,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void;
  /** As `binaryStrided`, of int32 throughout. A divisor of 0 is refused before. */
  integerStrided(
    op: IntegerOp,
    out: P,
    a: P,
    b: P,
    shape: readonly number[],
    stridesA: readonly number[],
    stridesB: readonly number[],
  ): void;
  /** `out = mask ? x : out`, broadcast as `binaryStrided` does. The mask is int32; `out` and x are of one type, either. */
  copyWhere(
    out: P,
    mask: P,
    x: P,
    shape: readonly number[],
    stridesMask: readonly number[],
    stridesX: readonly number[],
  ): void;
  /** float32 to int32, towards zero. What does not fit becomes the nearest int32, and NaN 0. */
  floatToInt(out: P, x: P, count: number): void;
  intToFloat(out: P, x: P, count: number): void;
  /** `out = scale · x + shift`. In place is allowed. */
  affine(out: P, x: P, count: number, scale: number, shift: number): void;
  /** `out += scale · x`. */
  addScaled(out: P, x: P, count: number, scale: number): void;
  /** `out[i] = x[i] · scale[0]`, the factor being in the backend's memory. In place is allowed. */
  scaleBy(out: P, x: P, scale: P, count: number): void;

  // ── Moving ────────────────────────────────────────────────────────────────────────────────────

  /**
   * For every index of `shape`: `out[index · stridesOut] (+)= x[index · stridesX]`. Permute, expand,
   * slice, concat and their gradients are this. At most 8 dimensions. Works on 4-byte elements of
   * either type (accumulate: float32 only). Strides are not negative. Where accumulating meets a stride
   * of 0 in `stridesOut`, everything that falls on one place is added up. `out` and `x` do not overlap.
   */
  copyStrided(
    out: P,
    x: P,
    dtype: DType,
    shape: readonly number[],
    stridesOut: readonly number[],
    stridesX: readonly number[],
    accumulate: boolean,
  ): void;

  // ── Reductions ────────────────────────────────────────────────────────────────────────────────

  /**
   * Over the middle of (outer, count, inner): out (outer, inner). Sums are made in fixed blocks, so
   * that they do not depend on the thread count. With count = 0: sum 0, mean NaN (max is refused before).
   */
  reduce(op: ReduceOp, out: P, x: P, outer: number, count: number, inner: number): void;
  /** Variance over the middle dimension, two passes about the mean, divided by max(0, count − correction). `mean` (outer, inner) is written too. */
  variance(
    out: P,
    mean: P,
    x: P,
    outer: number,
    count: number,
    inner: number,
    correction: number,
  ): void;
  /** Gradient of `max`: dy shared evenly among the elements equal to the maximum, as PyTorch's amax. Where y is NaN, all are NaN. */
  maxBackward(dx: P, dy: P, x: P, y: P, outer: number, count: number, inner: number): void;
  /** Running sums along the middle of (outer, count, inner), in double precision; from the last on when `reverse`. In place is allowed. */
  cumsum(out: P, x: P, outer: number, count: number, inner: number, reverse: boolean): void;
  /** Product over the middle of (outer, count, inner), in double precision. */
  prod(out: P, x: P, outer: number, count: number, inner: number): void;
  /** Gradient of `prod`: dy times the product of all others, which a zero does not hide. */
  prodBackward(dx: P, dy: P, x: P, outer: number, count: number, inner: number): void;
  /** As `reduce`, of int32. A sum is modulo 2³². */
  integerReduce(
    op: IntegerReduceOp,
    out: P,
    x: P,
    outer: number,
    count: number,
    inner: number,
  ): void;
  /** Sum of squares, in double precision, in fixed blocks. */
  sumOfSquares(x: P, count: number): number;
  /** Position of the first NaN or infinity, or −1. */
  firstNonFinite(x: P, count: number): number;
  /** `counts[j]` (int32) = how many of x lie in bin j of `bins` equal ones over [low, high] (high included in the last; low < high). NaN and what lies outside are not counted, as torch.histc. A value within rounding of an inner edge may fall to either side. */
  histogram(counts: P, x: P, count: number, low: number, high: number, bins: number): void;
  /** The k greatest of each row, descending, or the k least, ascending; ties by lower index; NaN counts as greatest. `indices` is int32. */
  topk(values: P, indices: P, x: P, rows: number, cols: number, k: number, largest: boolean): void;

  // ── Choosing by index ─────────────────────────────────────────────────────────────────────────

  /**
   * x (outer, size, inner) at int32 ids along its middle → out (outer, count, inner), of either type. The
   * ids are (count) when `shared`, else (outer, count, inner), one for each element. Returns the position
   * of the first id outside [0, size), or −1; then nothing is written.
   */
  take(
    out: P,
    x: P,
    ids: P,
    outer: number,
    size: number,
    count: number,
    inner: number,
    shared: boolean,
  ): number;
  /**
   * The way back: x (outer, count, inner) goes into out (outer, size, inner) at the ids, or, with
   * `accumulate` (float32 only), is added there, in the order of the ids. Returns as `take`.
   */
  put(
    out: P,
    x: P,
    ids: P,
    outer: number,
    size: number,
    count: number,
    inner: number,
    shared: boolean,
    accumulate: boolean,
  ): number;

  // ── Softmax and cross-entropy ─────────────────────────────────────────────────────────────────

  /** Over the last dimension, less the row's maximum first. `log`: log-softmax. A row of −∞ gives NaN. In place is allowed. */
  softmax(out: P, x: P, rows: number, cols: number, log: boolean): void;
  /** From y, the forward's result. `dx` may be `dy`. */
  softmaxBackward(dx: P, dy: P, y: P, rows: number, cols: number, log: boolean): void;
  /**
   * Per row: `lse = log Σ exp(x)` and `loss = (1 − s)(lse − x[target]) + s (lse − mean x)`, s the label
   * smoothing (Szegedy et al. 2016, §7). `lse` is (rows, 2): the row's maximum, and log Σ exp(x − max);
   * their sum would be rounded to the size of the maximum. With s = 0 the second term is not computed, so that logits of −∞
   * mask classes. Rows whose target is `ignoreIndex` (which may lie in [0, cols)) have loss 0; their lse is
   * not promised. Returns the position of the first target that is neither in [0, cols) nor `ignoreIndex`,
   * or −1; if there is one, the outputs are not promised.
   */
  crossEntropy(
    losses: P,
    lse: P,
    logits: P,
    ldLogits: number,
    targets: P,
    rows: number,
    cols: number,
    smoothing: number,
    ignoreIndex: number,
  ): number;
  /** `out[0]` = Σ losses / count (NaN when count is 0), `out[1]` = count of targets other than `ignoreIndex`. */
  meanLoss(out: P, losses: P, targets: P, rows: number, ignoreIndex: number): void;
  /**
   * Gradient of the mean loss with respect to the logits, for a block of columns
   * [column0, column0 + cols) of `vocab` in all (the pointers are at the block's first column): `(exp(x − max − log) − (1 − s)·[j = target] − s/vocab) · dloss[0] / count[0]`;
   * zero rows where the target is `ignoreIndex`. `dlogits` may be `logits`; both have row stride `ld`, and
   * what lies between the rows is left alone.
   */
  crossEntropyBackward(
    dlogits: P,
    logits: P,
    ld: number,
    lse: P,
    targets: P,
    rows: number,
    cols: number,
    column0: number,
    vocab: number,
    smoothing: number,
    ignoreIndex: number,
    dloss: P,
    count: P,
  ): void;

  // ── Attention ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Causal attention. Query i stands at position p = i + Tk − Tq and sees keys j with p − window < j ≤ p, in
   * the head of k and v that its head belongs to, ⌊h / (H / kvHeads)⌋. With `s[i, j] = scale · Σ q[i]·k[j]`,
   * capped where asked for, and `w = softmax(s)` over the keys seen: `out[i] = Σ w[i, j] · v[j]`. Weights are
   * dropped as `dropout` does it with (B, H, Tq, Tk) of them. `lse` is (B, H, Tq, 2): the greatest score, and
   * `log Σ exp(s − max)`. What a query does not see does not count, whatever it is.
   * Sources: Vaswani et al. 2017; Milakov & Gimelshein 2018; Dao et al. 2022; Ainslie et al. 2023 (grouped heads).
   */
  attention(out: P, lse: P, q: P, k: P, v: P, size: AttentionSize): void;
  /**
   * From what the forward was given and gave. Gradients have their operands' steps; those of positions that
   * no query sees are 0. What is null is not computed. Where something is not finite, gradients are not promised.
   */
  attentionBackward(
    dq: P | null,
    dk: P | null,
    dv: P | null,
    dout: P,
    q: P,
    k: P,
    v: P,
    out: P,
    lse: P,
    size: AttentionSize,
  ): void;

  // ── Rotary positions ──────────────────────────────────────────────────────────────────────────

  /**
   * x (batch, time, heads, width): in each of the first `turned` heads, of its first `dims` numbers (even),
   * `out[i] = x[i] · cos[i] + x[partner of i] · sin[i]`; the rest is copied. `table` is (time, 2, dims): the
   * cosines and the sines, which have the sign that i's place in its pair asks for. Partners are neighbours
   * when `interleaved`, else dims / 2 apart. `back` takes the sines' negatives: the inverse, and the gradient.
   * In place is allowed. Source: Su et al. 2021.
   */
  rotary(
    out: P,
    x: P,
    table: P,
    batch: number,
    time: number,
    heads: number,
    turned: number,
    width: number,
    dims: number,
    interleaved: boolean,
    back: boolean,
  ): void;

  // ── Gated units ───────────────────────────────────────────────────────────────────────────────

  /** `out = f(gate) · up`, out (rows, cols), gate and up with rows `ld` apart. Source: Shazeer 2020. */
  gated(op: GatedOp, out: P, gate: P, up: P, rows: number, cols: number, ld: number): void;
  /** `dgate = dy · up · f′(gate)`, `dup = dy · f(gate)`, rows `ld` apart. They may be gate and up. At gate = ±∞ not promised. */
  gatedBackward(
    op: GatedOp,
    dgate: P,
    dup: P,
    dy: P,
    gate: P,
    up: P,
    rows: number,
    cols: number,
    ld: number,
  ): void;

  // ── Normalisation ─────────────────────────────────────────────────────────────────────────────

  /**
   * Every row of (rows, cols): `out = (x − mean) · rstd · weight + bias`, with the row's own mean and
   * `rstd = 1 / √(variance + eps)`, the variance divided by cols; both (rows) are written. weight and
   * bias have cols values, or are null for 1 and 0. Not `centred`: the mean counts as 0, so that the
   * variance is the mean of squares, and `mean` is left alone (it may be any pointer): RMSNorm. A NaN or
   * infinity becomes NaN; the rest of its row, and the row's statistics, are not promised then.
   * Sources: Ba, Kiros & Hinton 2016; Zhang & Sennrich 2019.
   */
  layerNorm(
    out: P,
    mean: P,
    rstd: P,
    x: P,
    weight: P | null,
    bias: P | null,
    rows: number,
    cols: number,
    eps: number,
    centred: boolean,
  ): void;
  /**
   * From x and the forward's mean and rstd, with x̂ = (x − mean) · rstd and g = dy · weight:
   * `dx = rstd · (g − mean g − x̂ · mean(g · x̂))`, means over the row, the first of them 0 unless
   * `centred`; `dweight = Σ dy · x̂`, `dbias = Σ dy` over the rows. What is null is not computed. `dx` may be `dy`.
   */
  layerNormBackward(
    dx: P | null,
    dweight: P | null,
    dbias: P | null,
    dy: P,
    x: P,
    mean: P,
    rstd: P,
    weight: P | null,
    rows: number,
    cols: number,
    centred: boolean,
  ): void;
  /**
   * x (parts, rows, channels): `out = (x − mean) / √(variance + eps) · weight + bias` in every channel of
   * every part, mean and variance (parts, channels). They are read when `given`; otherwise they are the
   * part's own, over its rows, the variance divided by the number of rows, and are written. weight and
   * bias have `channels` values, or are null for 1 and 0. Without rows nothing is written. Where statistics
   * are computed, NaN and infinity become NaN; what else shares their statistics is not promised then.
   * Source: Ioffe & Szegedy 2015.
   */
  batchNorm(
    out: P,
    mean: P,
    variance: P,
    x: P,
    weight: P | null,
    bias: P | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void;
  /**
   * As `layerNormBackward`, over the rows of each part in place of the columns; `dweight` and `dbias`
   * (channels) are sums over all parts. With `given` statistics nothing comes back through them:
   * `dx = weight / √(variance + eps) · dy`.
   */
  batchNormBackward(
    dx: P | null,
    dweight: P | null,
    dbias: P | null,
    dy: P,
    x: P,
    mean: P,
    variance: P,
    weight: P | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void;

  // ── Embedding ─────────────────────────────────────────────────────────────────────────────────

  /** `out[i] = weight[ids[i]]`, rows of `width`. Returns the position of the first id outside [0, vocab), or −1; then nothing is written. */
  gatherRows(out: P, weight: P, ids: P, count: number, vocab: number, width: number): number;
  /**
   * Gradient of `gatherRows` by rows: `rows` gets the distinct ids ascending, `values` the sum of the dy
   * rows with that id, in order of position. Both have room for `count` rows. Returns how many there are.
   */
  sumRowsById(rows: P, values: P, dy: P, ids: P, count: number, width: number): number;
  /** `out[rows[i]] += values[i]`; the rows are distinct. */
  addRows(out: P, rows: P, values: P, rowCount: number, width: number): void;

  // ── Optimizers ────────────────────────────────────────────────────────────────────────────────

  /**
   * SGD as PyTorch's: `g = gradScale·g + weightDecay·p; m = momentum·m + (1 − dampening)·g;
   * g = nesterov ? g + momentum·m : m; p −= lr·g`. On the `first` step m = g. Row gradients without momentum and decay touch only
   * their rows; otherwise every row takes part with a gradient of zero.
   */
  sgdStep(
    updates: readonly ParameterUpdate<P>[],
    gradScale: number,
    momentum: number,
    dampening: number,
    nesterov: boolean,
    first: boolean,
  ): void;
  /**
   * AdamW (Loshchilov & Hutter 2019), as PyTorch's: `p −= lr·weightDecay·p; m = β1 m + (1 − β1) g;
   * v = β2 v + (1 − β2) g²; p −= lr · m̂ / (√v̂ + eps)`, m̂ = m / (1 − β1^step), v̂ likewise. `step` counts from 1.
   * Every row takes part, those without a gradient too.
   */
  adamwStep(
    updates: readonly ParameterUpdate<P>[],
    gradScale: number,
    beta1: number,
    beta2: number,
    eps: number,
    step: number,
  ): void;
  /** Σ g² over all gradients, in double precision, in fixed blocks (its root is the global norm). */
  gradientSumOfSquares(updates: readonly ParameterUpdate<P>[]): number;
}
