/** `nanogpt study`: lists the studies with their verdicts, or runs one. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import cliProgress from 'cli-progress';
import {
  conduct,
  findings,
  findStudy,
  readResults,
  resultsFile,
  type Setting,
  type StudyProgress,
  type StudyResults,
  studyNames,
  verdictOf,
  writeStudy,
} from '../study/index.js';
import { duration } from '../util/duration.js';
import { UsageError, UserError } from '../util/errors.js';
import { interruptible } from './interrupt.js';
import { Output } from './output.js';
import { shownPath } from './paths.js';
import { table } from './table.js';

export interface StudyOptions {
  quick?: true;
  tiny?: true;
  seeds?: number;
  workers?: number;
  out?: string;
  redraw?: true;
  json?: true;
}

/** Results that come with the package. Two folders up, both from src/cli and from dist/cli. */
const SHIPPED = fileURLToPath(new URL('../../docs/studies', import.meta.url));
/** Where results of the full setting go, unless told otherwise. */
const FOLDER = path.join('docs', 'studies');
/** Between lines of progress where there is no terminal. */
const PLAIN_MS = 30_000;

export async function study(name: string | undefined, options: StudyOptions): Promise<void> {
  const output = new Output(options.json === true);
  if (name === undefined) return list(output, options.out);
  const found = await findStudy(name);
  const setting: Setting = options.tiny ? 'tiny' : options.quick ? 'quick' : 'full';
  if (options.tiny && options.quick) {
    throw new UsageError('--tiny and --quick are two settings; choose one.');
  }
  const folder = options.out ?? (setting === 'full' ? FOLDER : undefined);
  if (options.redraw) return redraw(found.study, folder ?? FOLDER, output);
  output.line(`${found.study.title}: ${found.study.claim}\n`);
  const { seeds, workers } = options;
  using progress = new StudyBar(output);
  const results = await interruptible((signal) =>
    conduct(found, { setting, seeds, workers, signal, onProgress: progress.show }),
  );
  progress[Symbol.dispose]();
  const files = folder === undefined ? [] : await writeStudy(found.study, results, folder);
  show(found.study, results, files, output);
}

type Known = Awaited<ReturnType<typeof findStudy>>['study'];

async function redraw(study: Known, folder: string, output: Output): Promise<void> {
  const file = resultsFile(folder, study.name);
  if (!fs.existsSync(file)) throw new UserError(`${file}: there are no results to draw from.`);
  const before = readResults(file);
  const results = { ...before, verdict: verdictOf(findings(study, before.runs)) };
  show(study, results, await writeStudy(study, results, folder), output);
}

function show(study: Known, results: StudyResults, files: readonly string[], output: Output): void {
  const found = findings(study, results.runs);
  const rows = found.map(({ says, verdict, estimate: e, p, aside }) => [
    aside ? `(${says})` : says,
    e === null ? '–' : e.mean.toPrecision(4),
    e?.interval ? `${e.interval[0].toPrecision(4)} … ${e.interval[1].toPrecision(4)}` : '–',
    p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3),
    verdict,
  ]);
  const columns = [
    { heading: '' },
    { heading: 'mean', right: true },
    { heading: '95 % interval', right: true },
    { heading: 'p (t-test)', right: true },
    { heading: 'verdict' },
  ];
  output.line(table(columns, rows));
  const failed = results.runs.filter((run) => run.failed !== undefined).length;
  output.line(
    `\n${results.verdict}. ${results.runs.length} runs, ${failed} failed or diverged; ${duration(results.seconds)} of runs`,
  );
  for (const file of files) output.line(shownPath(file));
  output.result({ ...results, findings: found, files });
}

async function list(output: Output, folder = SHIPPED): Promise<void> {
  const all = [];
  for (const name of studyNames()) {
    const { study } = await findStudy(name);
    const file = resultsFile(folder, name);
    const results = fs.existsSync(file) ? readResults(file) : undefined;
    all.push({
      ...{ name, topic: study.topic, claim: study.claim },
      ...{ verdict: results?.verdict ?? null, seeds: results?.seeds ?? null },
    });
  }
  all.sort((a, b) => a.topic.localeCompare(b.topic) || a.name.localeCompare(b.name));
  const rows = all.map(({ name, topic, verdict, seeds }) => [
    ...[topic, name, verdict ?? 'not run', seeds === null ? '' : String(seeds)],
  ]);
  const columns = ['topic', 'study', 'verdict', 'seeds'].map((heading) => ({ heading }));
  output.line(table(columns, rows));
  output.line('\n`nanogpt study NAME` runs one; --quick takes minutes and decides nothing.');
  output.result(all);
}

/** `12/60 runs, 1 failed  3 min 20 s left` */
function progressText({ done, runs, failed, secondsLeft }: StudyProgress): string {
  const left = secondsLeft === undefined ? '' : `  ${duration(secondsLeft)} left`;
  return `${done}/${runs} runs${failed > 0 ? `, ${failed} failed` : ''}${left}`;
}

/** On a terminal a bar; elsewhere a line now and then. */
class StudyBar implements Disposable {
  #bar: cliProgress.SingleBar | undefined;
  #last: StudyProgress | undefined;
  #lineAt = 0;

  constructor(private readonly output: Output) {}

  readonly show = (progress: StudyProgress): void => {
    this.#last = progress;
    const { done, runs, kept } = progress;
    if (process.stderr.isTTY) {
      this.#open(runs);
      this.#bar!.update(done);
      return;
    }
    const now = performance.now();
    const isFirst = done === kept;
    if (done === runs || isFirst || now < this.#lineAt) return;
    this.#lineAt = now + PLAIN_MS;
    this.output.line(progressText(progress));
  };

  #open(runs: number): void {
    if (this.#bar) return;
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: (options, { progress }, { columns = 80 } = {} as never) => {
        const text = progressText(this.#last!);
        const width = Math.max(0, Math.min(40, columns - text.length - 4));
        const full = Math.round(progress * width);
        const [complete, incomplete] = [
          options.barCompleteChar ?? '█',
          options.barIncompleteChar ?? '░',
        ];
        return `${complete.repeat(full)}${incomplete.repeat(width - full)}  ${text}`;
      },
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: true,
    });
    this.#bar.start(runs, 0);
  }

  [Symbol.dispose](): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
