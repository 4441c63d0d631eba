/** What a study is: a claim, the runs that test it, and the rule by which they decide. */
import type { DatasetOptions, LoadedDataset } from '../data/index.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** A value of a factor. */
export type Level = string | number | boolean;
/** A value for each factor: what tells a cell of the design from the others. */
export type Levels = Readonly<Record<string, Level>>;
/** What a run gave: figures, series of them that stand over one another's positions, and text to be read. */
export type Measures = Readonly<Record<string, number | readonly number[] | string>>;

/** The three sizes in which a study runs. */
export const SETTINGS = ['full', 'quick', 'tiny'] as const;
/** `full` decides; `quick` shows within minutes what to expect; `tiny` only proves that the code works. */
export type Setting = (typeof SETTINGS)[number];

/** What a run is given beside its levels. */
export interface RunContext<Scale> {
  /** The same seed gives every cell the same weights, order of data and chances, as far as they can be shared. */
  readonly seed: number;
  readonly scale: Scale;
  /** What `data` of the study names; reading it throws where that is null. */
  readonly data: LoadedDataset;
}

/** The cells of one seed: the measures of the only cell that has these levels. */
export type Cells = (levels: Partial<Levels>) => Readonly<Record<string, number>>;

/** One question that the runs answer. */
export interface Check {
  /** What should be true, in a sentence. */
  readonly says: string;
  /**
   * One number of the runs of one seed: most often the difference of two cells. `all` has the cells of every seed,
   * for what is measured against their mean.
   */
  of(cell: Cells, all: readonly Cells[]): number;
  /**
   * Where the number must lie: above the line, below it, or between two. The whole interval must lie there, or the
   * check does not hold.
   */
  readonly holds: 'above' | 'below' | 'between';
  readonly line: number | readonly [number, number];
  /** Of the number: `nats`, `×`. */
  readonly unit?: string;
  /** Not asked by the claim, but worth knowing: it has no say in the verdict. */
  readonly aside?: true;
}

/** A picture of results. */
export type Chart = {
  readonly title: string;
  /** The vertical axis, or the horizontal one of `dots`. */
  readonly measure: string;
  readonly log?: boolean;
} & (
  | { readonly kind: 'dots' /** Of one row; default all. */; readonly rows?: readonly string[] }
  | { readonly kind: 'lines'; readonly x: string; readonly lines?: string; readonly logX?: boolean }
  | { readonly kind: 'curves'; readonly x: string; readonly lines: string; readonly logX?: boolean }
);

/** What is measured, as tables and pictures call it. */
export interface MeasureInfo {
  readonly says: string;
  readonly unit?: string;
  /** After the point. Default 3. */
  readonly digits?: number;
  /** What a run that failed or diverged counts as. Default: nothing, and a check that needs it cannot hold. */
  readonly failed?: number;
}

/** Reads results, for prose: text and figures cannot part. */
export interface Reader {
  /** Mean over the seeds, and over all cells that have these levels. */
  mean(measure: string, levels?: Partial<Levels>): number;
  /** The same, as it stands in the table. */
  figure(measure: string, levels?: Partial<Levels>): string;
  /** The mean of a check, by its place from 0, with its sign. */
  check(index: number): string;
  readonly failed: number;
}

export interface Study<Scale extends object = Record<string, number>> {
  /** As its file is called: lower case, with hyphens. */
  readonly name: string;
  readonly title: string;
  /** The note that it belongs to. */
  readonly topic: string;
  /** In one sentence. */
  readonly claim: string;
  /** Paper and section, or practitioners' lore. */
  readonly source: string;
  /** What would refute the claim. */
  readonly refuted: string;
  /** All combinations of their levels are run. */
  readonly factors: Readonly<Record<string, readonly Level[]>>;
  /** Leaves combinations out. */
  readonly without?: (levels: Levels) => boolean;
  /** Of the full setting. Default 5. 1 where nothing is drawn at random: what is counted has no interval. */
  readonly seeds?: number;
  readonly scales: Readonly<Record<Setting, Scale>>;
  readonly measures: Readonly<Record<string, MeasureInfo>>;
  /** Text, tokenizer and split; null for a study of no text. Default: tiny_shakespeare's characters, 90/10. */
  readonly data?: Omit<DatasetOptions, 'onProgress' | 'signal'> | null;
  /** Whether runs must have the machine to themselves, since time is measured. Default false. */
  readonly alone?: boolean;
  run(levels: Levels, context: RunContext<Scale>): Measures | Promise<Measures>;
  readonly checks: readonly Check[];
  readonly charts?: readonly Chart[];
  /** What is to be learned from it, in Markdown. */
  discussion?(results: Reader): string;
}

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Checks a study and gives it back: what a file in `studies/` exports.
 *
 * @throws UserError naming what is missing or does not fit.
 */
export function defineStudy<Scale extends object>(study: Study<Scale>): Study<Scale> {
  const { name, factors, checks, scales, measures, run } = study ?? {};
  const expect = (fits: unknown, what: string, got: unknown): void => {
    if (fits) return;
    const which = typeof name === 'string' ? `study ${name}` : 'defineStudy';
    throw new UserError(`${which}: expected ${what}, got ${describeValue(got)}`);
  };
  expect(NAME.test(String(name)), 'a name of lower-case letters, digits and hyphens', name);
  for (const key of ['title', 'topic', 'claim', 'source', 'refuted'] as const) {
    expect(typeof study[key] === 'string' && study[key] !== '', `${key}, a text`, study[key]);
  }
  const levels = Object.values(factors ?? {});
  expect(levels.length > 0, 'factors, each with its levels', factors);
  for (const [factor, values] of Object.entries(factors)) {
    const isList = Array.isArray(values) && values.length > 0;
    expect(isList, `levels of ${factor}, a list`, values);
    expect(new Set(values).size === values.length, `levels of ${factor} to differ`, values);
  }
  expect(typeof run === 'function', 'run, a function', run);
  expect(Object.keys(measures ?? {}).length > 0, 'measures, each with what it says', measures);
  for (const setting of SETTINGS) {
    expect(typeof scales?.[setting] === 'object', `scales.${setting}`, scales?.[setting]);
  }
  expect(Array.isArray(checks) && checks.some((check) => !check.aside), 'checks', checks);
  for (const { says, holds, line } of checks) {
    const isPair = Array.isArray(line) && line.length === 2 && line[0]! < line[1]!;
    const fits = holds === 'between' ? isPair : typeof line === 'number';
    expect(fits, `a line for "${says}": a number, or two ascending ones with between`, line);
  }
  return study;
}
