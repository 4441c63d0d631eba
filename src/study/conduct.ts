/** Conducts a study: what is finished is taken as it is, the rest is run, and all of it judged. */
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LoadedDataset } from '../data/index.js';
import { versions } from '../runs/index.js';
import { currentBackend } from '../tensor/index.js';
import { cacheDir } from '../util/cache-dir.js';
import { StoppedError, UserError } from '../util/errors.js';
import { plan } from './design.js';
import { execute, studyData } from './execute.js';
import type { FoundStudy } from './find.js';
import { KeptRuns } from './keep.js';
import type { FinishedRun, StudyResults } from './results.js';
import type { Setting } from './study.js';
import { findings, verdictOf } from './verdict.js';
import { runInWorkers } from './workers.js';

/** How far a study has come. */
export interface StudyProgress {
  readonly done: number;
  readonly runs: number;
  /** Of `done`, those that were finished before. */
  readonly kept: number;
  readonly failed: number;
  /** At the pace of this sitting; undefined before the first run of it has ended. */
  readonly secondsLeft: number | undefined;
}

export interface ConductOptions {
  readonly setting?: Setting;
  /** Default: the study's for `full`, 3 for `quick`, 2 for `tiny`; 1 where the study has one. */
  readonly seeds?: number | undefined;
  /** Single-threaded processes side by side; 0: none, in this process. Default: one for each core, or 0 where time is measured. */
  readonly workers?: number | undefined;
  /** Where finished runs are kept. Default: in the user's cache. */
  readonly folder?: string;
  readonly onProgress?: (progress: StudyProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

const SEEDS = { quick: 3, tiny: 2 };

/**
 * Runs what is not finished yet of a study, and judges the whole.
 *
 * @param found the study and its file, of `findStudy`.
 * @throws StoppedError when `signal` is aborted: what was finished is kept. UserError without data, or where every
 *   run failed.
 */
export async function conduct(
  found: FoundStudy,
  options: ConductOptions = {},
): Promise<StudyResults> {
  const { study, file } = found;
  const { setting = 'full', folder = cacheDir('studies'), signal, onProgress } = options;
  const own = study.seeds ?? 5;
  const seeds = options.seeds ?? (setting === 'full' ? own : Math.min(own, SEEDS[setting]));
  const workers = options.workers ?? (study.alone ? 0 : os.availableParallelism());
  const data = await studyData(study);
  const kept = new KeptRuns(study, file, setting, data, folder);
  const runs = plan(study, seeds);
  const finished = new Map<string, FinishedRun>();
  for (const run of runs) {
    const before = kept.find(run);
    if (before) finished.set(kept.key(run), before);
  }
  const taken = finished.size;
  const began = performance.now();
  const wallSeconds = () => Math.round(performance.now() - began) / 1000;
  const tell = () => {
    const [done, made] = [finished.size, finished.size - taken];
    const secondsLeft = made > 0 ? (wallSeconds() / made) * (runs.length - done) : undefined;
    const failed = [...finished.values()].filter((run) => run.failed !== undefined).length;
    onProgress?.({ done, runs: runs.length, kept: taken, failed, secondsLeft });
  };
  const take = (run: FinishedRun) => {
    kept.keep(run);
    finished.set(kept.key(run), run);
    tell();
  };
  tell();
  const waiting = runs.filter((run) => !finished.has(kept.key(run)));
  if (workers > 0)
    await runInWorkers(waiting, { study: file, setting, count: workers, signal }, take);
  else {
    for (const run of waiting) {
      if (signal?.aborted) break;
      take(await execute(study, run, setting, data));
    }
  }
  if (signal?.aborted) {
    throw new StoppedError(
      `study ${study.name}: stopped after ${finished.size} of ${runs.length} runs, which are kept: the same command goes on from there.`,
    );
  }
  const ended = runs.map((run) => finished.get(kept.key(run))!);
  const problem = ended.every((run) => run.failed !== undefined) ? ended[0]!.failed : undefined;
  if (problem !== undefined) {
    throw new UserError(`study ${study.name}: every run failed: ${problem}`);
  }
  const { nanogpt, node, backend } = versions();
  return {
    format: 'nanogpt-study',
    ...{ study: study.name, setting, scale: study.scales[setting], seeds },
    verdict: verdictOf(findings(study, ended)),
    command: commandOf(study.name, setting, seeds === own ? undefined : options.seeds),
    date: new Date().toISOString().slice(0, 10),
    ...commit(),
    ...{ nanogpt, node, machine: machineName() },
    backend: `${backend}, ${workers > 0 ? 1 : currentBackend().threads} thread(s) to a run`,
    ...(data && { data: textOf(data) }),
    seconds: Math.round(ended.reduce((sum, run) => sum + run.seconds, 0)),
    wallSeconds: Math.round(wallSeconds()),
    runs: ended,
  };
}

function textOf({ info: { name, sha256, tokenizer } }: LoadedDataset) {
  return { name, sha256, tokenizer };
}

function commandOf(name: string, setting: Setting, seeds: number | undefined): string {
  const size = setting === 'full' ? '' : ` --${setting}`;
  return `npx nanogpt study ${name}${size}${seeds === undefined ? '' : ` --seeds ${seeds}`}`;
}

function machineName(): string {
  const cpus = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${cpus[0]?.model.trim() ?? process.arch}, ${cpus.length} cores, ${memory} GiB, ${process.platform}`;
}

/** Of the clone that this runs from; nothing where it is installed. */
function commit(): { commit?: string } {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    if (git('rev-parse', '--show-prefix').trim() !== '') return {};
    const changed = git('status', '--porcelain', '--', 'src', 'kernels', 'studies').trim() !== '';
    return { commit: git('rev-parse', '--short=10', 'HEAD').trim() + (changed ? '+' : '') };
  } catch {
    return {};
  }
}
