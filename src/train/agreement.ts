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
  /** What each of few ranks says, this one's place being what it said last. */
  readonly #said: readonly Tensor[];
  #arrive: (() => void) | null = null;

  /** @param count how many conditions there are. */
  constructor(count: number, ranks: Ranks) {
    this.#ranks = ranks;
    const places = ranks.size > 1 && ranks.size <= FEW ? ranks.size : 0;
    this.#said = Array.from({ length: places }, () => empty([count]).retain());
  }

  /** Of each condition, whether it is so on any rank: of few ranks, whether it was so when they were asked the last time. */
  ask(conditions: readonly boolean[]): boolean[] {
    const own = this.#said[this.#ranks.rank];
    if (!own) return anyRank(conditions, this.#ranks);
    const found = this.#arrive ? this.#heard(conditions.length) : anyRank(conditions, this.#ranks);
    own.backend.write(own.pointer, 'float32', Float64Array.from(conditions, Number));
    this.#arrive = this.#ranks.handOver([own], this.#said);
    return found;
  }

  #heard(count: number): boolean[] {
    this.end();
    const found = Array<boolean>(count).fill(false);
    const said = new Float64Array(count);
    for (const { backend, pointer } of this.#said) {
      backend.read(pointer, 'float32', said);
      said.forEach((is, i) => {
        if (is !== 0) found[i] = true;
      });
    }
    return found;
  }

  /** Waits for what is still to come. All ranks do so at the same time. */
  end(): void {
    this.#arrive?.();
    this.#arrive = null;
  }

  /** Frees what it made. Not before `end`: others may still write there. */
  [Symbol.dispose](): void {
    for (const place of this.#said) place.dispose();
  }
}
