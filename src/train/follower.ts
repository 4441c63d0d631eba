/** What every rank but the first has of a run: the model, the data, and a trainer. It writes nothing. */
import { loadDataset } from '../data/index.js';
import type { Ranks } from '../distributed/ranks.js';
import type { LanguageModel, ModelDefinition } from '../models/index.js';
import { changeSettings, type RunSettings } from '../runs/config.js';
import { RunDirectory } from '../runs/run-directory.js';
import { requireMemory } from './memory-need.js';
import {
  createModel,
  definitionOf,
  loadRunData,
  modelDefinition,
  requireVocabulary,
} from './open-run.js';
import { requireSame, sameOnAll } from './same-model.js';
import type { ResumeOptions, StartOptions } from './session.js';
import { settingsForRanks } from './settings-for-ranks.js';
import { Trainer } from './trainer.js';

/** A part in somebody else's run, ready to be trained. Dispose of it when done. */
export interface Follower extends Disposable {
  readonly trainer: Trainer;
}

/** As `startRun`, on a rank other than 0. The run's folder is rank 0's alone. */
export async function followStart(
  given: RunSettings,
  options: StartOptions & { ranks: Ranks },
): Promise<Follower> {
  const { fallback, onProgress, signal, initial, ranks } = options;
  const { settings } = settingsForRanks(given, ranks);
  const tokenizer = initial?.tokenizer ?? settings.tokenizer;
  const data =
    options.data ?? (await loadDataset({ ...settings, tokenizer, onProgress, signal, fallback }));
  const { vocabSize } = data.tokenizer;
  const definition = options.definition ?? modelDefinition(settings.model);
  requireMemory(settings, vocabSize, definition, 'training');
  requireSame('other settings or data', sameOnAll(settings, data.info.sha256, vocabSize), ranks);
  const model = createModel(settings, vocabSize, definition);
  initial?.fill(model);
  const trainer = trainerOf(settings, model, data, definition, ranks);
  if (initial) trainer.saveStart();
  return part(trainer, model);
}

/** As `resumeRun`, on a rank other than 0. The run's folder has to be in reach, to be read. */
export async function followResume(
  folder: string,
  options: ResumeOptions & { ranks: Ranks },
): Promise<Follower> {
  const { ranks } = options;
  const run = RunDirectory.open(folder);
  const definition = definitionOf(run, options.definition);
  const changed = changeSettings(definition, run.config, options.overrides ?? {});
  const { settings } = settingsForRanks(changed, ranks);
  const data = options.data ?? (await loadRunData(run, options));
  const { vocabSize } = run.config;
  requireVocabulary(run, data.tokenizer);
  requireMemory(settings, vocabSize, definition, 'training');
  requireSame('other settings or data', sameOnAll(settings, data.info.sha256, vocabSize), ranks);
  const { checkpoint } = run.openCheckpoint(options.from);
  const model = createModel(settings, vocabSize, definition);
  const trainer = trainerOf(settings, model, data, definition, ranks);
  if (checkpoint) trainer.restore(checkpoint);
  requireSame('another checkpoint', checkpoint?.name ?? null, ranks);
  return part(trainer, model);
}

function trainerOf(
  settings: RunSettings,
  model: LanguageModel,
  data: ConstructorParameters<typeof Trainer>[0]['data'] & { tokenizer: { vocabSize: number } },
  definition: ModelDefinition,
  ranks: Ranks,
): Trainer {
  const { training, seed } = settings;
  const rebuild = () => createModel(settings, data.tokenizer.vocabSize, definition);
  return new Trainer({ model, training, seed, data, rebuild, ranks });
}

function part(trainer: Trainer, model: LanguageModel): Follower {
  return {
    trainer,
    [Symbol.dispose]: () => {
      trainer[Symbol.dispose]();
      model.dispose();
    },
  };
}
