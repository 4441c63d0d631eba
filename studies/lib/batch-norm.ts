/** Nets with BatchNorm, and what they lose by their population statistics. */
import {
  type BatchNormMode,
  type LanguageModel,
  type LoadedDataset,
  scoreBatchNorms,
  type Trainer,
} from 'nanogpt';
import { SMALL_MLP, STILL } from './train.js';

/** Three layers with BatchNorm. */
export const NORMED = { ...SMALL_MLP, ...STILL, nLayer: 3, norm: 'batch', batchSize: 64 } as const;

/** Tokens of validation that are scored on the way: enough for 0.01 nats, and a fraction of a second. */
const TOKENS = 20_000;

/** Validation loss of the model as it stands, under each way of having population statistics. */
export function scores<Mode extends BatchNormMode>(
  model: LanguageModel,
  { splits, tokenizer }: LoadedDataset,
  modes: readonly Mode[],
  seed: number,
  batchSize: number = NORMED.batchSize,
): Record<Mode, number> {
  const ids = splits.validation.ids.subarray(0, TOKENS);
  const input = { name: 'validation' as const, ids, bytes: ids.length, tokenizer };
  const training = { batchSize, preciseBatches: 30 };
  const found = scoreBatchNorms(model, input, modes, { training, train: splits.train, seed });
  return Object.fromEntries(found.map(({ mode, loss }) => [mode, loss])) as Record<Mode, number>;
}

/** Calls `look` after each of these steps. */
export function atSteps(trainer: Trainer, steps: readonly number[], look: (step: number) => void) {
  trainer.on('step', ({ step }) => {
    if (steps.includes(step)) look(step);
  });
}
