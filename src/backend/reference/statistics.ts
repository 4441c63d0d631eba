/** What probes ask of a tensor: moments, extremes, special values, and a histogram of stable bins. */
import { BIN_COUNT, binOf, FIRST_BIN } from '../../util/log-bins.js';
import type { HostArray } from './memory.js';

/** Zeros, NaN and infinities are counted before the bins. */
const SPECIAL = 3;

/** Where a value is counted. */
function slotOf(value: number): number {
  if (value === 0) return 0;
  if (Number.isNaN(value)) return 1;
  if (!Number.isFinite(value)) return 2;
  return SPECIAL + (value < 0 ? 0 : BIN_COUNT) + binOf(value) - FIRST_BIN;
}

/** See `StatisticsKernels`. */
export function statistics(
  out: HostArray,
  counts: HostArray,
  x: HostArray,
  minus: HostArray | null,
  rows: number,
  cols: number,
  stride: number,
  scale: number,
): void {
  let [sum, squares, min, max, finite] = [0, 0, Infinity, -Infinity, 0];
  const factor = Math.fround(scale);
  counts.fill(0, 0, SPECIAL + 2 * BIN_COUNT);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const at = x[r * stride + c];
      const value = Math.fround(minus ? at - minus[r * cols + c] : at * factor); // as a float32 holds it
      counts[slotOf(value)]++;
      if (!Number.isFinite(value)) continue;
      finite++;
      sum += value;
      squares += value * value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  const mean = sum / finite; // 0/0 is NaN
  out[0] = mean;
  out[1] = Math.sqrt(Math.max(0, squares / finite - mean * mean));
  out[2] = finite > 0 ? min : Number.NaN;
  out[3] = finite > 0 ? max : Number.NaN;
  out[4] = Math.sqrt(squares);
}

/** In how many rows each column lies between two bounds, both excluded. */
export function countBetween(
  counts: HostArray,
  x: HostArray,
  rows: number,
  cols: number,
  low: number,
  high: number,
): void {
  counts.fill(0, 0, cols);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      const value = x[r * cols + c];
      if (value > low && value < high) counts[c]++;
    }
  }
}
