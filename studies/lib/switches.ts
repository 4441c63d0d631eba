/** gpt/char's net at nanoGPT's own rate, one setting changed: what studies of its switches share. */
import type { Cells, Levels, RunContext } from 'nanogpt/study';
import { train } from './train.js';

/** Said on the pages of those whose runs were first a table. */
export const FROM_A_TABLE = `The runs were made for a table of all settings, on 29 and 30 November 2026; the claim was put to them
afterwards. Seventy of its 150 runs were made again for two other studies, [gated-ffn](gated-ffn.md) and
[llama-changes](llama-changes.md): every loss was the same to seven digits.`;

/** nanoGPT's config/train_shakespeare_char.py, for a CPU. */
const RATE = { lr: 1e-3, minLr: 1e-4 };

/** Sizes and measures. */
export const SWITCHES = {
  scales: { full: { steps: 2000 }, quick: { steps: 60 }, tiny: { steps: 2 } },
  measures: {
    validation: { says: 'validation loss', unit: 'nats', digits: 4 },
    parameters: { says: 'parameters', digits: 0 },
  },
};

export async function switched(
  changes: Readonly<Record<string, unknown>>,
  context: RunContext<{ steps: number }>,
): Promise<{ validation: number; parameters: number }> {
  const settings = { preset: 'char', ...RATE, ...changes, steps: context.scale.steps };
  using run = await train('gpt', settings, context);
  return { validation: run.validation, parameters: run.parameters };
}

type Changes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Factor, sizes, measures and runs of a study that changes one setting at a time; `none` is the net as it is. */
export function oneAtATime(changes: Changes) {
  return {
    factors: { change: Object.keys(changes) },
    ...SWITCHES,
    run: ({ change }: Levels, context: RunContext<{ steps: number }>) =>
      switched(changes[change as string]!, context),
  };
}

/** Loss with a change less that without, in nats. */
export const worth = (change: string) => (cell: Cells) =>
  cell({ change }).validation! - cell({ change: 'none' }).validation!;

/** A check of each change: whether its loss is `below` or `above` that of `none`. */
export function eachWorth(changes: readonly string[], holds: 'below' | 'above', aside = false) {
  return changes.map((change) => ({
    says: change,
    of: worth(change),
    holds,
    line: 0,
    unit: 'nats',
    ...(aside && { aside: true as const }),
  }));
}
