/** What `config.json` holds: everything needed to repeat a run. */
import * as z from 'zod';
import { UserError } from '../util/errors.js';
import type { RunSettings } from './config.js';
import { describeIssues } from './issues.js';
import { type TrainingSettings, trainingSchema } from './settings.js';

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

/** Checks what `config.json` holds. @param file its name, for the errors. @throws UserError for what is damaged. */
export function parseRunConfig(json: unknown, file: string): RunConfig {
  const parsed = runConfigSchema.safeParse(json);
  if (!parsed.success) {
    throw new UserError(
      `${file}: is not a run that this version reads: ${describeIssues(parsed.error, json)}.`,
    );
  }
  return parsed.data as RunConfig;
}
