/**
 * Which of many items are kept when only the most frequent few are wanted and several are equally
 * frequent: those that libstdc++'s `std::partial_sort` keeps, which is what the original calls.
 *
 * It builds a heap of the first `kept` items with the least frequent on top, and lets each later item
 * that is more frequent than the top take its place.
 */

/** Rearranges `items` so that the first `kept` of them, in no certain order, are those kept. */
export function keepMostFrequent(items: Int32Array, kept: number, frequency: Float64Array): void {
  if (kept === 0) return;
  for (let parent = (kept - 2) >> 1; parent >= 0; parent--) {
    sift(items, parent, kept, items[parent]!, frequency);
  }
  for (let i = kept; i < items.length; i++) {
    const item = items[i]!;
    if (frequency[item]! > frequency[items[0]!]!) {
      items[i] = items[0]!;
      sift(items, 0, kept, item, frequency);
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
