/** What a run's folder holds, made ready to be used: its model, its tokenizer, its data. */
import {
  type DatasetOptions,
  type LoadedDataset,
  loadDataset,
  STANDARD_INPUT,
} from '../data/index.js';
import { type LanguageModel, type ModelDefinition, models } from '../models/index.js';
import type { Checkpoint, CheckpointChoice } from '../runs/checkpoint.js';
import { openPart } from '../runs/checkpoint-state.js';
import { fillModel } from '../runs/fill.js';
import { describeIssues } from '../runs/issues.js';
import { RunDirectory } from '../runs/run-directory.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import { orDispose } from '../util/or-dispose.js';
import { createModel, modelDefinition } from './create-model.js';
import { requireMemory } from './memory-need.js';

export { createModel, modelDefinition } from './create-model.js';

/** A trained model and what belongs to it. */
export interface OpenedRun extends Disposable {
  readonly run: RunDirectory;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly checkpoint: Checkpoint;
  readonly notices: readonly string[];
}

/**
 * Opens a run to use its model, in evaluation mode.
 *
 * @param options from: which checkpoint; default the latest, what training ended with, as `sample` and
 *   `eval` take it. ema: the average of the weights (`emaDecay`) in place of the last ones. definition: of a
 *   kind of model that is not registered.
 * @throws UserError when it is not a run, has no such checkpoint, or keeps no average.
 */
export async function openRun(
  folder: string,
  options: { from?: CheckpointChoice; ema?: boolean; definition?: ModelDefinition } = {},
): Promise<OpenedRun> {
  const run = RunDirectory.open(folder);
  const { checkpoint, notices } = run.openCheckpoint(options.from ?? 'latest');
  if (!checkpoint) {
    throw new UserError(`${folder}: has no checkpoint yet. Train it first (--resume ${run.name}).`);
  }
  using weights = openPart(checkpoint, options.ema ? 'average' : 'model');
  const tokenizer = await run.tokenizer();
  requireVocabulary(run, tokenizer);
  const definition = definitionOf(run, options.definition);
  requireMemory(run.config, run.config.vocabSize, definition, 'evaluation');
  return orDispose(createModel(run.config, run.config.vocabSize, definition), (model) => {
    fillModel(model.eval(), weights);
    const dispose = () => model.dispose();
    return { run, model, tokenizer, checkpoint, notices, [Symbol.dispose]: dispose };
  });
}

/** The data of a run, as it was. @throws UserError when the text has changed since. */
export async function loadRunData(
  run: RunDirectory,
  options: Pick<DatasetOptions, 'onProgress' | 'signal' | 'offline'> = {},
): Promise<LoadedDataset> {
  const { config } = run;
  const tokenizer = await run.tokenizer();
  const { documents, split } = config;
  const spec = run.keptText() ?? config.data;
  if (spec === STANDARD_INPUT) {
    throw new UserError(
      `${run.path}: its text came from standard input, and the copy it kept (text.txt) is gone. Put it back.`,
    );
  }
  const data = await loadDataset({
    data: spec,
    documents,
    split,
    tokenizer,
    onProgress: options.onProgress,
    signal: options.signal,
    offline: options.offline,
  });
  if (data.info.sha256 !== config.dataset.sha256) {
    throw new UserError(
      `${run.path}: its data has changed: it was made from ${config.dataset.name} with SHA-256 ${config.dataset.sha256}, but ${spec} is now ${data.info.name} with ${data.info.sha256}. ${data.notices.join(' ')}`.trim(),
    );
  }
  return data;
}

/** The kind of a run's model. @throws UserError when the run's configuration does not fit it. */
export function definitionOf(
  run: RunDirectory,
  given: ModelDefinition | undefined,
): ModelDefinition {
  const { model, modelConfig, imports = [] } = run.config;
  if (given === undefined && !models.has(model) && imports.length > 0) {
    throw new UserError(
      `${run.path}: its model "${model}" was registered by ${imports.map((file) => file.path).join(' or ')}, which has not been imported.`,
    );
  }
  const definition = given ?? modelDefinition(model);
  const parsed = definition.schema.safeParse(modelConfig);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error, modelConfig);
    throw new UserError(`${run.path}: its config.json does not fit ${definition.name}: ${issues}.`);
  }
  return definition;
}

/** @throws UserError when the tokenizer is another one than the model was made for. */
export function requireVocabulary(run: RunDirectory, { vocabSize }: Tokenizer): void {
  if (vocabSize === run.config.vocabSize) return;
  throw new UserError(
    `${run.path}: its tokenizer has ${vocabSize} tokens, and its config.json says ${run.config.vocabSize}: one of them is damaged.`,
  );
}
