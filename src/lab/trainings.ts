/** Starting and stopping: every training is a process of its own, the same command that a user types. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { models } from '../models/index.js';
import {
  buildSettings,
  lockHolder,
  RunDirectory,
  readRunConfig,
  requestStop,
} from '../runs/index.js';
import { UserError } from '../util/errors.js';
import { pairsOf, type Typed, typedOf } from './forms.js';

/** Trainings under way at once that the page may start: they share this machine's cores. */
const MOST_RUNNING = 4;
/** Text of a process that is kept: for its error. */
const MOST_TEXT = 8 * 1024;
/** How long a run may take to appear before the page is told to wait for it. */
const PATIENCE_MS = 20_000;

/** Settings that follow from others, and are made anew for another number of steps. */
const DERIVED = [
  'evalInterval',
  'checkpointInterval',
  'logInterval',
  'warmupFrom',
  'probeInterval',
];

export interface ForkWish {
  readonly from: string;
  readonly checkpoint: string;
  readonly name?: string | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

export class Trainings {
  readonly #running = new Set<ChildProcess>();

  /**
   * @param folder of the runs.
   * @param program the command line's.
   */
  constructor(
    private readonly folder: string,
    private readonly program: string,
  ) {}

  /** Starts a new run. @returns its name. @throws UserError with what the command said. */
  start({ model, preset, settings, name }: Typed & { name?: string | undefined }): Promise<string> {
    const chosen = this.#free(name, `${model}-${preset}`);
    const options = pairsOf(settings).flatMap((pair) => ['--set', pair]);
    const out = path.join(this.folder, chosen);
    return this.#run(chosen, ['train', model, '--preset', preset, ...options, '--out', out]);
  }

  /** Goes on with a run that was stopped, perhaps for longer. */
  resume(name: string, settings: Readonly<Record<string, string>>): Promise<string> {
    const folder = path.join(this.folder, name);
    if (lockHolder(folder) !== undefined) throw new UserError(`${name} is being trained already.`);
    const options = pairsOf(settings).flatMap((pair) => ['--set', pair]);
    return this.#run(name, ['train', '--resume', folder, ...options]);
  }

  /** Begins a new run with the weights of another's checkpoint and its settings, but for those that are changed. */
  fork({ from, checkpoint, name, settings }: ForkWish): Promise<string> {
    const folder = path.join(this.folder, from);
    const chosen = this.#free(name, `${from.slice(0, 60)}-fork`);
    const pairs = pairsOf({ ...ownSettings(folder), ...settings });
    const { preset } = readRunConfig(folder);
    return this.#run(chosen, [
      ...['train', '--init-from', folder, '--checkpoint', checkpoint, '--preset', preset],
      ...pairs.flatMap((pair) => ['--set', pair]),
      ...['--out', path.join(this.folder, chosen)],
    ]);
  }

  /** Asks for an end after the step under way, whichever process trains. */
  stop(name: string): void {
    requestStop(path.join(this.folder, name));
  }

  /** Removes a run that is not being trained. */
  delete(name: string): void {
    const folder = path.join(this.folder, name);
    if (lockHolder(folder) !== undefined) {
      throw new UserError(`${name} is being trained: stop it first.`);
    }
    const aside = path.join(this.folder, `.deleted-${process.pid}-${Date.now()}`);
    fs.renameSync(folder, aside);
    fs.rmSync(aside, { recursive: true });
  }

  #free(name: string | undefined, base: string): string {
    if (name !== undefined && name !== '') {
      RunDirectory.requireFree(name, this.folder);
      return name;
    }
    for (let i = 1; ; i++) {
      const chosen = `${base}-${i}`;
      if (!fs.existsSync(path.join(this.folder, chosen))) return chosen;
    }
  }

  async #run(name: string, args: readonly string[]): Promise<string> {
    if (this.#running.size >= MOST_RUNNING) {
      throw new UserError(
        `${MOST_RUNNING} runs started here are being trained; stop one, or wait.`,
      );
    }
    // In a group of its own: it goes on when the Lab ends.
    const child = spawn(process.execPath, [this.program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#running.add(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_TEXT);
    });
    let ended: { code: number | null } | undefined;
    const end = (code: number | null) => {
      ended = { code };
      this.#running.delete(child);
    };
    child.on('error', () => end(1));
    child.on('close', end);
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
    const folder = path.join(this.folder, name);
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; ) {
      if (lockHolder(folder) === child.pid) return name;
      if (ended) {
        if (ended.code === 0) return name; // done already
        throw new UserError(lastWords(said) || `the training ended with code ${ended.code}.`);
      }
      await pause(30);
    }
    return name; // a text that takes long to encode
  }
}

/** The error in what a command wrote, without its name. */
function lastWords(said: string): string {
  const lines = said.trim().split('\n');
  const line = lines.findLast((one) => one.startsWith('nanogpt: ')) ?? lines.at(-1) ?? '';
  return line.replace(/^nanogpt: /, '');
}

/** A run's data, and the training settings in which it differs from its preset, as typed. */
function ownSettings(folder: string): Record<string, string> {
  using run = RunDirectory.open(folder);
  const { config } = run;
  const own = typedOf(config);
  const data = run.keptText() ?? config.data;
  const { documents } = config;
  const read = {
    data,
    split: own['split']!,
    ...(documents !== undefined && { documents: String(documents) }),
  };
  const definition = models.get(config.model);
  if (!definition || !Object.hasOwn(definition.presets, config.preset)) return read;
  const plain = typedOf(buildSettings(definition, { preset: config.preset }));
  const changed = Object.keys(config.training)
    .filter((key) => own[key] !== undefined && own[key] !== plain[key] && !DERIVED.includes(key))
    .map((key) => [key, own[key]!]);
  return { ...Object.fromEntries(changed), ...read };
}
