/** gpt/char's net at nanoGPT's own rate, one setting changed: what two studies of transformers share. */
import type { RunContext } from 'nanogpt/study';
import { train } from './train.js';

/** nanoGPT's config/train_shakespeare_char.py, for a CPU. */
const RATE = { lr: 1e-3, minLr: 1e-4 };

export const SWITCH_SCALES = { full: { steps: 2000 }, quick: { steps: 60 }, tiny: { steps: 2 } };

export async function switched(
  changes: Readonly<Record<string, unknown>>,
  context: RunContext<{ steps: number }>,
): Promise<{ validation: number; parameters: number }> {
  const settings = { preset: 'char', ...RATE, ...changes, steps: context.scale.steps };
  using run = await train('gpt', settings, context);
  return { validation: run.validation, parameters: run.parameters };
}
