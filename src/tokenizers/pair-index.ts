/** Pair of symbols → the symbol that they make: a hash table of numbers, open addressing. */

const EMPTY = -1;
/** The pair is known to make nothing, or was forgotten and may be made anew. */
const NOTHING = -1;
const FORGOTTEN = -2;

export class PairIndex {
  private size = 0;
  private mask = 4095;
  private lefts = new Int32Array(4096).fill(EMPTY);
  private rights = new Int32Array(4096);
  private values = new Int32Array(4096);

  /** The symbol, -1 where the pair makes none, undefined where it was not met (or is forgotten). */
  get(left: number, right: number): number | undefined {
    const slot = this.find(left, right);
    if (this.lefts[slot] === EMPTY || this.values[slot] === FORGOTTEN) return undefined;
    return this.values[slot]!;
  }

  /** @param value the symbol, or -1 for none. */
  set(left: number, right: number, value: number): void {
    let slot = this.find(left, right);
    if (this.lefts[slot] === EMPTY) {
      if (++this.size * 2 > this.mask) {
        this.grow();
        slot = this.find(left, right);
      }
      this.lefts[slot] = left;
      this.rights[slot] = right;
    }
    this.values[slot] = value < 0 ? NOTHING : value;
  }

  forget(left: number, right: number): void {
    const slot = this.find(left, right);
    if (this.lefts[slot] !== EMPTY) this.values[slot] = FORGOTTEN;
  }

  private find(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & this.mask;
    while (
      this.lefts[slot] !== EMPTY &&
      (this.lefts[slot] !== left || this.rights[slot] !== right)
    ) {
      slot = (slot + 1) & this.mask;
    }
    return slot;
  }

  private grow(): void {
    const { lefts, rights, values } = this;
    const size = lefts.length * 2;
    this.mask = size - 1;
    this.lefts = new Int32Array(size).fill(EMPTY);
    this.rights = new Int32Array(size);
    this.values = new Int32Array(size);
    for (let i = 0; i < lefts.length; i++) {
      if (lefts[i] === EMPTY) continue;
      const slot = this.find(lefts[i]!, rights[i]!);
      this.lefts[slot] = lefts[i]!;
      this.rights[slot] = rights[i]!;
      this.values[slot] = values[i]!;
    }
  }
}
