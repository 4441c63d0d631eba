/**
 * A trie in one array of 32-bit units (Aoe 1989, "An Efficient Digital Search Algorithm by Using a
 * Double-Array Structure"), in the layout of Darts-clone, which SentencePiece's model files hold.
 *
 * From the node at place p one goes along byte b to place p ^ offset(unit p) ^ b, if the unit there
 * bears the label b. A unit is, from its lowest bit: label (8 bits), has a value (1), offset is a
 * multiple of 256 (1), offset (22); or, with the highest bit set, a value (31 bits), which stands at
 * the place that byte 0 leads to.
 */

const HAS_VALUE = 1 << 8;
const VALUE = 0x80000000;

/** Where one is in a trie: the place of the node. */
export const ROOT = 0;
/** No way on, or no value. */
export const NOWHERE = -1;

export class DoubleArray {
  private readonly units: Uint32Array;

  constructor(units: Uint32Array) {
    this.units = units;
  }

  /** The place that `byte` leads to from `place`; `NOWHERE` if there is none. Byte 0 leads nowhere. */
  step(place: number, byte: number): number {
    const { units } = this;
    const to = (place ^ offsetOf(units[place]!) ^ byte) >>> 0;
    if (byte === 0 || to >= units.length) return NOWHERE;
    return (units[to]! & 0x800000ff) === byte ? to : NOWHERE;
  }

  /** The value of the key that ends at `place`; `NOWHERE` if none does. */
  value(place: number): number {
    const { units } = this;
    const unit = units[place]!;
    if ((unit & HAS_VALUE) === 0) return NOWHERE;
    const at = (place ^ offsetOf(unit)) >>> 0;
    return at < units.length ? units[at]! & 0x7fffffff : NOWHERE;
  }

  /** The units as bytes, least significant first, as a model file holds them. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.units.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, unit] of this.units.entries()) view.setUint32(i * 4, unit, true);
    return bytes;
  }

  static fromBytes(bytes: Uint8Array): DoubleArray {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const units = new Uint32Array(bytes.length >> 2);
    for (let i = 0; i < units.length; i++) units[i] = view.getUint32(i * 4, true);
    return new DoubleArray(units.length > 0 ? units : Uint32Array.of(VALUE));
  }

  /** @param keys sorted by bytes, no one twice, none empty, none with a byte 0. */
  static build(keys: readonly Uint8Array[], values: readonly number[]): DoubleArray {
    return new DoubleArray(new Builder(keys, values).build());
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** Lays nodes out one after the other, each where all its children find free places. */
class Builder {
  private readonly keys: readonly Uint8Array[];
  private readonly values: readonly number[];
  private units = new Uint32Array(1024);
  /** Place → taken. */
  private taken = new Uint8Array(1024);
  /** Base → some node's children hang there. */
  private based = new Uint8Array(1024);
  private used = 256;
  /** Below it every place is taken, or was tried often enough. */
  private from = 1;

  constructor(keys: readonly Uint8Array[], values: readonly number[]) {
    this.keys = keys;
    this.values = values;
  }

  build(): Uint32Array {
    this.taken[ROOT] = 1;
    if (this.keys.length > 0) this.place(ROOT, 0, this.keys.length, 0);
    const units = this.units.slice(0, this.used);
    // What is not taken looks like a value, so that no label ever fits it.
    for (let i = 0; i < units.length; i++) if (!this.taken[i]) units[i] = VALUE;
    return units;
  }

  /** Lays out the children of `node`, whose keys are `keys[first … last)`, alike up to `depth`. */
  private place(node: number, first: number, last: number, depth: number): void {
    const labels: number[] = [];
    const starts: number[] = [];
    for (let k = first; k < last; k++) {
      const label = this.keys[k]![depth] ?? 0;
      if (labels.length === 0 || labels.at(-1) !== label) {
        labels.push(label);
        starts.push(k);
      }
    }
    starts.push(last);
    const base = this.findBase(node, labels);
    this.based[base] = 1;
    const offset = node ^ base;
    const encoded = offset < 1 << 21 ? offset << 10 : ((offset >> 8) << 10) | 0x200;
    this.units[node]! |= encoded;
    for (const label of labels) this.taken[base ^ label] = 1;
    for (const [i, label] of labels.entries()) {
      const child = base ^ label;
      if (label === 0) {
        this.units[node]! |= HAS_VALUE;
        this.units[child] = VALUE | this.values[starts[i]!]!;
      } else {
        this.units[child] = label;
        this.place(child, starts[i]!, starts[i + 1]!, depth + 1);
      }
    }
  }

  private findBase(node: number, labels: number[]): number {
    const head = labels[0]!;
    let misses = 0;
    for (let at = this.from; ; at++) {
      this.grow((at | 255) + 1);
      if (this.taken[at]) {
        if (at === this.from) this.from++;
        continue;
      }
      const base = at ^ head;
      const fits =
        !this.based[base] &&
        (node ^ base) < 1 << 21 &&
        labels.every((label) => !this.taken[base ^ label]);
      if (fits) {
        this.used = Math.max(this.used, (base | 255) + 1);
        // A stretch that is nearly full is not worth searching again and again.
        if (misses > 512) this.from = Math.max(this.from, at - 256);
        return base;
      }
      misses++;
    }
  }

  private grow(size: number): void {
    if (size <= this.units.length) return;
    const larger = Math.max(size, this.units.length * 2);
    const units = new Uint32Array(larger);
    units.set(this.units);
    this.units = units;
    const taken = new Uint8Array(larger);
    taken.set(this.taken);
    this.taken = taken;
    const based = new Uint8Array(larger);
    based.set(this.based);
    this.based = based;
  }
}
