/** Parts of a job that is the same every time, dealt out to ranks by how fast each of them is. */
import { plus, type Ranks } from '../distributed/ranks.js';

/** What a step costs a rank, in milliseconds of its own work. */
export interface Cost {
  /** Of one part. */
  readonly perPart: number;
  /** Of all that is the same for every rank. */
  readonly rest: number;
}

/** Steps that are measured before the parts are dealt out anew: twice as many each time, at most so many. */
const FIRST_WINDOW = 8;
const MOST_WINDOW = 256;
/** Part of a step that dealing out anew must save: less is noise, and handing over parts is not free. */
const WORTH = 0.02;

/** Equal shares, as near as whole parts allow: the first part of each rank, and at the end how many there are. */
export function equalCut(parts: number, ranks: number): number[] {
  return Array.from({ length: ranks + 1 }, (_, rank) => Math.floor((rank * parts) / ranks));
}

/** The cut whose slowest rank is as fast as can be. Every rank has a part. */
export function cutByCost(parts: number, costs: readonly Cost[]): number[] {
  const counts = costs.map(() => 1);
  const after = (rank: number) => costs[rank]!.rest + (counts[rank]! + 1) * costs[rank]!.perPart;
  for (let left = parts - costs.length; left > 0; left--) {
    let best = 0;
    for (let rank = 1; rank < costs.length; rank++) if (after(rank) < after(best)) best = rank;
    counts[best]!++;
  }
  const cut = [0];
  for (const count of counts) cut.push(cut.at(-1)! + count);
  return cut;
}

/** How long the slowest rank takes. */
export function slowest(cut: readonly number[], costs: readonly Cost[]): number {
  const times = costs.map(({ perPart, rest }, i) => rest + (cut[i + 1]! - cut[i]!) * perPart);
  return Math.max(...times);
}

/** Measures steps, and now and then says how the parts should be dealt out. */
export class Dealing {
  readonly #ranks: Ranks;
  readonly #parts: number;
  /** The first part of each rank; at the end, how many there are. */
  cut: readonly number[];
  #window = FIRST_WINDOW;
  #onParts: number[] = [];
  #rest: number[] = [];

  constructor(parts: number, ranks: Ranks) {
    this.#ranks = ranks;
    this.#parts = parts;
    this.cut = equalCut(parts, ranks.size);
  }

  /**
   * A step is over, which took this rank so many milliseconds of work. All ranks say so at the same time.
   *
   * @returns a better cut, the same one on every rank, or null. It is not in force before it is set.
   */
  measured(onParts: number, rest: number): readonly number[] | null {
    this.#onParts.push(onParts);
    this.#rest.push(rest);
    if (this.#rest.length < this.#window) return null;
    const { rank, size } = this.#ranks;
    const said = new Float64Array(2 * size);
    said[2 * rank] = median(this.#onParts) / (this.cut[rank + 1]! - this.cut[rank]!);
    said[2 * rank + 1] = median(this.#rest);
    this.#ranks.reduce(said, plus);
    this.#window = Math.min(MOST_WINDOW, 2 * this.#window);
    this.#onParts = [];
    this.#rest = [];
    const costs = this.cut
      .slice(1)
      .map((_, i) => ({ perPart: said[2 * i]!, rest: said[2 * i + 1]! }));
    const better = cutByCost(this.#parts, costs);
    const isWorth = slowest(better, costs) < (1 - WORTH) * slowest(this.cut, costs);
    return isWorth ? better : null;
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}
