/**
 * Checkpoints: everything a run needs to resume bit for bit.
 *
 *     checkpoints/
 *       step-000500/  model.safetensors, optimizer.safetensors, state.json; average.safetensors with emaDecay
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
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readRegularFile } from '../util/read-file.js';
import { createWholeFolder, removeLeftovers, removeWholeFolder } from '../util/whole-folder.js';
import { type Checkpoint, fillFolder, IN_PLACE, readCheckpoint } from './checkpoint-files.js';
import { type CheckpointContents, checkpointName } from './checkpoint-state.js';

export type { Checkpoint } from './checkpoint-files.js';
export type { CheckpointContents, TrainingState } from './checkpoint-state.js';

const MAX_POINTER_BYTES = 256;
const FOLDER = /^step-(\d{6,})$/;

/** Which to open: by pointer, or by step. */
export type CheckpointChoice = 'latest' | 'best' | number;

/** The checkpoints of one run. */
export class CheckpointStore {
  constructor(readonly folder: string) {}

  /**
   * Writes a checkpoint, points `latest` (and with `best`, `best`) at it, and removes those that
   * neither names, but for those whose step is a multiple of `keepInterval` (0: none).
   *
   * @throws UserError where the file system refuses (disk full, no permission); the checkpoints that
   *   were there before are as they were.
   */
  save(contents: CheckpointContents, options: { best: boolean; keepInterval?: number }): string {
    const name = checkpointName(contents.state.step);
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
    this.#prune(options.keepInterval ?? 0);
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
    if (state.best) this.#pointBest(checkpointName(state.best.step));
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
      const name = choice === 'best' ? this.pointer('best') : checkpointName(choice);
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

  #prune(keepInterval: number): void {
    const kept = [this.#readPointer('latest'), this.#readPointer('best')];
    for (const { name, step } of this.list()) {
      const isForGood = keepInterval > 0 && step % keepInterval === 0;
      if (!isForGood && !kept.includes(name)) this.#remove(name);
    }
  }

  #remove(name: string): void {
    removeWholeFolder(path.join(this.folder, name));
  }
}
