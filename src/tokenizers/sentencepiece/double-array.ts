/**
 * A trie in one array of 32-bit units (Aoe 1989, "An Efficient Digital Search Algorithm by Using a
 * Double-Array Structure"), in the layout of Darts-clone, which SentencePiece's model files hold.
 *
 * From the node at place p one goes along byte b to place p ^ offset(unit p) ^ b, if the unit there
 * bears the label b. A unit is, from its lowest bit: label (8 bits), has a value (1), offset is a
 * multiple of 256 (1), offset (22); or, with the highest bit set, a value (31 bits), which stands at
 * the place that byte 0 leads to.
 */

import { withRoom } from '../../util/grow.js';

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

/** The children of a node: byte → what follows it, and the node's own value. */
interface Group {
  labels: number[];
  children: Group[];
  value: number;
  base: number;
}

/**
 * Builds the units. Nodes from which exactly the same goes on share their children (the trie becomes a
 * graph without cycles), which for the rules of a normalisation makes it ten times smaller.
 */
class Builder {
  private readonly keys: readonly Uint8Array[];
  private readonly values: readonly number[];
  private readonly groups = new Map<string, { group: Group; number: number }>();
  private units = new Uint32Array(1024);
  /** Place → taken. */
  private taken = new Uint8Array(1024);
  /** Place → itself while it is free, else a later place: the way to the next free one. */
  private later = Int32Array.from({ length: 1024 }, (_, i) => i);
  /** Base → some node's children hang there. */
  private based = new Uint8Array(1024);
  private used = 256;
  /** Below it places are not searched: they are taken, or were tried often enough. */
  private from = 1;
  private onlySingles = false;

  constructor(keys: readonly Uint8Array[], values: readonly number[]) {
    this.keys = keys;
    this.values = values;
  }

  build(): Uint32Array {
    this.take(ROOT);
    // With base 0, byte 0 would lead from the root to the root itself, whose label is 0.
    this.based[0] = 1;
    if (this.keys.length > 0) {
      const top = this.group(0, this.keys.length, 0).group;
      // Large families first: they are the hardest to find room for.
      const all = [...this.groups.values()].map(({ group }) => group);
      all.sort((a, b) => b.labels.length - a.labels.length);
      for (const group of all) this.findBase(group);
      this.link(ROOT, top);
      for (const group of all) {
        for (const [i, label] of group.labels.entries()) {
          const place = group.base ^ label;
          this.units[place] = label;
          this.link(place, group.children[i]!);
        }
        if (group.value >= 0) this.units[group.base] = VALUE | group.value;
      }
    }
    const units = this.units.slice(0, this.used);
    // What is not taken looks like a value, so that no label ever fits it.
    for (let i = 0; i < units.length; i++) if (!this.taken[i]) units[i] = VALUE;
    return units;
  }

  /** The group of the node that `keys[first … last)` share up to `depth`. */
  private group(first: number, last: number, depth: number): { group: Group; number: number } {
    const group: Group = { labels: [], children: [], value: NOWHERE, base: NOWHERE };
    let at = first;
    if (this.keys[at]!.length === depth) group.value = this.values[at++]!;
    let signature = String(group.value);
    while (at < last) {
      const label = this.keys[at]![depth]!;
      let end = at + 1;
      while (end < last && this.keys[end]![depth] === label) end++;
      const child = this.group(at, end, depth + 1);
      group.labels.push(label);
      group.children.push(child.group);
      signature += `,${label}:${child.number}`;
      at = end;
    }
    let known = this.groups.get(signature);
    if (!known) {
      known = { group, number: this.groups.size };
      this.groups.set(signature, known);
    }
    return known;
  }

  /** Makes the unit at `place` lead to `group`. */
  private link(place: number, group: Group): void {
    const offset = place ^ group.base;
    this.units[place]! |= offset << 10;
    if (group.value >= 0) this.units[place]! |= HAS_VALUE;
  }

  /** Finds places for all members of a group, one byte each apart by `xor`. */
  private findBase(group: Group): void {
    const labels = group.value >= 0 ? [0, ...group.labels] : group.labels;
    if (labels.length === 1 && !this.onlySingles) {
      this.onlySingles = true;
      this.from = 1; // one child fits into any gap that the larger families have left
    }
    let misses = 0;
    this.from = this.nextFree(this.from);
    for (let at = this.from; ; at = this.nextFree(at + 1)) {
      this.grow((at | 255) + 1);
      const base = at ^ labels[0]!;
      if (!this.based[base] && this.isFree(base, labels)) {
        group.base = base;
        break;
      }
      // A stretch that is nearly full is not worth searching again and again.
      if (++misses > 256) {
        this.from += 64;
        misses = 0;
      }
    }
    this.based[group.base] = 1;
    for (const label of labels) this.take(group.base ^ label);
    this.used = Math.max(this.used, (group.base | 255) + 1);
    if (this.used > 1 << 21) throw new Error('a double array cannot have more than 2^21 units');
  }

  private isFree(base: number, labels: readonly number[]): boolean {
    for (let i = 0; i < labels.length; i++) if (this.taken[base ^ labels[i]!]) return false;
    return true;
  }

  private take(place: number): void {
    this.taken[place] = 1;
    this.later[place] = place + 1;
  }

  /** The first free place from `at` on; the way there is shortened for the next search. */
  private nextFree(at: number): number {
    const { later } = this;
    let place = at;
    while (place < later.length && later[place] !== place) {
      const next = later[place]!;
      if (next < later.length) later[place] = later[next]!;
      place = next;
    }
    return place;
  }

  private grow(size: number): void {
    if (size <= this.units.length) return;
    const larger = Math.max(size, this.units.length * 2);
    const before = this.later.length;
    this.units = withRoom(this.units, larger);
    this.taken = withRoom(this.taken, larger);
    this.based = withRoom(this.based, larger);
    this.later = withRoom(this.later, larger);
    for (let place = before; place < larger; place++) this.later[place] = place;
  }
}
