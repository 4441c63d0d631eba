/** What all parts of the classes together say of a row: log Σ exp(x), and the logit that should have been the greatest. */
import { treeSum } from '../../util/tree-sum.js';
import type { ClassRanks, Work } from './class-work.js';
import { product } from './product.js';

/** Of each row what parts say, those of one process together: (N, parts, 2), the maximum and Σ exp(x − maximum). */
export interface Said {
  readonly sums: Float64Array;
  readonly parts: number;
}

/** Computes the own logits and their exponentials; the function returned waits for what all processes say. */
export function beginSums(work: Work, hits: Hits, ranks: ClassRanks | undefined): () => Said[] {
  const { x, N, C, cut, rank, bounds, parts, weight, bias, begin, width, logits } = work;
  const { backend } = x;
  // (N, C) · (width, C)ᵀ → (N, width)
  product(logits, x, weight.alias([width, C], weight.offset + begin * C), {
    ...{ m: N, n: width, k: C, transB: true },
    ...(bias && { bias: bias.alias([width], bias.offset + begin) }),
  });
  hits.readLogits(work);
  // Of each process: (N, its parts, 2), then the logits of those targets that it has, (N).
  const said = cut.slice(1).map((end, i) => x.empty([(2 * (end - cut[i]!) + 1) * N]));
  const own = said[rank]!;
  backend.expParts(logits.pointer, own.pointer, width, bounds.pointer, N, parts.length);
  backend.write(backend.offset(own.pointer, own.numel - N), 'float32', hits.logits);
  const arrive = ranks?.handOver([own], said);
  return () => {
    arrive?.();
    return said.map((of, i) => {
      const values = new Float64Array(of.numel);
      backend.read(of.pointer, 'float32', values);
      const end = of.numel - N;
      if (i !== rank) hits.add(values.subarray(end));
      return { sums: values.subarray(0, end), parts: cut[i + 1]! - cut[i]! };
    });
  };
}

/** The classes that the rows should have had. */
export class Hits {
  /** Of the targets that are not ignored: (N), those that are somewhere else 0 until they are added. */
  readonly logits: Float64Array;
  /** Those that are here: row, and column of the own logits. */
  readonly here: (readonly [row: number, column: number])[] = [];

  constructor({ N, begin, width }: Work, classes: Int32Array, ignoreIndex: number) {
    this.logits = new Float64Array(N);
    classes.forEach((target, row) => {
      const column = target - begin;
      if (target !== ignoreIndex && column >= 0 && column < width) this.here.push([row, column]);
    });
  }

  readLogits(work: Work): void {
    for (const [row, column] of this.here) this.logits[row] = this.#at(work, row, column)[0]!;
  }

  add(others: Float64Array): void {
    others.forEach((logit, row) => {
      this.logits[row]! += logit;
    });
  }

  /** Takes `amount` from each of those numbers that are here. */
  subtract(work: Work, amount: number): void {
    const { backend } = work.logits;
    for (const [row, column] of this.here) {
      const value = this.#at(work, row, column);
      value[0]! -= amount;
      const at = row * work.width + column;
      backend.write(backend.offset(work.logits.pointer, at), 'float32', value);
    }
  }

  #at({ logits, width }: Work, row: number, column: number): Float64Array {
    const value = new Float64Array(1);
    const { backend } = logits;
    backend.read(backend.offset(logits.pointer, row * width + column), 'float32', value);
    return value;
  }
}

/** log Σ exp(x) over all classes, row by row, and with what each part's exponentials are multiplied to be probabilities. */
export function measure(said: readonly Said[], N: number) {
  const total = said.reduce((sum, { parts }) => sum + parts, 0);
  const lse = new Float64Array(N);
  const factors = new Float64Array(N * total); // (N, parts)
  const terms = new Float64Array(total);
  for (let row = 0; row < N; row++) {
    let greatest = -Infinity;
    for (const { sums, parts } of said) {
      const end = 2 * parts * (row + 1);
      for (let i = 2 * parts * row; i < end; i += 2) greatest = Math.max(greatest, sums[i]!);
    }
    let part = row * total;
    for (const { sums, parts } of said) {
      const end = 2 * parts * (row + 1);
      for (let i = 2 * parts * row; i < end; i += 2, part++) {
        factors[part] = Math.exp(sums[i]! - greatest);
        terms[part - row * total] = factors[part]! * sums[i + 1]!;
      }
    }
    const sum = treeSum(terms);
    lse[row] = greatest + Math.log(sum);
    for (let i = row * total; i < part; i++) factors[i]! /= sum;
  }
  return { lse, factors };
}
