/** From what was measured to what a record holds: rounded, and null where there is nothing. */
import type { TensorStatistics } from '../../runs/probe-records.js';
import type { TensorKind } from '../../runs/tensor-kinds.js';
import type { ValueStatistics } from '../../tensor/internal.js';
import { FIRST_BIN } from '../../util/log-bins.js';

/** Four significant digits; null for NaN and infinities. */
export function figure(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
}

/** log10 of how large one deviation is against another; null where either is 0. */
export function logRatio(std: number, against: number): number | null {
  return std > 0 && against > 0 ? figure(Math.log10(std / against)) : null;
}

/** Statistics of `found` together with `zeros` more zeros: the rows of a gradient that no token reached. */
export function withZeros(found: ValueStatistics, zeros: number): ValueStatistics {
  if (zeros === 0) return found;
  const finite = found.seen - found.nan - found.inf;
  const share = finite / (finite + zeros);
  const mean = finite === 0 ? 0 : found.mean * share;
  const squares = found.norm ** 2 / (finite + zeros);
  return {
    ...found,
    seen: found.seen + zeros,
    zeros: found.zeros + zeros,
    mean,
    std: Math.sqrt(Math.max(0, squares - mean * mean)),
    min: finite === 0 ? 0 : Math.min(0, found.min),
    max: finite === 0 ? 0 : Math.max(0, found.max),
  };
}

/** A tensor's line in the record. @param count of all its values. */
export function tensorFigures(
  path: string,
  kind: TensorKind,
  count: number,
  found: ValueStatistics,
): TensorStatistics {
  const { seen, mean, std, min, max, norm, zeros, nan, inf, bins } = found;
  // Spelt out: some hundred of these a step, and a spread costs as much as all else.
  return {
    path,
    kind,
    count,
    seen: seen === count ? undefined : seen,
    mean: figure(mean),
    std: figure(std),
    min: figure(min),
    max: figure(max),
    norm: figure(seen === count || seen === 0 ? norm : norm * Math.sqrt(count / seen)),
    zeros: seen === 0 ? null : figure(zeros / seen),
    nan,
    inf,
    bins: [trimmed(bins[0]), trimmed(bins[1])],
  };
}

/** The first bin that is not empty, and the counts from there to the last. */
function trimmed(counts: Int32Array): number[] {
  let [first, end] = [0, counts.length];
  while (first < end && counts[first] === 0) first++;
  while (end > first && counts[end - 1] === 0) end--;
  if (first === end) return [];
  const kept = [first + FIRST_BIN];
  for (let bin = first; bin < end; bin++) kept.push(counts[bin]);
  return kept;
}
