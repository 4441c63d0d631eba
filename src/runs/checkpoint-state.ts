/** What a checkpoint holds, wherever it lies: `state.json` and its checksums. */
import * as z from 'zod';
import type { SafetensorsReader } from '../formats/safetensors-read.js';
import type { Tensor } from '../tensor/index.js';
import { crc32 } from '../util/crc32.js';
import { UserError } from '../util/errors.js';
import { describeIssues } from './issues.js';

const position = z.strictObject({ seed: z.int(), stream: z.int(), position: z.int() });
const losses = z.strictObject({ sum: z.number(), count: z.int().min(0) });
const evaluated = z.strictObject({ step: z.int(), loss: z.number() });

/** What a checkpoint holds besides tensors. Plain JSON. */
export const trainingStateSchema = z.strictObject({
  /** Optimizer steps done. */
  step: z.int().min(0),
  /** Tokens that were predicted for training so far. */
  tokens: z.int().min(0),
  /** Seconds spent training, over all sittings. */
  seconds: z.number().min(0),
  /** Where the sources of randomness stand: initialisation and dropout, and the order of the data. */
  random: z.strictObject({ default: position, data: position }),
  /** The training losses since the last line of metrics, and since the last evaluation. */
  sinceLog: losses,
  sinceEvaluation: losses,
  /** The last and the best evaluation. */
  evaluation: evaluated.extend({ trainLoss: z.number().nullable() }).nullable(),
  best: evaluated.nullable(),
  /** Evaluations since the best one. */
  withoutBetter: z.int().min(0),
  /** Steps since the last record of probes, and how many of them were clipped. */
  clipping: z.strictObject({ steps: z.int().min(0), clipped: z.int().min(0) }).optional(),
  /** The optimizer's own counters. */
  optimizer: z.record(z.string(), z.json()),
  /** How long the run's growing files were, so that history can be cut back to this moment. */
  logs: z.record(z.string(), z.int().min(0)),
});
export type TrainingState = z.infer<typeof trainingStateSchema>;

const fileSchema = z.strictObject({ bytes: z.int().min(0), crc32: z.int().min(0) });
/** `state.json`. */
export const savedSchema = z.strictObject({
  format: z.literal('nanogpt-checkpoint'),
  version: z.literal(1),
  state: trainingStateSchema,
  files: z.record(z.string(), fileSchema),
  /** CRC-32 of `state` and `files` as JSON. */
  crc32: z.int().min(0),
});

/** Tensors by name. */
export type Named = Iterable<readonly [string, Tensor]>;

/** What to save. */
export interface CheckpointContents {
  state: TrainingState;
  model: Named;
  optimizer: Named;
  /** The average of the weights, where one is kept. */
  average?: Named | undefined;
}

/** A checkpoint as training takes it up. */
export interface SavedState {
  /** `step-000500`. */
  readonly name: string;
  readonly state: TrainingState;
  /** Opens the tensors of one part; undefined where the checkpoint has none (of the average only). */
  open(part: CheckpointPart): SafetensorsReader | undefined;
}

/** What of a checkpoint is tensors; each part is a file `<part>.safetensors`. */
export type CheckpointPart = 'model' | 'optimizer' | 'average';

/** Opens what every checkpoint has, or was to keep. @throws UserError where it holds none. */
export function openPart(saved: SavedState, part: CheckpointPart): SafetensorsReader {
  const source = saved.open(part);
  if (source) return source;
  throw new UserError(
    part === 'average'
      ? `${saved.name} holds no average of weights: a run keeps one when it is begun with emaDecay, such as emaDecay=0.999.`
      : `${saved.name} holds no ${part}.safetensors.`,
  );
}

/** The name of a checkpoint's folder. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** Length and checksum of each file of tensors. */
export type CheckpointFiles = Record<string, { bytes: number; crc32: number }>;

/** The text of `state.json`. */
export function stateJson(state: TrainingState, files: CheckpointFiles): string {
  const checksum = checksumOf({ state, files });
  const saved = { format: 'nanogpt-checkpoint', version: 1, state, files, crc32: checksum };
  return `${JSON.stringify(saved, null, 2)}\n`;
}

function checksumOf(value: unknown): number {
  return crc32(new TextEncoder().encode(JSON.stringify(value)));
}

/** Checks what `state.json` holds. @param file its name, for the errors. @throws UserError for what is damaged. */
export function parseState(json: unknown, file: string): z.infer<typeof savedSchema> {
  const { state, files, crc32: expected } = Object(json) as Record<string, unknown>;
  if (expected !== checksumOf({ state, files })) {
    throw new UserError(`${file}: is damaged: its contents do not match its checksum.`);
  }
  const parsed = savedSchema.safeParse(json);
  if (!parsed.success) {
    throw new UserError(
      `${file}: is not a checkpoint that this version reads: ${describeIssues(parsed.error, json)}.`,
    );
  }
  return parsed.data;
}
