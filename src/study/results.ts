/** What a study found, as a small file of JSON. */
import path from 'node:path';
import * as z from 'zod';
import { describeIssues } from '../runs/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { SETTINGS } from './study.js';
import { VERDICTS } from './verdict.js';

const number = z.number().nullable();
const level = z.union([z.string(), z.number(), z.boolean()]);

const runSchema = z.strictObject({
  levels: z.record(z.string(), level),
  seed: z.int().min(0),
  seconds: z.number(),
  /** Absent from a run that failed. What is not finite is null. */
  measures: z.record(z.string(), z.union([number, z.array(number), z.string()])).optional(),
  /** Why it failed, in a line. */
  failed: z.string().optional(),
});

/** A run that is over, whether it went well or not. */
export type FinishedRun = z.infer<typeof runSchema>;

const resultsSchema = z.strictObject({
  format: z.literal('nanogpt-study'),
  study: z.string(),
  setting: z.enum(SETTINGS),
  scale: z.record(z.string(), z.unknown()),
  seeds: z.int().min(1),
  /** What decided, as it was judged when this was written. */
  verdict: z.enum(VERDICTS),
  /** The command that makes it again. */
  command: z.string(),
  /** Day on which the last run ended. */
  date: z.string(),
  /** Of git, where it ran from a clone: `1a2b3c4`, with `+` where files had changed. */
  commit: z.string().optional(),
  nanogpt: z.string(),
  node: z.string(),
  machine: z.string(),
  backend: z.string(),
  /** The text, and its SHA-256; absent where there is none. */
  data: z.strictObject({ name: z.string(), sha256: z.string(), tokenizer: z.string() }).optional(),
  /** Of all runs together, and from beginning to end in the sitting that ended it. */
  seconds: z.number(),
  wallSeconds: z.number(),
  runs: z.array(runSchema),
});

export type StudyResults = z.infer<typeof resultsSchema>;

/** Far more than any has. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Results as they are kept: a run a line. */
export function resultsText({ runs, ...rest }: StudyResults): string {
  const head = JSON.stringify(rest, null, 1).slice(0, -2);
  const lines = runs.map((run) => `  ${JSON.stringify(run)}`);
  return `${head},\n "runs": [\n${lines.join(',\n')}\n ]\n}\n`;
}

/** `<folder>/<name>.json` */
export const resultsFile = (folder: string, name: string): string =>
  path.join(folder, `${name}.json`);

export function writeResults(folder: string, results: StudyResults): string {
  const file = resultsFile(folder, results.study);
  writeFileAtomic(file, resultsText(results), { makeFolders: true });
  return file;
}

/** @throws UserError when the file is missing or damaged. */
export function readResults(file: string): StudyResults {
  const json = readJsonFile(file, MAX_BYTES);
  const { data, error } = resultsSchema.safeParse(json);
  if (data) return data;
  throw new UserError(
    `${file}: is no study's results: ${describeIssues(error, json as Record<string, unknown>)}.`,
  );
}
