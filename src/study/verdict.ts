/** From runs to a verdict, by the rule that the study fixed before them. */
import { matches } from './design.js';
import type { FinishedRun } from './results.js';
import { type Estimate, estimate, tTest } from './statistics.js';
import type { Cells, Check, MeasureInfo, Study } from './study.js';

export const VERDICTS = ['holds', 'does not hold here', 'undecided'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What became of a check. */
export interface Finding {
  readonly says: string;
  readonly verdict: Verdict;
  /** Over the seeds; null where no seed has a number. */
  readonly estimate: Estimate | null;
  /** Two-sided, against the line; null of a single value, or between two lines. */
  readonly p: number | null;
  /** Cohen's d: the mean's distance from the line in standard deviations over seeds. */
  readonly effect: number | null;
  /** Seeds without a number, since a run that it needs failed. */
  readonly missing: number;
  readonly aside: boolean;
}

/** What a study needs to have for its runs to be judged. */
type Judged = Pick<Study, 'measures' | 'checks'>;

/** Judges every check. */
export function findings(study: Judged, runs: readonly FinishedRun[]): Finding[] {
  const bySeed = cellsBySeed(study.measures, runs);
  return study.checks.map((check) => finding(check, bySeed));
}

/**
 * All checks must hold for a claim to hold; one that does not is enough for it not to. Asides have no say.
 */
export function verdictOf(found: readonly Finding[]): Verdict {
  const asked = found.filter(({ aside }) => !aside).map(({ verdict }) => verdict);
  if (asked.includes('does not hold here')) return 'does not hold here';
  return asked.length > 0 && asked.every((verdict) => verdict === 'holds') ? 'holds' : 'undecided';
}

/** The runs of each seed, by their levels. A failed run has what its measures count it as. */
function cellsBySeed(
  measures: Readonly<Record<string, MeasureInfo>>,
  runs: readonly FinishedRun[],
): Cells[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  return seeds.map((seed) => {
    const own = runs.filter((run) => run.seed === seed);
    return (levels) => {
      const found = own.filter((run) => matches(run.levels, levels));
      // A rule that names no cell, or several, is a mistake in the study.
      if (found.length !== 1) {
        throw new Error(`${JSON.stringify(levels)} names ${found.length} cells and not one`);
      }
      return figuresOf(found[0]!, measures);
    };
  });
}

/** A run's single figures. */
export function figuresOf(
  run: FinishedRun,
  measures: Readonly<Record<string, MeasureInfo>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, { failed }]) => {
      const value = run.measures?.[name];
      return [name, typeof value === 'number' ? value : run.measures ? NaN : (failed ?? NaN)];
    }),
  );
}

function finding(check: Check, seeds: readonly Cells[]): Finding {
  const { says, aside = false } = check;
  const all = seeds.map((cell) => check.of(cell, seeds));
  const values = all.filter(Number.isFinite);
  const missing = all.length - values.length;
  if (values.length === 0) {
    return { says, aside, missing, verdict: 'undecided', estimate: null, p: null, effect: null };
  }
  const found = estimate(values);
  const line = typeof check.line === 'number' ? check.line : null;
  const spread = found.sd ? found.sd : null;
  return {
    ...{ says, aside, missing, estimate: found },
    // What a failed run would have said is not known: then nothing is proved.
    verdict: missing > 0 ? 'undecided' : judge(found, check),
    p: line === null ? null : tTest(values, line),
    effect: line === null || spread === null ? null : (found.mean - line) / spread,
  };
}

/** By where the whole interval lies; a single value, which nothing was drawn for, by itself. */
export function judge(
  { mean, interval }: Estimate,
  { holds, line }: Pick<Check, 'holds' | 'line'>,
): Verdict {
  const [low, high] = interval ?? [mean, mean];
  if (typeof line === 'number') {
    const above = low > line ? 'holds' : high < line ? 'does not hold here' : 'undecided';
    if (holds === 'above' || above === 'undecided') return above;
    return above === 'holds' ? 'does not hold here' : 'holds';
  }
  const [from, to] = line;
  if (low > from && high < to) return 'holds';
  return high < from || low > to ? 'does not hold here' : 'undecided';
}
