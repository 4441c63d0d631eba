/** `nanogpt eval --batch-norm`: one model under several ways of having BatchNorm's statistics. */
import type { LoadedDataset, SplitName } from '../data/index.js';
import {
  BATCH_NORM_MODES,
  type BatchNormMode,
  type BatchNormScore,
  scoreBatchNorms,
} from '../observe/index.js';
import { unknownName } from '../runs/index.js';
import type { OpenedRun } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { type Output, thousands } from './output.js';
import { fields, table } from './table.js';

/**
 * Modes from a list as `ema,precise`.
 *
 * @throws UsageError for an unknown or repeated one, or none.
 */
export function parseModes(list: string): BatchNormMode[] {
  const modes = list.split(',').map((part) => part.trim());
  for (const [i, mode] of modes.entries()) {
    if (!BATCH_NORM_MODES.includes(mode as BatchNormMode)) {
      throw unknownName('kind of BatchNorm statistics', mode, BATCH_NORM_MODES);
    }
    if (modes.indexOf(mode) < i) throw new UsageError(`--batch-norm: ${mode} is given twice.`);
  }
  return modes as BatchNormMode[];
}

const ORIGIN: Record<BatchNormScore['population'], string> = {
  checkpoint: 'as saved in the checkpoint',
  recomputed: 'recomputed from training batches',
  batch: 'none: each batch has its own',
};

/** Scores the run's model on a split in each mode, and prints scores and drift. */
export function evaluateBatchNorms(
  { run, model, tokenizer, checkpoint }: OpenedRun,
  data: LoadedDataset,
  split: SplitName,
  modes: readonly BatchNormMode[],
  output: Output,
): void {
  const { training, seed } = run.config;
  const input = { name: split, ...data.splits[split], tokenizer };
  const scores = scoreBatchNorms(model, input, modes, { training, train: data.splits.train, seed });
  const { step } = checkpoint.state;
  output.result({
    ...{ run: run.name, checkpoint: checkpoint.name, step, split, tokens: scores[0]!.tokens },
    ...{ batchSize: training.batchSize, batches: training.preciseBatches, batchNorm: scores },
  });
  output.line(
    fields([
      ['run', `${run.name}, step ${thousands(step)}`],
      ['split', `${split}, ${thousands(scores[0]!.tokens)} tokens predicted`],
      [
        'batches',
        `${training.preciseBatches} of ${training.batchSize} windows where statistics are computed`,
      ],
    ]),
  );
  output.line();
  output.line(scoreTable(scores));
  const measured = scores.filter(({ drift }) => drift.length > 0);
  if (measured.length === 0) return;
  output.line();
  output.line(
    `drift between batches of ${split} and the population, by layer, averaged over channels`,
  );
  output.line(driftTable(measured));
  output.line(
    'mean: distance between the means, in standard deviations; variance: |ln of the ratio|; together: all batches pooled',
  );
}

function scoreTable(scores: readonly BatchNormScore[]): string {
  return table(
    [
      { heading: 'statistics' },
      { heading: 'loss', right: true },
      { heading: 'perplexity', right: true },
      { heading: 'bits per byte', right: true },
      { heading: 'population' },
    ],
    scores.map(({ mode, loss, perplexity, bitsPerByte, population }) => [
      mode,
      loss.toFixed(4),
      perplexity.toFixed(2),
      bitsPerByte.toFixed(4),
      ORIGIN[population],
    ]),
  );
}

function driftTable(scores: readonly BatchNormScore[]): string {
  const layers = scores[0]!.drift.map(({ layer }) => layer);
  return table(
    [
      { heading: 'layer' },
      { heading: 'statistics' },
      { heading: 'mean', right: true },
      { heading: 'variance', right: true },
      { heading: 'mean together', right: true },
      { heading: 'variance together', right: true },
    ],
    layers.flatMap((layer, i) =>
      scores.map(({ mode, drift }, j) => {
        const { mean, logVariance, pooledMean, pooledLogVariance } = drift[i]!;
        const numbers = [mean, logVariance, pooledMean, pooledLogVariance];
        return [j === 0 ? layer : '', mode, ...numbers.map((value) => value.toFixed(4))];
      }),
    ),
  );
}
