/** Training a model in one call: what most studies do. */
import {
  buildSettings,
  createModel,
  evaluate,
  type LanguageModel,
  type LoadedDataset,
  modelDefinition,
  resolveTraining,
  Trainer,
  type TrainResult,
} from 'nanogpt';

export interface Trained extends Disposable {
  readonly model: LanguageModel;
  readonly trainer: Trainer;
  readonly result: TrainResult;
  readonly parameters: number;
  /** Over the whole validation split, in nats per token. */
  readonly validation: number;
  readonly bitsPerByte: number;
  /** Over the whole training split; computed when it is asked for. */
  train(): number;
}

/** What a run gives: its seed, and the study's data. */
interface Given {
  readonly seed: number;
  readonly data: LoadedDataset;
}

/**
 * Makes a model from its seed and trains it: the same weights and the same order of data for one seed, whatever else
 * differs. Nothing is written, and it is scored once, at the end.
 *
 * @param settings by key, of the model and the training, on top of `preset`.
 * @param watch is given the trainer before its first step, to listen.
 * @throws DivergenceError when the loss becomes NaN or infinite.
 */
export async function train(
  kind: string,
  settings: Readonly<Record<string, unknown>> & { preset?: string },
  { seed, data }: Given,
  watch?: (trainer: Trainer, model: LanguageModel) => void,
): Promise<Trained> {
  const { preset, ...overrides } = settings;
  const definition = modelDefinition(kind);
  const { modelConfig, training } = buildSettings(definition, { preset, overrides });
  const { vocabSize } = data.tokenizer;
  const model = createModel({ model: kind, modelConfig, seed }, vocabSize);
  const evalInterval = (overrides['evalInterval'] as number) ?? Math.max(1, training.steps);
  const whole = resolveTraining(training, { evalInterval });
  const trainer = new Trainer({ model, training: whole, seed, data });
  watch?.(trainer, model);
  const dispose = () => {
    trainer[Symbol.dispose]();
    model.dispose();
  };
  try {
    const result = await trainer.train();
    return {
      ...{ model, trainer, result },
      parameters: model.parameterCount(),
      validation: result.validation!.loss,
      bitsPerByte: result.validation!.bitsPerByte,
      train: () => lossOn(model, data, 'train'),
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Mean loss over a whole split, in evaluation mode, in nats per token. */
export function lossOn(
  model: LanguageModel,
  { splits, tokenizer }: LoadedDataset,
  name: 'train' | 'validation',
): number {
  return evaluate(model, { name, ...splits[name], tokenizer }).loss;
}

/** An MLP on characters that trains in a second or two: what most studies take, so that they can be compared. */
export const SMALL_MLP = { preset: 'chars', nHidden: 128, nEmbd: 16, blockSize: 8 } as const;
/** The rate held still, so that a step means the same all along. */
export const STILL = { schedule: 'constant', warmupSteps: 0 } as const;

/** What it costs to know nothing of 65 characters: a run that ends above it, or in NaN, counts as this much. */
export const NOTHING = Math.log(65);
/** A loss, or what knowing nothing costs where that is less. */
export const atMostNothing = (loss: number): number => Math.min(loss, NOTHING);
