/** Room in typed arrays: a write beyond the end of one is lost in silence, so room is made here alone. */

type Growing =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/**
 * An array like `array` with room for at least `length` elements: `array` itself where it has it, else
 * one that is at least twice as long, so that `n` elements added one by one take time proportional to `n`.
 *
 * @param empty what the new elements are. Default: 0.
 */
export function withRoom<T extends Growing>(array: T, length: number, empty = 0): T {
  if (length <= array.length) return array;
  const larger = makeLike(array, Math.max(length, array.length * 2));
  larger.set(array);
  if (empty !== 0) larger.fill(empty, array.length);
  return larger;
}

/** As `withRoom`, for room that is written anew each time: what it held is not kept. */
export function withFreshRoom<T extends Growing>(array: T, length: number): T {
  return length <= array.length ? array : makeLike(array, Math.max(length, array.length * 2));
}

function makeLike<T extends Growing>(array: T, length: number): T {
  return new (array.constructor as new (length: number) => T)(length);
}
