/** Reductions, running sums, and what counts or ranks. */
import type { IntegerReduceOp, ReduceOp } from '../operations.js';

export interface ReduceKernels<P> {
  /**
   * Over the middle of (outer, count, inner): out (outer, inner). Sums are made in fixed blocks, so
   * that they do not depend on the thread count. With count = 0: sum 0, mean NaN (max is refused before).
   */
  reduce(op: ReduceOp, out: P, x: P, outer: number, count: number, inner: number): void;
  /** Variance over the middle dimension, two passes about the mean, divided by max(0, count − correction). `mean` (outer, inner) is written too. */
  variance(
    out: P,
    mean: P,
    x: P,
    outer: number,
    count: number,
    inner: number,
    correction: number,
  ): void;
  /** Gradient of `max`: dy shared evenly among the elements equal to the maximum, as PyTorch's amax. Where y is NaN, all are NaN. */
  maxBackward(dx: P, dy: P, x: P, y: P, outer: number, count: number, inner: number): void;
  /** Running sums along the middle of (outer, count, inner), in double precision; from the last on when `reverse`. In place is allowed. */
  cumsum(out: P, x: P, outer: number, count: number, inner: number, reverse: boolean): void;
  /** Product over the middle of (outer, count, inner), in double precision. */
  prod(out: P, x: P, outer: number, count: number, inner: number): void;
  /** Gradient of `prod`: dy times the product of all others, which a zero does not hide. */
  prodBackward(dx: P, dy: P, x: P, outer: number, count: number, inner: number): void;
  /** As `reduce`, of int32. A sum is modulo 2³². */
  integerReduce(
    op: IntegerReduceOp,
    out: P,
    x: P,
    outer: number,
    count: number,
    inner: number,
  ): void;
  /** Sum of squares, in double precision, in fixed blocks. */
  sumOfSquares(x: P, count: number): number;
  /** Position of the first NaN or infinity, or −1. */
  firstNonFinite(x: P, count: number): number;
  /** `counts[j]` (int32) = how many of x lie in bin j of `bins` equal ones over [low, high] (high included in the last; low < high). NaN and what lies outside are not counted, as torch.histc. A value within rounding of an inner edge may fall to either side. */
  histogram(counts: P, x: P, count: number, low: number, high: number, bins: number): void;
  /** The k greatest of each row, descending, or the k least, ascending; ties by lower index; NaN counts as greatest. `indices` is int32. */
  topk(values: P, indices: P, x: P, rows: number, cols: number, k: number, largest: boolean): void;
}
