/** Finished runs, each kept under a hash of everything that decides it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedDataset } from '../data/index.js';
import { currentBackend } from '../tensor/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import type { AnyStudy, PlannedRun } from './design.js';
import { sharedFiles } from './find.js';
import type { FinishedRun } from './results.js';
import type { Setting } from './study.js';

/** Rooms that show, serve and command, and decide no figure. */
const DECIDE_NOTHING = ['cli', 'lab', 'study', 'studies', 'web', 'playground', 'conformance'];
const MAX_BYTES = 4 * 1024 * 1024;

let engine: string | undefined;

/** Of all code that computes, whichever way it is here: sources, or what is built of them. */
function engineDigest(): string {
  if (engine !== undefined) return engine;
  const root = fileURLToPath(new URL('..', import.meta.url));
  const hash = createHash('sha256');
  const files = fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => !DECIDE_NOTHING.includes(file.split(path.sep)[0]!))
    .filter((file) => /\.(js|ts|wasm)$/.test(file) && !/\.(d|test)\.ts$/.test(file));
  for (const file of files.sort()) add(hash, file, path.join(root, file));
  const kernels = path.join(root, '..', 'kernels');
  for (const file of fs.existsSync(kernels) ? fs.readdirSync(kernels).sort() : []) {
    if (/\.[ch]$/.test(file)) add(hash, file, path.join(kernels, file));
  }
  engine = hash.digest('hex');
  return engine;
}

function add(hash: ReturnType<typeof createHash>, name: string, file: string): void {
  const content = fs.readFileSync(file);
  hash.update(`${name}\0${content.length}\0`).update(content);
}

/** Where the runs of one study at one setting are kept, and found again. */
export class KeptRuns {
  readonly #base: string;

  /**
   * @param file the study's own.
   * @param folder where runs are kept.
   */
  constructor(
    private readonly study: AnyStudy,
    file: string,
    private readonly setting: Setting,
    data: LoadedDataset | null,
    private readonly folder: string,
  ) {
    const hash = createHash('sha256');
    for (const each of [file, ...sharedFiles()]) add(hash, path.basename(each), each);
    const facts = {
      code: hash.digest('hex'),
      engine: engineDigest(),
      backend: currentBackend().name,
      // Kernels are compiled for the machine's own instructions, and another engine of JavaScript rounds otherwise.
      machine: [process.arch, os.cpus()[0]?.model, process.versions.v8],
      scale: study.scales[setting],
      data: data && [data.info.sha256, data.tokenizer.fingerprint, data.info.split],
    };
    this.#base = JSON.stringify(facts);
  }

  /** The hash of everything that decides a run. */
  key({ levels, seed }: PlannedRun): string {
    const own = JSON.stringify([Object.entries(levels).sort(), seed]);
    return createHash('sha256').update(this.#base).update(own).digest('hex').slice(0, 32);
  }

  #file(run: PlannedRun): string {
    return path.join(this.folder, this.study.name, `${this.key(run)}.json`);
  }

  /** A run that is over; undefined where there is none, or its file is damaged. */
  find(run: PlannedRun): FinishedRun | undefined {
    const file = this.#file(run);
    if (!fs.existsSync(file)) return undefined;
    try {
      const { seconds, measures, failed } = readJsonFile(file, MAX_BYTES) as FinishedRun;
      if (typeof seconds !== 'number' || !(measures ?? failed)) return undefined;
      const end = measures ? { measures } : { failed: String(failed) };
      return { levels: run.levels, seed: run.seed, seconds, ...end };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return undefined;
    }
  }

  keep(run: FinishedRun): void {
    const text = `${JSON.stringify({ ...run, study: this.study.name, setting: this.setting })}\n`;
    writeFileAtomic(this.#file(run), text, { makeFolders: true });
  }
}
