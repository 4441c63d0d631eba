/** Pair of symbols → the symbol that they make: a hash table of numbers, open addressing. */

const EMPTY = -1;
/** The pair is known to make nothing, or was forgotten and may be made anew. */
const NOTHING = -1;
const FORGOTTEN = -2;

/** Numbers to a slot: left, right, value, and one unused, so that a slot lies in one line of the cache. */
const SLOT = 4;

export class PairIndex {
  private size = 0;
  /** Slots, less one. */
  private mask = 4095;
  private slots = new Int32Array(4096 * SLOT).fill(EMPTY);

  /** The symbol, -1 where the pair makes none, undefined where it was not met (or is forgotten). */
  get(left: number, right: number): number | undefined {
    const at = this.find(left, right);
    const value = this.slots[at + 2]!;
    return this.slots[at] === EMPTY || value === FORGOTTEN ? undefined : value;
  }

  /** @param value the symbol, or -1 for none. */
  set(left: number, right: number, value: number): void {
    let at = this.find(left, right);
    if (this.slots[at] === EMPTY) {
      if (++this.size * 2 > this.mask) {
        this.grow();
        at = this.find(left, right);
      }
      this.slots[at] = left;
      this.slots[at + 1] = right;
    }
    this.slots[at + 2] = value < 0 ? NOTHING : value;
  }

  forget(left: number, right: number): void {
    const at = this.find(left, right);
    if (this.slots[at] !== EMPTY) this.slots[at + 2] = FORGOTTEN;
  }

  /** Where the pair's slot begins, or the empty one where it would go. */
  private find(left: number, right: number): number {
    const { slots, mask } = this;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = slot * SLOT;
      if (slots[at] === EMPTY || (slots[at] === left && slots[at + 1] === right)) return at;
    }
  }

  private grow(): void {
    const before = this.slots;
    this.mask = 2 * this.mask + 1;
    this.slots = new Int32Array(2 * before.length).fill(EMPTY);
    for (let i = 0; i < before.length; i += SLOT) {
      if (before[i] === EMPTY) continue;
      const at = this.find(before[i]!, before[i + 1]!);
      for (let j = 0; j < 3; j++) this.slots[at + j] = before[i + j]!;
    }
  }
}
