/** Classes in parts, and who has which of them: what the cross-entropy over them (class-parts.ts) works on. */
import type { Tensor } from '../tensor.js';

/** Processes that have a stretch of the parts each, and the same rows and targets. All call the same methods in the same order. */
export interface ClassRanks {
  /** Which of them this one is. */
  readonly rank: number;
  /** The first part of each, in their order; at the end, how many parts there are. Each has at least one. */
  readonly cut: readonly number[];
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
export interface Part {
  readonly begin: number;
  readonly count: number;
}

/** What there is to do here: all rows, and of them the classes of some parts. */
export interface Work {
  readonly x: Tensor; // (N, C)
  readonly targets: Tensor; // (N)
  readonly N: number;
  readonly C: number;
  /** This process, and the first part of each. */
  readonly rank: number;
  readonly cut: readonly number[];
  readonly parts: readonly Part[];
  /** Where each begins, from the first class of all on; at the end, where they end. */
  readonly bounds: Tensor; // (parts + 1)
  /** The classes of all these parts, and their logits; from `expParts` on, what is made of these. */
  readonly begin: number;
  readonly width: number;
  readonly logits: Tensor; // (N, width)
  readonly weight: Tensor; // (V, C)
  readonly bias: Tensor | undefined; // (V)
}

export function workOf(
  [x, weight, targets, bias]: readonly Tensor[],
  settings: PartSettings,
): Work {
  const [V, C] = weight.shape;
  const N = targets.numel;
  const { parts: total, ranks } = settings;
  const { rank, cut } = ranks ?? { rank: 0, cut: [0, total] };
  const all = Array.from({ length: total + 1 }, (_, part) => firstClass(part, settings, V));
  const mine = all.slice(cut[rank]!, cut[rank + 1]! + 1);
  const [begin, width] = [mine[0]!, mine.at(-1)! - mine[0]!];
  const bounds = targets.empty([mine.length], 'int32');
  const { backend } = x;
  backend.write(
    bounds.pointer,
    'int32',
    Int32Array.from(mine, (at) => at - begin),
  );
  return {
    x: x.alias([N, C]), // (…, C) → (N, C)
    targets: targets.alias([N]),
    ...{ N, C, rank, cut, bounds, weight, bias, begin, width },
    parts: mine.slice(1).map((end, i) => ({ begin: mine[i]!, count: end - mine[i]! })),
    logits: x.empty([N, width]),
  };
}
