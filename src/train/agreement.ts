/** Whether to stop, on which ranks have to agree: each may have been asked by itself. */
import { most, type Ranks } from '../distributed/ranks.js';
import { empty, type Tensor } from '../tensor/index.js';

/** Ranks up to which each tells every other one. */
const FEW = 8;

/** Of each condition, whether it is so on any rank, now. */
export function anyRank(conditions: readonly boolean[], ranks: Ranks): boolean[] {
  const found = Float64Array.from(conditions, Number);
  ranks.reduce(found, most);
  return Array.from(found, Boolean);
}

/**
 * Few ranks say before each step what is so, and hear of one another after it. So nobody waits for a rank that is a little
 * behind: what is so on any of them is known one step later.
 */
export class Agreement {
  readonly #ranks: Ranks;
  /** Own conditions, and what each rank says. */
  readonly #own: Tensor;
  readonly #all: readonly Tensor[];
  readonly #count: number;
  #arrive: (() => void) | null = null;

  /** @param count how many conditions there are. */
  constructor(count: number, ranks: Ranks) {
    this.#ranks = ranks;
    this.#count = count;
    const several = ranks.size > 1 && ranks.size <= FEW;
    const places = several ? ranks.size : 0;
    this.#own = empty([count]).retain();
    this.#all = Array.from({ length: places }, () => empty([count]).retain());
  }

  /** Of each condition, whether it is so on any rank: of several ranks, whether it was so when they were asked the last time. */
  ask(conditions: readonly boolean[]): boolean[] {
    const ranks = this.#ranks;
    if (ranks.size === 1) return [...conditions];
    if (ranks.size > FEW || !this.#arrive) {
      const found = anyRank(conditions, ranks);
      if (ranks.size <= FEW) this.#say(conditions);
      return found;
    }
    this.end();
    const { backend } = this.#own;
    const said = new Float64Array(this.#count);
    const found = Array.from(conditions, () => false);
    for (const place of this.#all) {
      backend.read(place.pointer, 'float32', said);
      said.forEach((is, i) => {
        if (is !== 0) found[i] = true;
      });
    }
    this.#say(conditions);
    return found;
  }

  #say(conditions: readonly boolean[]): void {
    const { backend } = this.#own;
    const values = Float64Array.from(conditions, Number);
    const { rank } = this.#ranks;
    backend.write(this.#own.pointer, 'float32', values);
    backend.write(this.#all[rank]!.pointer, 'float32', values);
    this.#arrive = this.#ranks.handOver([this.#own], this.#all);
  }

  /** Waits for what is still to come. All ranks do so at the same time. */
  end(): void {
    this.#arrive?.();
    this.#arrive = null;
  }

  /** Frees what it made. Not before `end`: others may still write there. */
  [Symbol.dispose](): void {
    this.#own.dispose();
    for (const place of this.#all) place.dispose();
  }
}
