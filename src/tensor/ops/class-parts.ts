/**
 * Cross-entropy straight from the layer before it, over classes that are cut into parts: one process goes through
 * all of them, or each of several, which all have the same rows, has a stretch of parts, so that neither these classes' weights nor
 * their gradients have to travel. Shoeybi et al. 2019, "Megatron-LM", section 3 (the output embedding).
 *
 * Sums over classes are made in each part, then over the parts in a tree. So it does not matter for the bits who has which parts.
 *
 * A part's exponentials are relative to its own maximum, and what is made of them is brought to a common measure once
 * all parts' sums are known: until then, which is as long as a product, nobody waits for these.
 */
import type { Operation } from '../tape.js';
import { readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { beginSums, Hits, measure } from './class-sums.js';
import { type ClassRanks, type PartSettings, type Work, workOf } from './class-work.js';
import { badTarget, checkFused, saveGradients, scaledGradients } from './fused-loss.js';
import { branchesIn, joinBranches, sumBranch } from './part-tree.js';
import { product } from './product.js';

/** Σ exp(x) · weight over each of the own parts: (parts, N, C). */
function partProducts({ x, N, C, parts, begin, width, weight, logits }: Work): Tensor {
  const all = x.empty([parts.length, N, C]);
  parts.forEach(({ begin: first, count }, i) => {
    const column = first - begin;
    const columns = logits.alias([N * width - column], column);
    const part = weight.alias([count, C], weight.offset + first * C);
    // (N, count) · (count, C) → (N, C)
    product(all.alias([N, C], i * N * C), columns, part, { m: N, n: C, k: count, lda: width });
  });
  return all;
}

/** What makes gradients of the mean loss of exponentials: factors (N, own parts); and what a target takes away. */
interface Shares {
  readonly factors: Float64Array;
  readonly hits: Hits;
  readonly scale: number;
}

/** Each part's product, times what its exponentials are probabilities with, less the weights of the targets that it has. */
function scaleProducts(products: Tensor, work: Work, { factors, hits, scale }: Shares): void {
  const { x, N, C, parts, weight, begin } = work;
  const { backend } = x;
  const ofRows = x.empty([parts.length, N]);
  // (N, parts) → (parts, N)
  const byPart = factors.map((_, i) => factors[(i % N) * parts.length + Math.floor(i / N)]!);
  backend.write(ofRows.pointer, 'float32', byPart);
  // Each row of each product is one part of its own: (parts · N, C) times (parts · N, 1).
  const whole = work.bounds.empty([2], 'int32');
  backend.write(whole.pointer, 'int32', Int32Array.of(0, C));
  backend.scaleParts(products.pointer, C, ofRows.pointer, whole.pointer, parts.length * N, 1);
  for (const [row, column] of hits.here) {
    const target = begin + column;
    const part = parts.findIndex(({ begin: first, count }) => target < first + count);
    const at = backend.offset(products.pointer, (part * N + row) * C);
    backend.addScaled(at, backend.offset(weight.pointer, target * C), C, -scale);
  }
}

/** Begins dx, which takes what all parts have of it; the function returned waits for that. */
function beginInputGradient(
  work: Work,
  products: Tensor,
  shares: Shares,
  ranks: ClassRanks | undefined,
): () => Tensor {
  const { x, N, C, rank, cut } = work;
  scaleProducts(products, work, shares);
  const branchesOf = cut.slice(1).map((end, i) => branchesIn(cut[i]!, end));
  const productOf = (part: number) => products.alias([N, C], (part - cut[rank]!) * N * C);
  const mine = branchesOf[rank]!.map((branch) => ({ branch, sum: sumBranch(branch, productOf) }));
  /** The sum lies among the products, which are many times as large. */
  const apart = (sum: Tensor) => {
    const dx = x.empty([N, C]).copy_(sum);
    products.dispose();
    return dx;
  };
  if (!ranks) return () => apart(joinBranches(mine));
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
    return apart(joinBranches(all));
  };
}

/** Of the weight and the bias the own classes, the others being whatever was there; null where none is wanted. */
function parameterGradients(work: Work, wantsWeight: boolean, wantsBias: boolean) {
  const { x, N, C, begin, width, weight, bias, logits } = work;
  let dWeight: Tensor | null = null;
  if (wantsWeight) {
    dWeight = weight.empty(weight.shape);
    // (N, width)ᵀ · (N, C) → (width, C)
    const own = dWeight.alias([width, C], begin * C);
    product(own, logits, x, { m: width, n: C, k: N, transA: true });
  }
  let dBias: Tensor | null = null;
  if (wantsBias && bias) {
    dBias = bias.empty(bias.shape);
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
    const { N, logits, parts, width, bounds } = work;
    const V = weight.shape[0]!;
    const { backend } = x;
    const classes = targets.dataSync() as Int32Array;
    const bad = classes.findIndex((c) => c !== ignoreIndex && (c < 0 || c >= V));
    if (bad >= 0) throw badTarget('linearCrossEntropy', targets, bad, V);
    const hits = new Hits(work, classes, ignoreIndex);
    const whatIsSaid = beginSums(work, hits, ranks);
    const products = context.needs(0) ? partProducts(work) : null;
    const said = whatIsSaid();
    const { lse, factors: all } = measure(said, N);

    const losses = lse.map((value, row) =>
      classes[row] === ignoreIndex ? 0 : value - hits.logits[row]!,
    );
    const result = x.empty([2]); // mean loss, count
    const loss = x.empty([N]);
    backend.write(loss.pointer, 'float32', losses);
    backend.meanLoss(result.pointer, loss.pointer, targets.pointer, N, ignoreIndex);
    if (!context.recording) return result.alias([]);

    const scale = 1 / classes.reduce((count, c) => count + (c === ignoreIndex ? 0 : 1), 0);
    // (N, all parts) → (N, own parts), of the mean loss
    const total = all.length / Math.max(1, N);
    const first = work.cut[work.rank]!;
    const factors = new Float64Array(N * parts.length).map((_, i) => {
      const row = Math.floor(i / parts.length);
      const factor = all[row * total + first + (i % parts.length)]!;
      return classes[row] === ignoreIndex ? 0 : factor * scale;
    });
    // What the ranks hand each other of dx is on its way while the rest is computed.
    const shares = { factors, hits, scale };
    const dx = products ? beginInputGradient(work, products, shares, ranks) : () => null;
    const own = x.empty([N, parts.length]);
    backend.write(own.pointer, 'float32', factors);
    backend.scaleParts(logits.pointer, width, own.pointer, bounds.pointer, N, parts.length);
    hits.subtract(work, scale);
    const wantsBias = bias !== undefined && context.needs(3);
    const { dWeight, dBias } = parameterGradients(work, context.needs(1), wantsBias);
    const gradients = [dx(), dWeight, null, dBias];
    logits.dispose();
    saveGradients(context, gradients, result);
    return result.alias([]);
  },
  backward: scaledGradients,
};
