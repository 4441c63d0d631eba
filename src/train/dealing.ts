/** Parts of a job that is the same every time, dealt out to ranks by how fast each of them is. */
import { plus, type Ranks } from '../distributed/ranks.js';

/** Steps at the beginning that are not measured: much is being compiled then, on one rank more than on another. */
const WARM_UP = 16;
/** Steps that are measured before the parts are dealt out anew: twice as many while nothing is to be won, at most so many. */
const FIRST_WINDOW = 32;
const MOST_WINDOW = 256;
/** Part of a step that dealing out anew must save: less is noise, and handing over parts is not free. */
const WORTH = 0.03;

/** Equal shares, as near as whole parts allow: the first part of each rank, and at the end how many there are. */
export function equalCut(parts: number, ranks: number): number[] {
  return Array.from({ length: ranks + 1 }, (_, rank) => Math.floor((rank * parts) / ranks));
}

/** The cut whose slowest rank is as fast as can be, by what a part costs each. Every rank has one. */
export function cutByCost(parts: number, costs: ArrayLike<number>): number[] {
  const counts = Array.from(costs, () => 1);
  const after = (rank: number) => (counts[rank]! + 1) * costs[rank]!;
  for (let left = parts - counts.length; left > 0; left--) {
    let best = 0;
    for (let rank = 1; rank < counts.length; rank++) if (after(rank) < after(best)) best = rank;
    counts[best]!++;
  }
  const cut = [0];
  for (const count of counts) cut.push(cut.at(-1)! + count);
  return cut;
}

/** How long the slowest rank takes. */
export function slowest(cut: readonly number[], costs: ArrayLike<number>): number {
  return Math.max(...Array.from(costs, (cost, i) => (cut[i + 1]! - cut[i]!) * cost));
}

/** Measures steps, and now and then says how the parts should be dealt out. */
export class Dealing {
  readonly #ranks: Ranks;
  readonly #parts: number;
  /** The first part of each rank; at the end, how many there are. */
  cut: readonly number[];
  #window = FIRST_WINDOW;
  #skipped = 0;
  #times: number[] = [];

  constructor(parts: number, ranks: Ranks) {
    this.#ranks = ranks;
    this.#parts = parts;
    this.cut = equalCut(parts, ranks.size);
  }

  /**
   * A step is over, which took this rank so many milliseconds of work, waiting left out. All ranks say so at the same time.
   *
   * @returns a better cut, the same one on every rank, or null. It is not in force before it is set.
   */
  measured(milliseconds: number): readonly number[] | null {
    if (this.#skipped < WARM_UP) {
      this.#skipped++;
      return null;
    }
    this.#times.push(milliseconds);
    if (this.#times.length < this.#window) return null;
    const { rank, size } = this.#ranks;
    const costs = new Float64Array(size);
    costs[rank] = undisturbed(this.#times) / (this.cut[rank + 1]! - this.cut[rank]!);
    this.#ranks.reduce(costs, plus);
    this.#times = [];
    const better = cutByCost(this.#parts, costs);
    const isWorth = slowest(better, costs) < (1 - WORTH) * slowest(this.cut, costs);
    this.#window = isWorth ? FIRST_WINDOW : Math.min(MOST_WINDOW, 2 * this.#window);
    return isWorth ? better : null;
  }
}

/** What a step takes when nothing comes between: the first quartile. */
function undisturbed(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 2]!;
}
