/** One run of a study. */
import { DATASETS, type DatasetOptions, type LoadedDataset, loadDataset } from '../data/index.js';
import { UserError } from '../util/errors.js';
import type { AnyStudy, PlannedRun } from './design.js';
import type { FinishedRun } from './results.js';
import type { Measures, Setting } from './study.js';

/** What a study reads where it does not say otherwise. */
const DATA: DatasetOptions = { data: 'tiny_shakespeare', tokenizer: 'char', split: [0.9, 0.1, 0] };

/**
 * The data of a study; null where it needs none.
 *
 * @throws UserError where another text would have to stand in for the one that the study names: its figures would be
 *   of something else.
 */
export async function studyData(study: AnyStudy): Promise<LoadedDataset | null> {
  if (study.data === null) return null;
  const options = { ...DATA, ...study.data };
  const loaded = await loadDataset(options);
  if (Object.hasOwn(DATASETS, options.data!) && loaded.info.name !== options.data) {
    throw new UserError(
      `study ${study.name}: needs ${options.data}, which is not here and cannot be fetched. NANOGPT_DATA_DIR names a folder that has it.`,
    );
  }
  return loaded;
}

/** Runs it. What it throws is its result: it failed. */
export async function execute(
  study: AnyStudy,
  { levels, seed }: PlannedRun,
  setting: Setting,
  data: LoadedDataset | null,
): Promise<FinishedRun> {
  const began = performance.now();
  const seconds = () => Math.round(performance.now() - began) / 1000;
  try {
    const context = {
      ...{ seed, scale: study.scales[setting] },
      get data(): LoadedDataset {
        if (data === null) throw new Error(`study ${study.name}: its data is null`);
        return data;
      },
    };
    const measures = await study.run(levels, context);
    return { levels, seed, seconds: seconds(), measures: rounded(study, measures) };
  } catch (error) {
    const { message } = error as Error;
    return { levels, seed, seconds: seconds(), failed: message.split('\n')[0]!.slice(0, 300) };
  }
}

/** To seven digits, as results are kept, so that what is judged is what is written; NaN is null. */
function rounded(study: AnyStudy, measures: Measures): NonNullable<FinishedRun['measures']> {
  const one = (value: number) => (Number.isFinite(value) ? Number(value.toPrecision(7)) : null);
  return Object.fromEntries(
    Object.entries(measures).map(([name, value]) => {
      if (!Object.hasOwn(study.measures, name)) {
        throw new Error(`study ${study.name}: measures has no "${name}", which its run gave`);
      }
      if (typeof value === 'string') return [name, value];
      return [name, typeof value === 'number' ? one(value) : value.map(one)];
    }),
  );
}
