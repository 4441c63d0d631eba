/** Weights to begin with, in place of fresh ones: those of a run, or of a model of somebody else's. */
import fs from 'node:fs';
import path from 'node:path';
import type { LanguageModel, ModelDefinition, Preset, TrainingPreset } from '../models/index.js';
import { type LoadPretrainedOptions, openPretrained } from '../pretrained/index.js';
import type { CheckpointChoice } from '../runs/checkpoint.js';
import { openPart } from '../runs/checkpoint-state.js';
import { buildSettings, type RunSettings, settingsOf, unknownName } from '../runs/config.js';
import { fillModel } from '../runs/fill.js';
import { isRun } from '../runs/run-config.js';
import { RunDirectory } from '../runs/run-directory.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { modelDefinition } from './open-run.js';

/** The preset's name by which a run says that its training is this one. */
const PRESET = 'fine-tuning';

/**
 * How a model that has learned already is trained on: at a tenth of a new one's rate, for an hour at most of
 * most models here. AdamW, warm-up, cosine and clipping are nanoGPT's.
 */
const TRAINING: TrainingPreset = {
  steps: 500,
  batchSize: 8,
  optimizer: 'adamw',
  lr: 1e-4,
  schedule: 'cosine',
  warmupSteps: 20,
  minLr: 1e-5,
  weightDecay: 0.1,
  beta2: 0.99,
  clipNorm: 1,
};

/** Settings of a model that change none of its parameters, and what is learned no more than they should. */
const CHANGEABLE = ['dropout', 'blockSize'];

export interface Initial extends Disposable {
  /** Whose weights: a run's folder, or what was given. */
  readonly from: string;
  /** The kind of model; each preset has the settings of this one. */
  readonly definition: ModelDefinition;
  /** The settings, in full. */
  readonly modelConfig: Readonly<Record<string, unknown>>;
  readonly vocabSize: number;
  readonly tokenizer: Tokenizer;
  readonly notices: readonly string[];
  /** Puts the weights into a model that was made with the settings. */
  fill(model: LanguageModel): void;
}

export interface InitialOptions extends LoadPretrainedOptions {
  /** Of a run: which checkpoint. Default the latest. */
  checkpoint?: CheckpointChoice | undefined;
  /** Of a run: the average of its weights (`emaDecay`) in place of the last ones. Default false. */
  ema?: boolean | undefined;
  /** In place of the source's own, of the same number of tokens: for models without one. */
  tokenizer?: Tokenizer | undefined;
  /** The most tokens to be seen at once where `blockSize` does not say; published models see many. */
  mostTokens?: number | undefined;
}

/**
 * Opens a run, or whatever `loadPretrained` takes, to begin with its weights.
 *
 * @param where a run's folder; or a folder, a file, or a name on the hub.
 * @throws UserError where it is none, has no tokenizer or one of another vocabulary, or keeps no average.
 */
export async function openInitial(where: string, options: InitialOptions = {}): Promise<Initial> {
  return isRunFolder(where) ? openRunInitial(where, options) : openForeign(where, options);
}

/** Whether a folder is a run's: a published model has a `config.json` too. */
export function isRunFolder(folder: string): boolean {
  return isRun(folder) && fs.existsSync(path.join(folder, 'checkpoints'));
}

async function openRunInitial(
  folder: string,
  { checkpoint: choice, ema = false, tokenizer: given, blockSize }: InitialOptions,
): Promise<Initial> {
  const run = RunDirectory.open(folder);
  const { checkpoint, notices } = run.openCheckpoint(choice ?? 'latest');
  if (!checkpoint) {
    throw new UserError(`${folder}: has no checkpoint yet. Train it first (--resume ${run.name}).`);
  }
  const part = ema ? 'average' : 'model';
  openPart(checkpoint, part)[Symbol.dispose](); // whether it is there is said before anything is made
  const { model, modelConfig, vocabSize, split } = run.config;
  const data = run.keptText() ?? run.config.data;
  const tokenizer = await run.tokenizer();
  requireSame(folder, tokenizer, given);
  const settings = { ...modelConfig, ...(blockSize !== undefined && { blockSize }) };
  return {
    from: run.path,
    // Its own text again, unless another one is named; and what was kept for validation stays unseen.
    definition: withSettings(modelDefinition(model), settings, tokenizer, { data, split }),
    modelConfig: settings,
    vocabSize,
    tokenizer,
    notices,
    fill(filled) {
      using weights = openPart(checkpoint, part);
      fillModel(filled, weights);
    },
    [Symbol.dispose]: () => {},
  };
}

async function openForeign(where: string, options: InitialOptions): Promise<Initial> {
  const { blockSize, mostTokens = Infinity, tokenizer: given } = options;
  using first = await openPretrained(where, { ...options, vocabSize: undefined });
  const { tokenizer: own, notices: found } = first;
  if (own && given) requireSame(where, own, given);
  const tokenizer = own ?? given;
  if (!tokenizer) {
    throw new UserError(`${where}: has no tokenizer that is read here: name one with --tokenizer.`);
  }
  if (tokenizer.vocabSize > first.config.vocabSize) {
    throw new UserError(
      `${where}: its model knows ${first.config.vocabSize} tokens, and the tokenizer ${tokenizer.name} has ${tokenizer.vocabSize}: another vocabulary.`,
    );
  }
  const reach = first.config.modelConfig['blockSize'] as number;
  const notices = [...found];
  if (blockSize === undefined && reach > mostTokens) {
    notices.push(
      `it sees ${mostTokens} of its ${reach} tokens at once; --block-size says otherwise.`,
    );
  }
  const { vocabSize } = tokenizer;
  const surplus = first.config.vocabSize - vocabSize;
  if (surplus > 0) {
    notices.push(`${surplus} tokens of the model that the tokenizer does not have are left out.`);
  }
  const opened = await openPretrained(where, {
    ...options,
    blockSize: blockSize ?? Math.min(reach, mostTokens),
    vocabSize,
  });
  const { modelConfig } = opened.config;
  return {
    from: where,
    definition: withSettings(opened.definition, modelConfig, tokenizer),
    modelConfig,
    vocabSize,
    tokenizer,
    notices,
    fill: (model) => opened.fill(model),
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

function requireSame(where: string, own: Tokenizer, given: Tokenizer | undefined): void {
  if (given === undefined || given.fingerprint === own.fingerprint) return;
  throw new UsageError(
    `${where} was trained with the tokenizer ${own.name} (${own.vocabSize} tokens), and cannot go on with ${given.name} (${given.vocabSize}): another vocabulary. Leave --tokenizer out.`,
  );
}

/** The kind of model with these settings in every preset, and how such a model is trained on as its default. */
function withSettings(
  definition: ModelDefinition,
  model: Readonly<Record<string, unknown>>,
  { name: tokenizer }: Tokenizer,
  more: Pick<Preset, 'data' | 'split'> = {},
): ModelDefinition {
  const presets = Object.entries(definition.presets).map(
    ([name, preset]) => [name, { ...preset, model, tokenizer }] as const,
  );
  const summary = 'a model that has learned already, trained on';
  const own = { summary, model, tokenizer, training: TRAINING, ...more };
  return {
    ...definition,
    presets: { ...Object.fromEntries(presets), [PRESET]: own },
    defaultPreset: PRESET,
  };
}

/**
 * The settings of a run that begins with these weights: the model's own, training of the preset `fine-tuning` or
 * of the one named, and what the user gives.
 *
 * @throws UsageError for settings of the model that would make it another one, beside all that `buildSettings` does.
 */
export function initialSettings(
  initial: Initial,
  options: { preset?: string | undefined; overrides?: Readonly<Record<string, unknown>> } = {},
): RunSettings {
  const { definition, from, modelConfig } = initial;
  const all = settingsOf(definition);
  for (const [key, value] of Object.entries(options.overrides ?? {})) {
    const info = all.get(key);
    if (!info) throw unknownName(`setting of ${definition.name}`, key, [...all.keys()]);
    if (info.of !== 'model' || value === undefined || CHANGEABLE.includes(key)) continue;
    if (JSON.stringify(modelConfig[key]) === JSON.stringify(value)) continue;
    throw new UsageError(
      `${key} is ${JSON.stringify(modelConfig[key])} in ${from} and cannot change: what was learned depends on it. Of the model's settings ${CHANGEABLE.join(' and ')} can be set.`,
    );
  }
  const { tokenizer: _, ...overrides } = options.overrides ?? {};
  return buildSettings(definition, { preset: options.preset, overrides });
}
