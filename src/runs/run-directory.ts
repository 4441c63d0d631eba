/**
 * A run's folder:
 *
 *     runs/<name>/
 *       config.json      everything needed to repeat the run
 *       metrics.jsonl    one event a line
 *       probes.jsonl     statistics of the inside, where they are asked for
 *       checkpoints/     see checkpoint.ts
 *       tokenizer/       the tokenizer itself, so that a run stands alone
 *       text.txt         what it is trained on, where that came from standard input
 *       samples.txt      what it wrote on the way
 *       train.lock       while a process trains in it
 *       train.stop       for a moment, where it is asked to stop
 *
 * It appears whole (configuration and tokenizer), under a name that no other run has.
 */
import fs from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UsageError, UserError } from '../util/errors.js';
import { makeFolder } from '../util/folders.js';
import { createWholeFolder, isTaken, removeLeftovers } from '../util/whole-folder.js';
import {
  type Checkpoint,
  type CheckpointChoice,
  type CheckpointContents,
  CheckpointStore,
} from './checkpoint.js';
import { HeldFolder } from './held-folder.js';
import { type ReadProbes, readProbes } from './probe-log.js';
import type { ModelProbe } from './probe-records.js';
import { isRun, type RunConfig, readRunConfig, writeRunConfig } from './run-config.js';
import { lockRun } from './run-lock.js';
import { RunLog, readJsonLines } from './run-log.js';
import { clearStopRequest, isStopRequested } from './stop-request.js';

const TEXT = 'text.txt';
/** The files that only grow. A checkpoint remembers how long each was. */
const LOGS = { metrics: 'metrics.jsonl', probes: 'probes.jsonl', samples: 'samples.txt' } as const;
export type LogName = keyof typeof LOGS;

/** Letters, digits and marks that need no quoting in any shell or file system. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export interface CreateRunOptions {
  /** The folder that holds the runs. Default `runs`. */
  folder?: string | undefined;
  /** Default `<model>-<preset>-<date>-<time>`, as `mlp-published-20261123-1903`. */
  name?: string | undefined;
  /** All of the configuration but its name. */
  config: Omit<RunConfig, 'name'>;
  tokenizer: Tokenizer;
  /** The text, where nothing but the run keeps it. */
  text?: string | undefined;
}

export class RunDirectory {
  readonly checkpoints: CheckpointStore;
  readonly #folder: HeldFolder;
  #config: RunConfig;
  readonly #logs = new Map<LogName, RunLog>();
  #unlock: (() => void) | undefined;

  private constructor(
    readonly path: string,
    config: RunConfig,
  ) {
    this.#folder = new HeldFolder(path);
    this.#config = config;
    this.checkpoints = new CheckpointStore(join(path, 'checkpoints'));
  }

  /**
   * Makes a new run's folder.
   *
   * @throws UsageError for an invalid name, or one that is taken; UserError when the folder cannot be written.
   */
  static create({
    folder = 'runs',
    name,
    config,
    tokenizer,
    text,
  }: CreateRunOptions): RunDirectory {
    if (name !== undefined) RunDirectory.requireFree(name, folder);
    const parent = resolve(folder);
    try {
      makeFolder(parent);
    } catch (error) {
      throw fileError('cannot write', parent, error);
    }
    removeLeftovers(parent);
    const base = name ?? autoName(config);
    for (let attempt = 1; ; attempt++) {
      const chosen = attempt === 1 ? base : `${base}-${attempt}`;
      const target = join(parent, chosen);
      const complete = { ...config, name: chosen } as RunConfig;
      const made = createWholeFolder(target, (aside) => {
        writeRunConfig(aside, complete);
        tokenizer.save(join(aside, 'tokenizer'));
        if (text !== undefined) writeFileAtomic(join(aside, TEXT), text);
        fs.mkdirSync(join(aside, 'checkpoints'));
      });
      if (made) return new RunDirectory(target, complete);
      if (name !== undefined) throw taken(target);
    }
  }

  /**
   * Refuses, before any work is done for it, a name that a new run cannot have.
   *
   * @throws UsageError for an invalid name, or one that is taken; UserError when it cannot be looked up.
   */
  static requireFree(name: string, folder = 'runs'): void {
    if (!NAME.test(name)) {
      throw new UsageError(
        `run name ${JSON.stringify(name)}: expected letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 100 characters.`,
      );
    }
    const target = join(resolve(folder), name);
    let isFree: boolean;
    try {
      isFree = !isTaken(target);
    } catch (error) {
      throw fileError('cannot write', target, error);
    }
    if (!isFree) throw taken(target);
  }

  /** Opens a run's folder. @throws UserError when it is not a run, or damaged. */
  static open(folder: string): RunDirectory {
    return new RunDirectory(resolve(folder), readRunConfig(folder));
  }

  get config(): RunConfig {
    return this.#config;
  }

  get name(): string {
    return basename(this.path);
  }

  /** Replaces the configuration: for a run resumed with other settings. */
  writeConfig(config: RunConfig): void {
    this.#write(() => writeRunConfig(this.path, config));
    this.#config = config;
  }

  /** The run's own tokenizer. */
  tokenizer(): Promise<Tokenizer> {
    return loadTokenizer(join(this.path, 'tokenizer'));
  }

  /** Where the text lies that the run keeps itself; undefined when it is found where `config.data` says. */
  keptText(): string | undefined {
    const file = join(this.path, TEXT);
    return fs.existsSync(file) ? file : undefined;
  }

  /** Where a growing file lies. */
  logPath(log: LogName): string {
    return join(this.path, LOGS[log]);
  }

  /** Takes the run for training in this process, until `close()`. @throws UserError when another has it. */
  lock(): void {
    if (this.#unlock) return;
    this.#unlock = lockRun(this.path);
    clearStopRequest(this.path);
  }

  /** Whether somebody asked training to stop (`requestStop`); for the process that has the lock. */
  isStopRequested(): boolean {
    return isStopRequested(this.path);
  }

  /** Adds one event, as a line of JSON, to metrics or probes. Returns how long that file is then. */
  append(log: 'metrics' | 'probes', event: object): number {
    return this.#write(() => {
      const file = this.#log(log);
      file.append(`${JSON.stringify(event)}\n`);
      return file.length;
    });
  }

  appendSample(text: string): void {
    this.#write(() => this.#log('samples').append(text));
  }

  /** All whole lines of metrics or probes. */
  read(log: 'metrics' | 'probes'): unknown[] {
    return readJsonLines(this.logPath(log));
  }

  /** The records of the model as a whole in probes. */
  modelProbes(): ReadProbes<ModelProbe> {
    return readProbes(this.logPath('probes'), { type: 'model' });
  }

  /** Puts what was appended safely on the disk, and says how long each file is: for a checkpoint. */
  syncLogs(): Record<string, number> {
    return this.#write(() => {
      const lengths: Record<string, number> = {};
      for (const [name, log] of this.#logs) {
        log.sync();
        lengths[LOGS[name]] = log.length;
      }
      return lengths;
    });
  }

  /** See `CheckpointStore.save`. @throws FolderGoneError, too, as every method that writes. */
  saveCheckpoint(
    contents: CheckpointContents,
    options: { best: boolean; keepInterval?: number },
  ): string {
    return this.#write(() => this.checkpoints.save(contents, options));
  }

  /**
   * Goes back to a checkpoint, or (undefined) to the beginning: growing files are cut to what they
   * were, later checkpoints removed. What follows is then one history.
   */
  rewind(checkpoint: Checkpoint | undefined): void {
    const names = Object.keys(LOGS) as LogName[];
    // What cannot be opened is found before anything changes.
    for (const name of names) if (isThere(this.logPath(name))) this.#log(name);
    if (checkpoint) this.checkpoints.rewind(checkpoint);
    for (const name of names) {
      const length = checkpoint?.state.logs[LOGS[name]] ?? 0;
      if (length > 0) this.#log(name); // opened, so that the next checkpoint counts it
      this.#logs.get(name)?.truncate(length);
    }
  }

  /** See `CheckpointStore.open`. */
  openCheckpoint(choice?: CheckpointChoice): { checkpoint?: Checkpoint; notices: string[] } {
    return this.checkpoints.open(choice);
  }

  /** Closes the growing files and gives the lock back. */
  close(): void {
    for (const log of this.#logs.values()) log.close();
    this.#logs.clear();
    if (this.#unlock) clearStopRequest(this.path);
    this.#unlock?.();
    this.#unlock = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Everything that writes goes through here: into the folder that was made or opened and no other, and
   * what fails says what is left.
   */
  #write<T>(action: () => T): T {
    this.#folder.check();
    try {
      return action();
    } catch (error) {
      this.#folder.check(); // that it has gone says more
      if (!(error instanceof UserError)) throw error;
      const latest = this.checkpoints.pointer('latest');
      if (latest === undefined) throw error;
      const message = `${error.message} The last good checkpoint, ${latest}, is intact.`;
      throw new UserError(message, { cause: error });
    }
  }

  #log(name: LogName): RunLog {
    let log = this.#logs.get(name);
    if (!log) {
      log = new RunLog(this.logPath(name));
      this.#logs.set(name, log);
    }
    return log;
  }
}

/** Whether there is something to open; a link to nowhere would be made a file. */
function isThere(file: string): boolean {
  try {
    return fs.statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
}

function taken(target: string): UsageError {
  return new UsageError(
    isRun(target)
      ? `${target}: this run exists already. Choose another name, resume it (--resume ${basename(target)}), or remove it.`
      : `${target}: exists already, and is no run. Choose another name.`,
  );
}

function autoName({ model, preset, created }: Omit<RunConfig, 'name'>): string {
  const date = new Date(created);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${model}-${preset}-${day}-${two(date.getHours())}${two(date.getMinutes())}`;
}
