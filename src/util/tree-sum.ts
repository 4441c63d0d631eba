/**
 * The sum of `count` values from `first` on, in a tree that their number alone decides: halves, and halves of these, down to an odd
 * number, which is added up one after the other.
 */
export function treeSum(values: ArrayLike<number>, first = 0, count = values.length): number {
  if (count === 0) return 0;
  if (count % 2 !== 0) {
    let sum = values[first]!;
    for (let i = first + 1; i < first + count; i++) sum += values[i]!;
    return sum;
  }
  const half = count / 2;
  return treeSum(values, first, half) + treeSum(values, first + half, half);
}
