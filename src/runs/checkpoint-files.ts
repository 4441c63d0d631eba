/** The files of one checkpoint: model and optimizer in safetensors, and `state.json`, which has their lengths and checksums. */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { writeSafetensors } from '../formats/safetensors.js';
import type { Tensor } from '../tensor/index.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { NO_WAIT } from '../util/read-file.js';
import { describeIssues } from './issues.js';

const STATE_FILE = 'state.json';
const MODEL_FILE = 'model.safetensors';
const OPTIMIZER_FILE = 'optimizer.safetensors';
const AVERAGE_FILE = 'average.safetensors';
/** A line for each parameter of the largest models that this program trains, many times over. */
const MAX_STATE_BYTES = 64 * 1024 * 1024;
/** A folder that has vanished meanwhile is not made anew. */
export const IN_PLACE = { makeFolders: false };

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
const savedSchema = z.strictObject({
  format: z.literal('nanogpt-checkpoint'),
  version: z.literal(1),
  state: trainingStateSchema,
  files: z.record(z.string(), fileSchema),
  /** CRC-32 of `state` and `files` as JSON. */
  crc32: z.int().min(0),
});

type Named = Iterable<readonly [string, Tensor]>;

/** What to save. */
export interface CheckpointContents {
  state: TrainingState;
  model: Named;
  optimizer: Named;
  /** The average of the weights, where one is kept. */
  average?: Named | undefined;
}

/** A checkpoint on disk whose files were found whole. */
export interface Checkpoint {
  /** `step-000500`. */
  readonly name: string;
  readonly folder: string;
  readonly state: TrainingState;
  readonly modelFile: string;
  readonly optimizerFile: string;
  /** Where the run keeps an average of the weights. */
  readonly averageFile?: string;
}

/** Writes a checkpoint's files into `folder`, which is there. */
export function fillFolder(folder: string, contents: CheckpointContents): void {
  const { state, model, optimizer, average } = contents;
  const metadata = { format: 'nanogpt', step: String(state.step) };
  const write = (name: string, tensors: Named) => ({
    [name]: writeSafetensors(path.join(folder, name), tensors, metadata, IN_PLACE),
  });
  const files = {
    ...write(MODEL_FILE, model),
    ...write(OPTIMIZER_FILE, optimizer),
    ...(average && write(AVERAGE_FILE, average)),
  };
  const checksum = checksumOf({ state, files });
  const saved = { format: 'nanogpt-checkpoint', version: 1, state, files, crc32: checksum };
  writeFileAtomic(path.join(folder, STATE_FILE), `${JSON.stringify(saved, null, 2)}\n`, IN_PLACE);
}

function checksumOf(value: unknown): number {
  return crc32(JSON.stringify(value));
}

/** Reads the state of the checkpoint in `folder` without looking at its tensors. */
export function readState(folder: string): z.infer<typeof savedSchema> {
  const file = path.join(folder, STATE_FILE);
  const json = readJsonFile(file, MAX_STATE_BYTES) as {
    state?: unknown;
    files?: unknown;
    crc32?: unknown;
  } | null;
  if (json?.crc32 !== checksumOf({ state: json?.state, files: json?.files })) {
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

/** The checkpoint in `folder`, after checking every file's length and checksum. @throws UserError when it is not whole. */
export function readCheckpoint(folder: string): Checkpoint {
  const { state, files } = readState(folder);
  const hasAverage = files[AVERAGE_FILE] !== undefined;
  for (const name of [MODEL_FILE, OPTIMIZER_FILE, ...(hasAverage ? [AVERAGE_FILE] : [])]) {
    const expected = files[name];
    if (!expected) throw new UserError(`${folder}: is damaged: its state does not name ${name}.`);
    checkFile(path.join(folder, name), expected);
  }
  return {
    name: path.basename(folder),
    folder,
    state,
    modelFile: path.join(folder, MODEL_FILE),
    optimizerFile: path.join(folder, OPTIMIZER_FILE),
    ...(hasAverage && { averageFile: path.join(folder, AVERAGE_FILE) }),
  };
}

function checkFile(file: string, expected: { bytes: number; crc32: number }): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, NO_WAIT);
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
  try {
    const { size } = fs.fstatSync(descriptor); // 0 of a pipe
    if (size !== expected.bytes) {
      throw new UserError(`${file}: is damaged: expected ${expected.bytes} bytes, got ${size}.`);
    }
    let checksum = 0;
    const buffer = new Uint8Array(4 * 1024 * 1024);
    for (let count = -1; count !== 0; ) {
      count = fs.readSync(descriptor, buffer, 0, buffer.length, null);
      checksum = crc32(buffer.subarray(0, count), checksum);
    }
    if (checksum !== expected.crc32) {
      throw new UserError(`${file}: is damaged: its contents do not match its checksum.`);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
