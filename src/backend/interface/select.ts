/** Choosing elements and rows by index. */

export interface SelectKernels<P> {
  /**
   * x (outer, size, inner) at int32 ids along its middle → out (outer, count, inner), of either type. The
   * ids are (count) when `shared`, else (outer, count, inner), one for each element. Returns the position
   * of the first id outside [0, size), or −1; then nothing is written.
   */
  take(
    out: P,
    x: P,
    ids: P,
    outer: number,
    size: number,
    count: number,
    inner: number,
    shared: boolean,
  ): number;
  /**
   * The way back: x (outer, count, inner) goes into out (outer, size, inner) at the ids, or, with
   * `accumulate` (float32 only), is added there, in the order of the ids. Returns as `take`.
   */
  put(
    out: P,
    x: P,
    ids: P,
    outer: number,
    size: number,
    count: number,
    inner: number,
    shared: boolean,
    accumulate: boolean,
  ): number;
}

export interface EmbeddingKernels<P> {
  /** `out[i] = weight[ids[i]]`, rows of `width`. Returns the position of the first id outside [0, vocab), or −1; then nothing is written. */
  gatherRows(out: P, weight: P, ids: P, count: number, vocab: number, width: number): number;
  /**
   * Gradient of `gatherRows` by rows: `rows` gets the distinct ids ascending, `values` the sum of the dy
   * rows with that id, in order of position. Both have room for `count` rows. Returns how many there are.
   */
  sumRowsById(rows: P, values: P, dy: P, ids: P, count: number, width: number): number;
  /** `out[rows[i]] += values[i]`; the rows are distinct. */
  addRows(out: P, rows: P, values: P, rowCount: number, width: number): void;
}
