/** What `nanogpt train` says before and after. */
import type { Backend } from '../backend/index.js';
import { SPLIT_NAMES } from '../data/index.js';
import type { Joined } from '../distributed/index.js';
import { type RunDirectory, readProbes } from '../runs/index.js';
import type { Session, TrainResult } from '../train/index.js';
import { duration } from '../util/duration.js';
import { peakMemoryBytes } from '../util/peak-memory.js';
import { byteSize, thousands } from './output.js';
import { quoted, shownPath } from './paths.js';
import { fields } from './table.js';
import { trainingSentence } from './wording.js';
import type { Written } from './write-text.js';

/** A few lines: model, data, splits, training, backend, folder. */
export function introduction(
  { run, model, data, trainer }: Session,
  backend: Backend,
  { ranks, library }: Joined,
): string {
  const { config } = run;
  const { info, splits, tokenizer } = data;
  const parts = SPLIT_NAMES.filter((name) => splits[name].ids.length > 0);
  const from = trainer.step;
  return fields([
    ['model', `${config.model}, ${config.preset}: ${thousands(model.parameterCount())} parameters`],
    ['data', `${info.name}, ${thousands(info.bytes)} bytes`],
    [
      'tokens',
      `${parts.map((name) => `${thousands(splits[name].ids.length)} ${name}`).join(', ')}; ` +
        `${tokenizer.name}, vocabulary ${thousands(tokenizer.vocabSize)}`,
    ],
    ['training', trainingSentence(trainer.training, model.blockSize, model.target)],
    ['backend', `${backend.name}, ${backend.threads} thread${backend.threads === 1 ? '' : 's'}`],
    ['ranks', library && `${ranks.size}, by ${library}`],
    ['run', shownPath(run.path)],
    ['from', from > 0 ? `step ${thousands(from)}` : undefined],
  ]);
}

/** How it went, in a few lines. */
export function outcome(
  { run, trainer }: Session,
  result: TrainResult,
  unigram: number | null,
): string {
  const { reason, step, seconds, tokensPerSecond, train, validation, ema, best } = result;
  const time = duration(seconds);
  const at = `step ${thousands(step)}`;
  const headlines = {
    steps: `${at}, in ${time}`,
    patience: `ended at ${at} after ${time}: validation loss stopped improving`,
    time: `ended at ${at} after ${time}: time limit reached`,
    stopped: `stopped at ${at} after ${time}, and saved`,
    fitted: `counted in ${time}`,
  };
  const pace = tokensPerSecond > 0 ? `, ${thousands(tokensPerSecond)} tokens/s` : '';
  const nats = (loss: number) => `${loss.toFixed(3)} nats per token`;
  return fields([
    ['done', `${headlines[reason]}${pace}, peak memory ${byteSize(peakMemoryBytes())}`],
    ['training', train.loss === null ? undefined : nats(train.loss)],
    [
      'validation',
      validation
        ? `${nats(validation.loss)}, perplexity ${validation.perplexity.toFixed(1)}, ` +
          `${validation.bitsPerByte.toFixed(3)} bits per byte`
        : undefined,
    ],
    ['', ema ? `(the average of the weights: ${nats(ema.loss)}; --ema uses it)` : undefined],
    ['', unigram !== null && validation ? `(the unigram: ${nats(unigram)})` : undefined],
    [
      'best',
      best && best.step < step
        ? `step ${thousands(best.step)}, ${best.loss.toFixed(3)} (--checkpoint best uses it)`
        : undefined,
    ],
    ...(trainer.training.probes ? diagnosisOf(run) : []),
    ['run', quoted(shownPath(run.path))],
  ]);
}

/** What the run's probes say is wrong with it, by the last record. */
function diagnosisOf(run: RunDirectory): [label: string, text: string][] {
  const { records } = readProbes(run.logPath('probes'), { type: 'model' });
  const last = records.at(-1);
  if (!last) return [['diagnosis', 'nothing was measured']];
  if (last.diagnosis.length === 0) {
    return [['diagnosis', `nothing conspicuous in ${records.length} measured steps`]];
  }
  return last.diagnosis.map(({ text }, i) => [i === 0 ? 'diagnosis' : '', text]);
}

/** For `--json`. */
export function resultOf(
  { run, model }: Session,
  result: TrainResult,
  unigram: number | null,
  sample: Written | null,
): object {
  const { model: name, preset, seed } = run.config;
  const { reason, step, stepsTaken, seconds, tokensPerSecond, train, validation, ema, best } =
    result;
  return {
    run: shownPath(run.path),
    model: name,
    preset,
    seed,
    parameters: {
      total: model.parameterCount(),
      trainable: model.parameterCount({ trainable: true }),
    },
    reason,
    steps: step,
    stepsTaken,
    seconds,
    tokensPerSecond,
    train,
    validation: validation ?? { loss: null },
    ...(ema && { ema }),
    best,
    unigram: { loss: unigram },
    peakMemoryBytes: peakMemoryBytes(),
    sample,
  };
}
