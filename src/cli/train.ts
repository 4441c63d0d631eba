/** `nanogpt train`: a new run, or one that goes on. */
import { STANDARD_INPUT } from '../data/index.js';
import { type Distributed, type Joined, joinRanks, type Ranks } from '../distributed/index.js';
import { buildSettings, readRunConfig } from '../runs/index.js';
import { currentBackend } from '../tensor/index.js';
import {
  type Follower,
  followResume,
  followStart,
  modelDefinition,
  resumeRun,
  type Session,
  type SessionOptions,
  startRun,
  type TrainResult,
} from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { downloadBar } from './download-bar.js';
import { findRun } from './find-run.js';
import { importedFiles, importRecorded } from './imports.js';
import { Interrupt, Interrupted } from './interrupt.js';
import { parseCheckpoint } from './open-run.js';
import { Output, onClosedPipe } from './output.js';
import { takePart } from './part.js';
import { quoted, shownPath } from './paths.js';
import { placeOf } from './place.js';
import { type Progress, showProgress } from './progress.js';
import { overridesOf, type SettingOptions } from './settings.js';
import { prepareBackend } from './threads.js';
import { openInitialised } from './train-init.js';
import { introduction, outcome, resultOf } from './train-report.js';
import { unigramLoss } from './unigram.js';
import { warmupNotice } from './wording.js';
import { type Written, writeText } from './write-text.js';

export interface TrainOptions extends SettingOptions {
  preset?: string;
  threads?: number;
  out?: string;
  resume?: string;
  initFrom?: string;
  checkpoint?: string;
  ema?: true;
  json?: true;
  distributed?: Distributed;
}

/** Tokens of the text that a finished training shows. */
const SAMPLE_TOKENS = 100;

/** Trains until done, or until the user stops it; the exit code says which. */
export async function train(model: string | undefined, given: TrainOptions): Promise<void> {
  const joined = joinRanks(given.distributed);
  const { ranks, notices, threads } = joined;
  const isAlone = ranks.size === 1;
  if (!isAlone) takePart({ ...joined, rank: ranks.rank });
  const options = { ...given, threads: given.threads ?? threadsFor(threads) };
  const output = new Output(options.json === true, ranks.rank > 0);
  for (const line of notices) output.notice(line);
  using interrupt = new Interrupt();
  let opened: Session | Follower;
  try {
    opened = await open(model, options, output, interrupt, joined);
  } catch (error) {
    // A download that was told to stop says so as an error.
    if (!interrupt.requested) throw error;
    return leave(output, interrupt, (error as Error).message, isAlone);
  }
  using session = opened;
  if (interrupt.requested) {
    return leave(output, interrupt, 'stopped before training began', isAlone);
  }
  if (!('run' in session)) return await follow(session, interrupt);
  for (const line of session.notices) output.notice(line);
  const { step, training } = session.trainer;
  const short = step === 0 ? warmupNotice(training) : undefined;
  if (short !== undefined) output.notice(short);
  output.line(introduction(session, currentBackend(), joined));
  output.line();
  if (step > 0 && step >= training.steps) {
    output.notice(`all ${step} steps are done; give a larger --steps to continue.`);
  }
  const result = await run(session, output, interrupt);
  await finish(session, result, output, interrupt);
}

/** NANOGPT_THREADS goes before what suits several ranks. */
function threadsFor(suitable: number | undefined): number | undefined {
  return process.env['NANOGPT_THREADS'] ? undefined : suitable;
}

/** Trains along with rank 0, and says nothing. */
async function follow({ trainer }: Follower, interrupt: Interrupt): Promise<void> {
  const stop = () => trainer.stop();
  interrupt.signal.addEventListener('abort', stop);
  const { reason } = await trainer.train();
  if (reason === 'stopped') process.exitCode = interrupt.exitCode;
}

function leave(output: Output, interrupt: Interrupt, why: string, isAlone: boolean): void {
  if (!isAlone) throw new Interrupted(why, interrupt.exitCode); // or the other ranks would wait for this one
  output.notice(why);
  process.exitCode = interrupt.exitCode;
}

async function open(
  name: string | undefined,
  options: TrainOptions,
  output: Output,
  interrupt: Interrupt,
  { ranks }: Joined,
): Promise<Session | Follower> {
  using bar = downloadBar(output);
  const session = {
    onProgress: bar.update,
    signal: interrupt.signal,
    imports: importedFiles(),
    ranks,
  };
  // Awaited, or the bar would be gone before it was needed.
  if (options.resume !== undefined && options.initFrom !== undefined) {
    throw new UsageError(
      '--init-from begins a new run, and --resume goes on with an old one: give one.',
    );
  }
  if (options.checkpoint !== undefined && (options.resume ?? options.initFrom) === undefined) {
    throw new UsageError('--checkpoint is one of a run: it goes with --resume or --init-from.');
  }
  if (options.ema && options.initFrom === undefined) {
    throw new UsageError('--ema is for the weights to begin with: it goes with --init-from.');
  }
  if (options.resume !== undefined) return await openOld(name, options, session, output);
  if (options.initFrom !== undefined) {
    return await openInitialised(name, options, session, output);
  }
  const definition = modelDefinition(name ?? 'mlp');
  const overrides = overridesOf(definition, options);
  const settings = buildSettings(definition, { preset: options.preset, overrides });
  const place = options.out === undefined ? {} : placeOf(options.out);
  prepareBackend(output, options.threads);
  // Without --data any text will do; with it, that one or an error.
  const fallback = overrides['data'] === undefined;
  if (ranks.size > 1) requireReadableTwice(settings.data);
  return await (ranks.rank === 0 ? startRun : followStart)(settings, {
    ...session,
    ...place,
    fallback,
  });
}

/** Text from standard input reaches rank 0 alone. */
function requireReadableTwice(data: string): void {
  if (data !== STANDARD_INPUT) return;
  throw new UsageError(
    '--data -: standard input reaches one rank only. Put the text into a file that all ranks find.',
  );
}

async function openOld(
  name: string | undefined,
  options: TrainOptions,
  session: SessionOptions & { ranks: Ranks },
  output: Output,
): Promise<Session | Follower> {
  const folder = findRun(options.resume!);
  const { model, preset, imports } = readRunConfig(folder);
  await importRecorded(folder, imports, (line) => output.notice(line));
  const given = { model: name, preset: options.preset };
  for (const [key, was] of Object.entries({ model, preset })) {
    const now = given[key as keyof typeof given];
    if (now !== undefined && now !== was) {
      throw new UsageError(
        `the run was started with ${key} ${was} and cannot continue with ${now}. Start a new run for that.`,
      );
    }
  }
  if (options.out !== undefined) {
    throw new UsageError('--out names a new run, and --resume continues an old one: give one.');
  }
  const overrides = overridesOf(modelDefinition(model), options);
  prepareBackend(output, options.threads);
  const from = options.checkpoint === undefined ? undefined : parseCheckpoint(options.checkpoint);
  const { rank } = session.ranks;
  return (rank === 0 ? resumeRun : followResume)(folder, {
    ...session,
    imports: importedFiles(),
    overrides,
    from,
  });
}

async function run(session: Session, output: Output, interrupt: Interrupt): Promise<TrainResult> {
  const { trainer, data } = session;
  using progress: Progress = showProgress(output);
  const stop = () => {
    progress.note('stopping after this step …');
    trainer.stop();
  };
  interrupt.signal.addEventListener('abort', stop);
  onClosedPipe(() => interrupt.request('SIGINT'));
  trainer.on('progress', (event) => {
    progress.show(event);
    if (event.step < event.steps || data.splits.validation.ids.length === 0) return;
    // All is saved: nothing is lost when Ctrl-C ends the process during the last long pass.
    interrupt[Symbol.dispose]();
    progress.print('scoring the whole validation split …');
  });
  trainer.on('evaluation', () => progress.evaluated());
  trainer.on('warning', (line) => progress.note(line));
  const said = new Set<string>();
  trainer.on('probe', ({ model }) => {
    for (const { rule, path, text } of model.diagnosis) {
      const known = said.has(`${rule} ${path}`);
      said.add(`${rule} ${path}`);
      if (!known && rule !== 'initial-loss') progress.note(text); // of that, the trainer has warned
    }
  });
  trainer.on('sample', ({ step, text }) => progress.print(`── step ${step} ──\n${text}\n`));
  try {
    return await trainer.train();
  } finally {
    interrupt.signal.removeEventListener('abort', stop);
  }
}

async function finish(
  session: Session,
  result: TrainResult,
  output: Output,
  interrupt: Interrupt,
): Promise<void> {
  const { run, data, model } = session;
  const { train, validation } = data.splits;
  const unigram =
    validation.ids.length > 0 ? unigramLoss(train.ids, validation.ids, model.vocabSize) : null;
  output.line(outcome(session, result, unigram));
  const folder = quoted(shownPath(run.path));

  if (result.reason === 'stopped') {
    output.result(resultOf(session, result, unigram, null));
    output.line(`\nto resume:  npx nanogpt train --resume ${folder}`);
    process.exitCode = interrupt.exitCode;
    return;
  }
  output.line(`\nit writes, given token 0:\n`);
  const written = await sample(session, output);
  output.result(resultOf(session, result, unigram, written));
  output.line(`\n\nto read more:  npx nanogpt sample ${folder} --tokens 500`);
  if (result.reason === 'time') output.line(`to resume:     npx nanogpt train --resume ${folder}`);
}

/** The text that the model writes now; kept in the run's samples too. */
async function sample({ run, model, data, trainer }: Session, output: Output): Promise<Written> {
  const options = { maxTokens: SAMPLE_TOKENS, seed: run.config.seed };
  const written = await writeText(model, data.tokenizer, [0], options, (piece) =>
    output.write(piece),
  );
  run.appendSample(`── step ${trainer.step} ──\n${written.text}\n\n`);
  return written;
}
