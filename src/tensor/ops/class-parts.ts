/**
 * Cross-entropy straight from the layer before it, over classes that are cut into parts: one process goes through
 * all of them, or each of several, which all have the same rows, has a stretch of parts, so that neither these classes' weights nor
 * their gradients have to travel. Shoeybi et al. 2019, "Megatron-LM", section 3 (the output embedding).
 *
 * Sums over classes are made in each part, then over the parts in a tree. So it does not matter for the bits who has which parts.
 */
import type { Operation } from '../tape.js';
import { readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { unitStorage } from '../unit.js';
import { badTarget, checkFused, saveGradients, scaledGradients } from './fused-loss.js';
import { branchesIn, joinBranches, sumBranch, treeSum } from './part-tree.js';
import { product } from './product.js';

/** Processes that have a stretch of the parts each, and the same rows and targets. All call the same methods in the same order. */
export interface ClassRanks {
  /** Which of them this one is. */
  readonly rank: number;
  /** The first part of each, in their order; at the end, how many parts there are. Each has at least one. */
  readonly cut: readonly number[];
  /** Gives every process the stretches of all; `stretches[i]` is known to process i. */
  share(stretches: readonly Tensor[]): void;
  /**
   * Begins to hand tensors to every other process, which may be changed at once, and to receive what process i gives into
   * `wanted[i]`; the own place is not looked at. The function returned waits for what is wanted.
   */
  handOver(given: readonly Tensor[], wanted: readonly Tensor[]): () => void;
}

/** Into how many parts classes are cut, and who goes through them. */
export interface ClassParts {
  /** A power of two, at most half as many as there are classes: one class alone is added up in another order. */
  readonly parts: number;
  /** Those who share the parts; without them this process goes through all. */
  readonly ranks?: ClassRanks | undefined;
}

export interface PartSettings extends ClassParts {
  readonly ignoreIndex: number;
}

/** The first class of part `part`, of V classes; V for the part after the last. */
export function firstClass(part: number, { parts }: ClassParts, V: number): number {
  return Math.floor((part * V) / parts);
}

/** Classes [begin, begin + count). */
interface Part {
  readonly begin: number;
  readonly count: number;
}

/** What there is to do here: all rows, and of them the classes of some parts. */
interface Work {
  readonly x: Tensor; // (N, C)
  readonly targets: Tensor; // (N)
  readonly N: number;
  /** This process, and the first part of each. */
  readonly rank: number;
  readonly cut: readonly number[];
  readonly parts: readonly Part[];
  /** The classes of all these parts, and their logits. */
  readonly begin: number;
  readonly width: number;
  readonly logits: Tensor; // (N, width)
  readonly weight: Tensor; // (V, C)
  readonly bias: Tensor | undefined; // (V)
}

function workOf([x, weight, targets, bias]: readonly Tensor[], settings: PartSettings): Work {
  const [V, C] = weight.shape;
  const N = targets.numel;
  const { parts: total, ranks } = settings;
  const { rank, cut } = ranks ?? { rank: 0, cut: [0, total] };
  const bounds = Array.from({ length: total + 1 }, (_, part) => firstClass(part, settings, V));
  const mine = bounds.slice(cut[rank]!, cut[rank + 1]! + 1);
  const [begin, width] = [mine[0]!, mine.at(-1)! - mine[0]!];
  return {
    x: x.alias([N, C]), // (…, C) → (N, C)
    targets: targets.alias([N]),
    ...{ N, rank, cut, weight, bias, begin, width },
    parts: mine.slice(1).map((end, i) => ({ begin: mine[i]!, count: end - mine[i]! })),
    logits: x.empty([N, width]),
  };
}

/** Of each row: the maximum over all classes, log Σ exp(x − maximum), and the target's logit. */
interface Sums {
  readonly max: Float64Array;
  readonly log: Float64Array;
  readonly hit: Float64Array;
}

/** Computes the own parts' logits, and what all parts together say of the rows. */
function sumsOverClasses(work: Work, classes: Int32Array, settings: PartSettings): Sums {
  const { x, targets, N, cut, rank, parts, weight, bias, begin, width, logits } = work;
  const C = weight.shape[1]!;
  const { backend } = x;
  // Of each process: (its parts, N, 2), the maximum and log Σ exp(x − maximum); then the logits of those targets that it has, (N).
  const sizes = cut.slice(1).map((end, i) => (2 * (end - cut[i]!) + 1) * N);
  const said = x.empty([sizes.reduce((sum, size) => sum + size)]);
  let at = 0;
  const stretches = sizes.map((size) => {
    at += size;
    return said.alias([size], at - size);
  });
  const own = stretches[rank]!;
  const losses = x.empty([N]);
  const none = targets.empty([N]).fill_(0); // each part has a first class: its loss is not looked at
  // (N, C) · (width, C)ᵀ → (N, width)
  product(logits, x, weight.alias([width, C], weight.offset + begin * C), {
    ...{ m: N, n: width, k: C, transB: true },
    ...(bias && { bias: bias.alias([width], bias.offset + begin) }),
  });
  parts.forEach(({ begin: first, count }, i) => {
    const here = backend.offset(logits.pointer, first - begin);
    const lse = backend.offset(own.pointer, 2 * i * N);
    // biome-ignore format: the operands, then the sizes
    backend.crossEntropy(losses.pointer, lse, here, width, none.pointer, N, count, 0, -1);
  });
  const hits = targetLogits(work, classes, settings);
  backend.write(backend.offset(own.pointer, 2 * parts.length * N), 'float32', hits);
  settings.ranks?.share(stretches);
  return sumsOf(said, sizes, N);
}

/** The logits of those targets whose classes are here, and 0 for others. */
function targetLogits(work: Work, classes: Int32Array, { ignoreIndex }: PartSettings) {
  const { begin, width, logits } = work;
  const { backend } = logits;
  const hits = new Float64Array(classes.length);
  const one = new Float64Array(1);
  classes.forEach((target, row) => {
    if (target === ignoreIndex || target < begin || target >= begin + width) return;
    backend.read(backend.offset(logits.pointer, row * width + target - begin), 'float32', one);
    hits[row] = one[0]!;
  });
  return hits;
}

function sumsOf(said: Tensor, sizes: readonly number[], N: number): Sums {
  const values = new Float64Array(said.numel);
  said.backend.read(said.pointer, 'float32', values);
  const ofParts: Float64Array[] = [];
  const hit = new Float64Array(N);
  let at = 0;
  for (const size of sizes) {
    const end = at + size;
    for (; at < end - N; at += 2 * N) ofParts.push(values.subarray(at, at + 2 * N));
    for (let row = 0; row < N; row++, at++) hit[row]! += values[at]!;
  }
  const max = new Float64Array(N);
  const log = new Float64Array(N);
  const terms = new Float64Array(ofParts.length);
  for (let row = 0; row < N; row++) {
    let most = -Infinity;
    for (const of of ofParts) most = Math.max(most, of[2 * row]!);
    max[row] = most;
    ofParts.forEach((of, i) => {
      terms[i] = Math.exp(of[2 * row]! - most + of[2 * row + 1]!);
    });
    log[row] = Math.log(treeSum(terms));
  }
  return { max, log, hit };
}

/** Turns the logits, in place, into the gradients of the mean loss over `count` rows, a tensor of one number. */
function differentiate(work: Work, { max, log }: Sums, count: Tensor, ignoreIndex: number): void {
  const { x, N, begin, width, weight, targets, logits } = work;
  const { backend } = weight;
  const lse = x.empty([N, 2]);
  const pairs = new Float64Array(2 * N);
  for (let row = 0; row < N; row++) pairs.set([max[row]!, log[row]!], 2 * row);
  backend.write(lse.pointer, 'float32', pairs);
  backend.crossEntropyBackward(
    logits.pointer,
    logits.pointer,
    width,
    lse.pointer,
    targets.pointer,
    N,
    width,
    begin,
    weight.shape[0]!,
    0,
    ignoreIndex,
    unitStorage(backend).pointer,
    count.pointer,
  );
}

/** Begins dx, which takes what all parts have of it; the function returned waits for that. */
function beginInputGradient(work: Work, ranks: ClassRanks | undefined): () => Tensor {
  const { x, N, rank, cut, parts, begin, width, weight, logits } = work;
  const C = weight.shape[1]!;
  const branchesOf = cut.slice(1).map((end, i) => branchesIn(cut[i]!, end));
  const mine = branchesOf[rank]!.map((branch) => {
    const sum = x.empty([N, C]);
    sumBranch(sum, branch, (into, i) => {
      const { begin: first, count } = parts[i - cut[rank]!]!;
      const column = first - begin;
      const columns = logits.alias([N * width - column], column);
      // (N, count) · (count, C) → (N, C)
      const part = weight.alias([count, C], weight.offset + first * C);
      product(into, columns, part, { m: N, n: C, k: count, lda: width });
    });
    return { branch, sum };
  });
  if (!ranks) return () => joinBranches(mine);
  const wanted = branchesOf.map((branches) => x.empty([branches.length, N, C]));
  const given = mine.map(({ sum }) => sum);
  const arrive = ranks.handOver(given, wanted);
  return () => {
    arrive();
    const all = branchesOf.flatMap((branches, i) =>
      i === rank
        ? mine
        : branches.map((branch, j) => ({ branch, sum: wanted[i]!.alias([N, C], j * N * C) })),
    );
    return joinBranches(all);
  };
}

/** Of the weight and the bias the own classes, the others being whatever was there; null where none is wanted. */
function parameterGradients(work: Work, wantsWeight: boolean, wantsBias: boolean) {
  const { x, N, begin, width, weight, bias, logits } = work;
  const [V, C] = weight.shape;
  let dWeight: Tensor | null = null;
  if (wantsWeight) {
    dWeight = weight.empty([V, C]);
    // (N, width)ᵀ · (N, C) → (width, C)
    const own = dWeight.alias([width, C], begin * C);
    product(own, logits, x, { m: width, n: C, k: N, transA: true });
  }
  let dBias: Tensor | null = null;
  if (wantsBias && bias) {
    dBias = bias.empty([V]);
    const own = dBias.alias([width], begin);
    own.backend.reduce('sum', own.pointer, logits.pointer, 1, N, width); // (N, width) → (width)
  }
  return { dWeight, dBias };
}

/** The gradients are those of the mean loss itself, made in the forward; the backward only scales them. */
export const linearCrossEntropyInParts: Operation<readonly Tensor[], PartSettings> = {
  name: 'linearCrossEntropy',
  reads: readsNone,
  forward(context, inputs, settings) {
    const [x, weight, targets, bias] = inputs;
    checkFused(x, weight, targets, bias);
    const { ignoreIndex, ranks } = settings;
    const work = workOf(inputs, settings);
    const { N, logits } = work;
    const V = weight.shape[0]!;
    const { backend } = x;
    const classes = targets.dataSync() as Int32Array;
    const bad = classes.findIndex((c) => c !== ignoreIndex && (c < 0 || c >= V));
    if (bad >= 0) throw badTarget('linearCrossEntropy', targets, bad, V);
    const sums = sumsOverClasses(work, classes, settings);
    const { max, log, hit } = sums;
    const losses = new Float64Array(N);
    classes.forEach((target, row) => {
      if (target !== ignoreIndex) losses[row] = log[row]! + max[row]! - hit[row]!;
    });
    const result = x.empty([2]); // mean loss, count
    const loss = x.empty([N]);
    backend.write(loss.pointer, 'float32', losses);
    backend.meanLoss(result.pointer, loss.pointer, targets.pointer, N, ignoreIndex);
    if (!context.recording) return result.alias([]);
    differentiate(work, sums, result.alias([1], 1), ignoreIndex);
    // What the ranks hand each other of dx is on its way while the rest is computed.
    const dx = context.needs(0) ? beginInputGradient(work, ranks) : () => null;
    const wantsBias = bias !== undefined && context.needs(3);
    const { dWeight, dBias } = parameterGradients(work, context.needs(1), wantsBias);
    const gradients = [dx(), dWeight, null, dBias];
    logits.dispose();
    saveGradients(context, gradients, result);
    return result.alias([]);
  },
  backward: scaledGradients,
};
