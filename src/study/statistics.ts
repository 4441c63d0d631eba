/**
 * Estimates from few seeds. The formulas are @stdlib's; this file is bundled with it when the package is built, so
 * that nobody installs its parts, of which there are hundreds.
 */
import chi2gof from '@stdlib/stats-chi2gof';
import ttest from '@stdlib/stats-ttest';
import { UserError } from '../util/errors.js';

/** A mean, and what is known of it. */
export interface Estimate {
  /** How many values. */
  readonly n: number;
  readonly mean: number;
  /** Standard deviation of the values; null of a single one. */
  readonly sd: number | null;
  /** The 95 % interval of the mean by Student's t; null of a single value. */
  readonly interval: readonly [number, number] | null;
}

/** 95 % of such intervals hold what they are of. */
const ALPHA = 0.05;

/** The mean of values with its interval. @throws UserError where there are none, or not all are finite. */
export function estimate(values: readonly number[]): Estimate {
  requireFinite('estimate', values);
  const n = values.length;
  const first = values[0]!;
  if (n === 1) return { n, mean: first, sd: null, interval: null };
  // A t of values that do not differ is 0/0.
  if (values.every((value) => value === first)) {
    return { n, mean: first, sd: 0, interval: [first, first] };
  }
  // What it calls sd is the mean's: the values' own is √n times that.
  const { mean, sd, ci } = ttest(values.slice(), { alpha: ALPHA });
  return { n, mean, sd: sd * Math.sqrt(n), interval: [ci[0]!, ci[1]!] };
}

/**
 * Student's t-test that the mean of values is not `line`; on differences that are paired by seed it is the paired t-test.
 *
 * @returns the two-sided p; null of a single value, or of values that do not differ.
 */
export function tTest(values: readonly number[], line: number): number | null {
  requireFinite('tTest', values);
  if (values.length < 2 || values.every((value) => value === values[0])) return null;
  return ttest(values.slice(), { mu: line }).pValue;
}

/**
 * Pearson's chi-square test that counts come from a distribution.
 *
 * @param probabilities of each, which sum to 1.
 * @returns p: the share of draws from that distribution that would lie at least so far off.
 */
export function chiSquareTest(
  counts: readonly number[],
  probabilities: readonly number[],
): { readonly statistic: number; readonly p: number } {
  requireFinite('chiSquareTest', counts);
  requireFinite('chiSquareTest', probabilities);
  if (counts.length !== probabilities.length || counts.length < 2) {
    throw new UserError(
      `chiSquareTest: expected as many probabilities as counts, two at least, got ${counts.length} counts and ${probabilities.length} probabilities`,
    );
  }
  const { statistic, pValue } = chi2gof(counts.slice(), probabilities.slice());
  return { statistic, p: pValue };
}

function requireFinite(operation: string, values: readonly number[]): void {
  if (values.length > 0 && values.every(Number.isFinite)) return;
  throw new UserError(`${operation}: expected finite numbers, got [${values.join(', ')}]`);
}
