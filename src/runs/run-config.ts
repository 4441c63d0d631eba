/** `config.json`: everything needed to repeat a run. */
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { currentBackend } from '../tensor/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import type { RunSettings } from './config.js';
import { describeIssues } from './issues.js';
import { type TrainingSettings, trainingSchema } from './settings.js';

const FILE = 'config.json';
/** A few kilobytes in truth. */
const MAX_BYTES = 4 * 1024 * 1024;

const count = z.int().min(0);
const splitInfo = z.object({ tokens: count, bytes: count });

const importedFileSchema = z.strictObject({
  /** Absolute. */
  path: z.string().min(1),
  /** Of its text, as it was imported. */
  sha256: z.string(),
});

/** A file that the command line imported (`--import`). */
export type ImportedFile = z.infer<typeof importedFileSchema>;

const runConfigSchema = z.strictObject({
  format: z.literal('nanogpt-run'),
  version: z.literal(1),
  name: z.string().min(1),
  /** When it was begun, ISO 8601. */
  created: z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time'),
  model: z.string(),
  preset: z.string(),
  modelConfig: z.record(z.string(), z.json()),
  training: trainingSchema.required({
    weightDecay: true,
    warmupFrom: true,
    evalInterval: true,
    checkpointInterval: true,
    logInterval: true,
  }) as unknown as z.ZodType<TrainingSettings>,
  /** As the user named it. */
  data: z.string(),
  documents: z.boolean().optional(),
  tokenizer: z.string(),
  split: z.tuple([z.number(), z.number(), z.number()]),
  seed: count,
  /** What was found under these names, so that a change is noticed. */
  dataset: z.looseObject({
    name: z.string(),
    sha256: z.string(),
    bytes: count,
    tokens: count,
    splits: z.object({ train: splitInfo, validation: splitInfo, test: splitInfo }),
  }),
  vocabSize: z.int().min(1),
  parameters: z.strictObject({ total: count, trainable: count }),
  /** Code of the user's own that the run was made with: its models, tokenizers, datasets. */
  imports: z.array(importedFileSchema).optional(),
  versions: z.strictObject({
    nanogpt: z.string(),
    node: z.string(),
    /** `linux x64`. */
    platform: z.string(),
    backend: z.string(),
    threads: z.int().min(1),
  }),
});

/** A run's `config.json`. */
export type RunConfig = RunSettings & z.infer<typeof runConfigSchema>;
export type Versions = RunConfig['versions'];

let packageVersion: string | undefined;

/** What a run is made with here and now. */
export function versions(): Versions {
  // Two folders up, both from src/train and from dist/train.
  packageVersion ??= String(
    JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  );
  const { name, threads } = currentBackend();
  return {
    nanogpt: packageVersion,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    backend: name,
    threads,
  };
}

export function writeRunConfig(folder: string, config: RunConfig): void {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  writeFileAtomic(path.join(folder, FILE), text, { makeFolders: false });
}

/** Whether the folder says of itself that it holds a run; it may be damaged. */
export function isRun(folder: string): boolean {
  return fs.existsSync(path.join(folder, FILE));
}

/** @throws UserError when the folder holds no run, or its configuration is damaged. */
export function readRunConfig(folder: string): RunConfig {
  const file = path.join(folder, FILE);
  if (!isRun(folder)) {
    throw new UserError(
      `${folder}: is not a run: ${fs.existsSync(folder) ? `it has no ${FILE}` : 'there is no such folder'}.`,
    );
  }
  const json = readJsonFile(file, MAX_BYTES);
  const { format, model_type: published } = Object(json) as Record<string, unknown>;
  if (format !== 'nanogpt-run' && typeof published === 'string') {
    throw new UserError(
      `${folder}: is not a run but a published model; \`nanogpt import ${folder} --out RUN\` makes a run of it.`,
    );
  }
  const parsed = runConfigSchema.safeParse(json);
  if (!parsed.success) {
    throw new UserError(
      `${file}: is not a run that this version reads: ${describeIssues(parsed.error, json)}.`,
    );
  }
  return parsed.data as RunConfig;
}
