/**
 * Cross-entropy straight from the layer before it, over classes that are cut into parts: one process goes through
 * all of them, or each of several has one part for the rows of all, so that neither that part's weights nor
 * their gradients have to travel. Shoeybi et al. 2019, "Megatron-LM", section 3 (the output embedding).
 *
 * Sums over classes are made in each part, then over the parts in a tree, neighbours first; sums over rows in
 * those that belong together (a micro-batch), then over these in the same tree. So both ways have the same bits.
 */
import type { Operation } from '../tape.js';
import { readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { unitStorage } from '../unit.js';
import { badTarget, checkFused, saveGradients, scaledGradients } from './fused-loss.js';
import { product } from './product.js';

/** Processes that have one part of the classes each. All call the same methods in the same order. */
export interface ClassRanks {
  /** Which part is this one's. */
  readonly rank: number;
  /** (N, …) of each process → (parts · N, …), in their order. */
  gather(own: Tensor): Tensor;
  /** Begins to hand over a tensor that the next `sum` adds up, and that is not changed before. */
  begin(tensor: Tensor): void;
  /** Adds up a tensor of all processes, in place, in a tree: neighbours first. */
  sum(tensor: Tensor): void;
  /** The greatest of all processes' numbers, place by place, in place. */
  most(numbers: Float64Array): void;
  /** Adds up numbers of all processes, place by place, in place, in the same tree. */
  plus(numbers: Float64Array): void;
}

/** Into how many parts classes are cut, and who goes through them. */
export interface ClassParts {
  /** A power of two, at most half as many as there are classes: one class alone is added up in another order. */
  readonly parts: number;
  /** As many processes as parts; without them this one goes through all. Then each has the same number of rows. */
  readonly ranks?: ClassRanks | undefined;
}

/**
 * Results up to which the rows of several micro-batches times a part's weights are one product: a long sum is cut
 * otherwise for more results than that (DEEP_RESULTS in kernels/matmul.c), and would not have the bits of each alone.
 */
const TOGETHER = 1 << 16;

/** Rows up to which a product's sum over them is made in one go (BLOCK_DEPTH there), so that another can be added to it. */
const ONE_BLOCK = 512;

export interface PartSettings extends ClassParts {
  readonly ignoreIndex: number;
}

/** The first class of part `part`, of V classes; V for the part after the last. */
export function firstClass(part: number, { parts }: ClassParts, V: number): number {
  return Math.floor((part * V) / parts);
}

/** What there is to do here: the rows of so many micro-batches, and of them the classes [begin, end). */
interface Work {
  readonly x: Tensor; // (batches · N, C)
  readonly targets: Tensor; // (batches · N)
  readonly batches: number;
  readonly N: number;
  /** This process's own micro-batch. */
  readonly own: number;
  readonly parts: readonly { begin: number; end: number }[];
  readonly begin: number;
  readonly end: number;
  readonly weight: Tensor; // (V, C)
  readonly bias: Tensor | undefined; // (V)
}

function workOf([x, weight, targets, bias]: readonly Tensor[], settings: PartSettings): Work {
  const [V, C] = weight.shape;
  const N = targets.numel;
  const { parts, ranks } = settings;
  const rows = x.alias([N, C]); // (…, C) → (N, C)
  const flat = targets.alias([N]);
  const bounds = Array.from({ length: parts }, (_, part) => ({
    begin: firstClass(part, settings, V),
    end: firstClass(part + 1, settings, V),
  }));
  const mine = ranks ? [bounds[ranks.rank]] : bounds;
  return {
    x: ranks ? ranks.gather(rows) : rows,
    targets: ranks ? ranks.gather(flat) : flat,
    batches: ranks ? parts : 1,
    N,
    own: ranks ? ranks.rank : 0,
    parts: mine,
    begin: mine[0].begin,
    end: mine.at(-1)!.end,
    weight,
    bias,
  };
}

/** Of each row: the maximum over all classes, log Σ exp(x − maximum), and the target's logit. */
interface Sums {
  readonly max: Float64Array;
  readonly log: Float64Array;
  readonly hit: Float64Array;
}

/** From what each part says of its own classes. */
function sumsOverParts(logits: Tensor, classes: Int32Array, work: Work, settings: PartSettings) {
  const { x, targets, parts, begin, end } = work;
  const { ranks, ignoreIndex } = settings;
  const { backend } = logits;
  const rows = classes.length;
  const width = end - begin;
  const losses = x.empty([rows]);
  const lse = x.empty([rows, 2]);
  const none = targets.empty([rows]).fill_(0); // each part has a first class: its loss is not looked at
  const ofParts = parts.map((part) => {
    const here = backend.offset(logits.pointer, part.begin - begin);
    const columns = part.end - part.begin;
    // biome-ignore format: the operands, then the sizes
    backend.crossEntropy(
      losses.pointer, lse.pointer, here, width, none.pointer, rows, columns, 0, -1,
    );
    const read = new Float64Array(2 * rows); // maximum and log Σ exp(x − maximum), row by row
    backend.read(lse.pointer, 'float32', read);
    return read;
  });
  const max = new Float64Array(rows);
  for (let row = 0; row < rows; row++) max[row] = Math.max(...ofParts.map((of) => of[2 * row]!));
  ranks?.most(max);
  const known = new Float64Array(2 * rows); // Σ exp(x − maximum), then the targets' logits
  for (let row = 0; row < rows; row++) {
    const sums = ofParts.map((of) => Math.exp(of[2 * row]! - max[row]! + of[2 * row + 1]!));
    known[row] = treeSum(sums, 0, sums.length);
  }
  const one = new Float64Array(1);
  classes.forEach((target, row) => {
    if (target === ignoreIndex || target < begin || target >= end) return;
    backend.read(backend.offset(logits.pointer, row * width + target - begin), 'float32', one);
    known[rows + row] = one[0]!;
  });
  ranks?.plus(known);
  const log = known.slice(0, rows).map(Math.log);
  return { max, log, hit: known.subarray(rows) } satisfies Sums;
}

function treeSum(values: readonly number[], first: number, count: number): number {
  if (count === 1) return values[first]!;
  return treeSum(values, first, count / 2) + treeSum(values, first + count / 2, count / 2);
}

/** Adds up `count` terms from `first` on in a tree, neighbours first. `make` writes the sum of one or two. */
function sumInTree(
  into: Tensor,
  first: number,
  count: number,
  make: (into: Tensor, first: number, count: number) => void,
  atOnce: 1 | 2,
): void {
  if (count <= atOnce) {
    make(into, first, count);
    return;
  }
  sumInTree(into, first, count / 2, make, atOnce);
  const other = into.empty(into.shape);
  sumInTree(other, first + count / 2, count / 2, make, atOnce);
  into.addScaled_(other, 1);
  other.dispose();
}

/** Of the own rows; of the weight and the bias the own classes, the others being whatever was there. */
function gradientsOf(
  dlogits: Tensor,
  work: Work,
  ranks: ClassRanks | undefined,
  wanted: readonly boolean[],
): (Tensor | null)[] {
  const { x, batches, N, own, parts, begin, end, weight, bias } = work;
  const [V, C] = weight.shape;
  const width = end - begin;
  /** A micro-batch's rows from a column on, `width` apart. */
  const rowsOf = (batch: number, column: number) =>
    dlogits.alias([N * width - column], batch * N * width + column);
  let dx: Tensor | null = null;
  if (wanted[0]) {
    dx = x.empty([batches * N, C]);
    // (N, part) · (part, C) → (N, C), of each micro-batch
    const together = batches * N * C <= TOGETHER ? batches : 1;
    for (let batch = 0; batch < batches; batch += together) {
      const rows = together * N;
      const makePart = (out: Tensor, i: number) => {
        const part = parts[i]!;
        const columns = part.end - part.begin;
        const own = weight.alias([columns, C], weight.offset + part.begin * C);
        const size = { m: rows, n: C, k: columns, lda: width };
        product(out, rowsOf(batch, part.begin - begin), own, size);
      };
      sumInTree(dx.alias([rows, C], batch * N * C), 0, parts.length, makePart, 1);
    }
    ranks?.begin(dx); // on its way while the rest is computed
  }
  let dWeight: Tensor | null = null;
  if (wanted[1]) {
    dWeight = weight.empty([V, C]);
    // (N, width)ᵀ · (N, C) → (width, C), of each micro-batch
    const make = (out: Tensor, first: number, count: number) => {
      for (let batch = first; batch < first + count; batch++) {
        const rows = x.alias([N, C], x.offset + batch * N * C);
        const size = { m: width, n: C, k: N, transA: true, accumulate: batch > first };
        product(out, rowsOf(batch, 0), rows, size);
      }
    };
    const own = dWeight.alias([width, C], begin * C);
    sumInTree(own, 0, batches, make, N <= ONE_BLOCK ? 2 : 1);
  }
  let dBias: Tensor | null = null;
  if (wanted[3] && bias) {
    dBias = bias.empty([V]);
    // (N, width) → (width), of each micro-batch
    const make = (out: Tensor, batch: number) =>
      out.backend.reduce('sum', out.pointer, rowsOf(batch, 0).pointer, 1, N, width);
    sumInTree(dBias.alias([width], begin), 0, batches, make, 1);
  }
  if (dx && ranks) {
    ranks.sum(dx);
    dx = dx.alias([N, C], own * N * C);
  }
  return [dx, dWeight, null, dBias];
}

/** The gradients are those of the mean loss itself, made in the forward; the backward only scales them. */
export const linearCrossEntropyInParts: Operation<readonly Tensor[], PartSettings> = {
  name: 'linearCrossEntropy',
  reads: readsNone,
  forward(context, inputs, settings) {
    const [x, weight, targets, bias] = inputs;
    checkFused(x, weight, targets, bias);
    const { ignoreIndex } = settings;
    const work = workOf(inputs, settings);
    const { batches, N, own, begin, end } = work;
    const V = weight.shape[0]!;
    const C = weight.shape[1]!;
    const [rows, width] = [batches * N, end - begin];
    const { backend } = x;
    const logits = x.empty([rows, width]);
    // (rows, C) · (width, C)ᵀ → (rows, width)
    product(logits, work.x, weight.alias([width, C], weight.offset + begin * C), {
      ...{ m: rows, n: width, k: C, transB: true },
      ...(bias && { bias: bias.alias([width], bias.offset + begin) }),
    });
    const classes = work.targets.dataSync() as Int32Array;
    const { max, log, hit } = sumsOverParts(logits, classes, work, settings);
    const counts = new Float64Array(batches);
    const losses = new Float64Array(N);
    classes.forEach((target, row) => {
      if (target === ignoreIndex) return;
      if (target < 0 || target >= V) throw badTarget('linearCrossEntropy', work.targets, row, V);
      const batch = Math.floor(row / N);
      counts[batch]!++;
      if (batch === own) losses[row - own * N] = log[row]! + max[row]! - hit[row]!;
    });
    const result = x.empty([2]); // mean loss, count
    const loss = x.empty([N]);
    backend.write(loss.pointer, 'float32', losses);
    backend.meanLoss(result.pointer, loss.pointer, targets.pointer, N, ignoreIndex);
    if (!context.recording) return result.alias([]);
    const lse = x.empty([rows, 2]);
    backend.write(
      lse.pointer,
      'float32',
      Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? max : log)[i >> 1]!),
    );
    const count = x.empty([batches]);
    backend.write(count.pointer, 'float32', counts);
    for (let batch = 0; batch < batches; batch++) {
      const at = backend.offset(logits.pointer, batch * N * width);
      backend.crossEntropyBackward(
        at,
        at,
        width,
        backend.offset(lse.pointer, 2 * batch * N),
        backend.offset(work.targets.pointer, batch * N),
        N,
        width,
        begin,
        V,
        0,
        ignoreIndex,
        unitStorage(backend).pointer,
        backend.offset(count.pointer, batch),
      );
    }
    const wanted = inputs.map((_, i) => context.needs(i));
    const gradients = gradientsOf(logits, work, settings.ranks, wanted);
    logits.dispose();
    saveGradients(context, gradients, result);
    return result.alias([]);
  },
  backward: scaledGradients,
};
