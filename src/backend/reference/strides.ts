/**
 * Where element number `i` of a row-major `shape` lies in memory walked with `strides`: i is taken
 * apart into its index, last dimension first, and each coordinate moves by its stride.
 *
 * (2, 3) with strides (1, 2), a transposed matrix: i = 4 is index (1, 1), at 1·1 + 1·2 = 3.
 */
export function positionOf(
  i: number,
  shape: readonly number[],
  strides: readonly number[],
): number {
  let position = 0;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    position += (i % shape[dim]) * strides[dim];
    i = Math.floor(i / shape[dim]);
  }
  return position;
}
