/**
 * Which of many items are kept when only the most frequent few are wanted and several are equally
 * frequent: those that libstdc++'s `std::partial_sort` keeps, which is what the original calls.
 *
 * It builds a heap of the first `kept` items with the least frequent on top, and lets each later item
 * that is more frequent than the top take its place.
 */

export class MostFrequent {
  /** How many are kept so far; they are the first of `items`, in no certain order. */
  count = 0;

  /** @param items room for `wanted`. */
  constructor(
    private readonly items: Int32Array,
    private readonly wanted: number,
    private readonly frequency: Float64Array,
  ) {}

  /** To be called with each item once, its frequency being known. */
  offer(item: number): void {
    const { items, wanted, frequency } = this;
    if (this.count === wanted) {
      if (frequency[item]! > frequency[items[0]!]!) sift(items, 0, wanted, item, frequency);
      return;
    }
    items[this.count++] = item;
    if (this.count < wanted) return;
    for (let parent = (wanted - 2) >> 1; parent >= 0; parent--) {
      sift(items, parent, wanted, items[parent]!, frequency);
    }
  }
}

/** Lets the hole at `top` sink to a leaf along the less frequent children, then `item` rise from there. */
function sift(
  items: Int32Array,
  top: number,
  length: number,
  item: number,
  frequency: Float64Array,
): void {
  let hole = top;
  let child = hole;
  while (child < (length - 1) >> 1) {
    child = 2 * (child + 1);
    if (frequency[items[child]!]! > frequency[items[child - 1]!]!) child--;
    items[hole] = items[child]!;
    hole = child;
  }
  if ((length & 1) === 0 && child === (length - 2) >> 1) {
    child = 2 * (child + 1);
    items[hole] = items[child - 1]!;
    hole = child - 1;
  }
  let parent = (hole - 1) >> 1;
  while (hole > top && frequency[items[parent]!]! > frequency[item]!) {
    items[hole] = items[parent]!;
    hole = parent;
    parent = (hole - 1) >> 1;
  }
  items[hole] = item;
}
