/**
 * Checkpoints: everything a run needs to resume bit for bit.
 *
 *     checkpoints/
 *       step-000500/  model.safetensors, optimizer.safetensors, state.json
 *       latest        the name of the newest, in a line of text
 *       best          the name of the one with the lowest validation loss
 *
 * A checkpoint is written aside, every file synced, then renamed into its place, and only then do the
 * pointers change, each by a rename; older checkpoints are removed last. At every moment, a kill or a
 * power cut included, `latest` therefore names a whole one. `state.json` has each file's length and
 * checksum, so that damage done later is found before anything is loaded.
 */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { writeSafetensors } from '../formats/safetensors.js';
import type { Tensor } from '../tensor/index.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { NO_WAIT, readRegularFile } from '../util/read-file.js';
import { createWholeFolder, removeLeftovers, removeWholeFolder } from '../util/whole-folder.js';
import { describeIssues } from './issues.js';

const STATE_FILE = 'state.json';
const MODEL_FILE = 'model.safetensors';
const OPTIMIZER_FILE = 'optimizer.safetensors';
/** A line for each parameter of the largest models that this program trains, many times over. */
const MAX_STATE_BYTES = 64 * 1024 * 1024;
const MAX_POINTER_BYTES = 256;
const FOLDER = /^step-(\d{6,})$/;
/** A folder that has vanished meanwhile is not made anew. */
const IN_PLACE = { makeFolders: false };

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
}

/** A checkpoint on disk whose files were found whole. */
export interface Checkpoint {
  /** `step-000500`. */
  readonly name: string;
  readonly folder: string;
  readonly state: TrainingState;
  readonly modelFile: string;
  readonly optimizerFile: string;
}

/** Which to open: by pointer, or by step. */
export type CheckpointChoice = 'latest' | 'best' | number;

/** The checkpoints of one run. */
export class CheckpointStore {
  constructor(readonly folder: string) {}

  /**
   * Writes a checkpoint, points `latest` (and with `best`, `best`) at it, and removes those that
   * neither names.
   *
   * @throws UserError where the file system refuses (disk full, no permission); the checkpoints that
   *   were there before are as they were.
   */
  save(contents: CheckpointContents, options: { best: boolean }): string {
    const name = folderName(contents.state.step);
    const target = path.join(this.folder, name);
    const write = (): boolean => createWholeFolder(target, (aside) => fillFolder(aside, contents));
    this.#make();
    removeLeftovers(this.folder);
    if (!write()) {
      // Left by a sitting that was killed before `latest` named it, or went on from an earlier step.
      if (this.#readPointer('latest') === name || this.#readPointer('best') === name) {
        throw new UserError(`${target}: this checkpoint exists already.`);
      }
      removeWholeFolder(target);
      write();
    }
    if (options.best) this.#point('best', name);
    this.#point('latest', name);
    this.#prune();
    return name;
  }

  /** Makes `checkpoint` the newest: later ones belong to a future that the run now leaves. */
  rewind({ name, state }: Checkpoint): void {
    // What cannot be read or replaced is found before anything changes.
    const latest = this.#readPointer('latest');
    this.#readPointer('best');
    for (const which of ['latest', 'best']) {
      const file = path.join(this.folder, which);
      if (!fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) continue;
      throw new UserError(`${file}: is a folder: expected a file. Remove it.`);
    }
    removeLeftovers(this.folder);
    if (latest !== name) this.#point('latest', name);
    if (state.best) this.#pointBest(folderName(state.best.step));
    for (const { name, step } of this.list()) if (step > state.step) this.#remove(name);
  }

  /** The checkpoints there are, by step, damaged ones among them. */
  list(): { name: string; step: number }[] {
    let entries: string[];
    try {
      entries = fs.readdirSync(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw fileError('cannot read', this.folder, error);
    }
    return entries
      .filter((name) => FOLDER.test(name))
      .map((name) => ({ name, step: Number(FOLDER.exec(name)![1]) }))
      .sort((a, b) => a.step - b.step);
  }

  /** The name that a pointer holds, or undefined when there is none (or nonsense in it). */
  pointer(which: 'latest' | 'best'): string | undefined {
    try {
      return this.#readPointer(which);
    } catch {
      return undefined;
    }
  }

  /** As `pointer`, but throws where it cannot be read: nothing is removed because of that. */
  #readPointer(which: 'latest' | 'best'): string | undefined {
    const file = path.join(this.folder, which);
    if (fs.lstatSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    try {
      const name = readRegularFile(file, MAX_POINTER_BYTES).toString('utf8').trim();
      return FOLDER.test(name) ? name : undefined;
    } catch (error) {
      if ((error as Error).cause !== undefined) throw error; // the file system's
      return undefined; // too large, or no file: nonsense
    }
  }

  /**
   * Opens a checkpoint after checking every file's length and hash.
   *
   * `latest` falls back on the newest that is whole, `best` on none: it is chosen for its loss.
   *
   * @returns the checkpoint, undefined when there is none at all; and lines for the user about what
   *   was passed over.
   * @throws UserError when there are checkpoints, but the one asked for is not there or not whole.
   */
  open(choice: CheckpointChoice = 'latest'): { checkpoint?: Checkpoint; notices: string[] } {
    const all = this.list().reverse();
    if (choice !== 'latest') {
      const name = choice === 'best' ? this.pointer('best') : folderName(choice);
      const known = all.map((entry) => entry.step).reverse();
      if (name === undefined || !all.some((entry) => entry.name === name)) {
        throw new UserError(
          `${this.folder}: has no checkpoint ${choice === 'best' ? '"best"' : `of step ${choice}`}; there are ${known.length === 0 ? 'none' : `those of step ${known.join(', ')}`}.`,
        );
      }
      return { checkpoint: readCheckpoint(path.join(this.folder, name)), notices: [] };
    }
    const latest = this.pointer('latest');
    const names = all.map((entry) => entry.name);
    const inOrder = latest && names.includes(latest) ? [latest, ...names] : names;
    const notices: string[] = [];
    for (const name of new Set(inOrder)) {
      try {
        return { checkpoint: readCheckpoint(path.join(this.folder, name)), notices };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        notices.push(`${name} is passed over: ${error.message}`);
      }
    }
    if (notices.length > 0) {
      throw new UserError(`no checkpoint in ${this.folder} is whole. ${notices.join(' ')}`);
    }
    return { notices };
  }

  /** Makes the folder where it is missing, but not the run's above it: without its rest, that is no run. */
  #make(): void {
    try {
      fs.mkdirSync(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      throw fileError('cannot write', this.folder, error);
    }
  }

  #point(which: 'latest' | 'best', name: string): void {
    writeFileAtomic(path.join(this.folder, which), `${name}\n`, IN_PLACE);
  }

  /** A kill may have come between the two pointers. */
  #pointBest(name: string): void {
    if (this.#readPointer('best') !== name && fs.existsSync(path.join(this.folder, name))) {
      this.#point('best', name);
    }
  }

  #prune(): void {
    const kept = [this.#readPointer('latest'), this.#readPointer('best')];
    for (const { name } of this.list()) if (!kept.includes(name)) this.#remove(name);
  }

  #remove(name: string): void {
    removeWholeFolder(path.join(this.folder, name));
  }
}

function folderName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

function fillFolder(folder: string, { state, model, optimizer }: CheckpointContents): void {
  const metadata = { format: 'nanogpt', step: String(state.step) };
  const files = {
    [MODEL_FILE]: writeSafetensors(path.join(folder, MODEL_FILE), model, metadata, IN_PLACE),
    [OPTIMIZER_FILE]: writeSafetensors(
      path.join(folder, OPTIMIZER_FILE),
      optimizer,
      metadata,
      IN_PLACE,
    ),
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

function readCheckpoint(folder: string): Checkpoint {
  const { state, files } = readState(folder);
  for (const name of [MODEL_FILE, OPTIMIZER_FILE]) {
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
