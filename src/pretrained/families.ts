/** The families of models that are understood. */
import { UserError } from '../util/errors.js';
import type { Family, Settled } from './family.js';
import { gptNeox } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
import type { Keys } from './keys.js';
import { llamaFamilies } from './llama.js';
import { nanogpt } from './nanogpt.js';

/** Those that `transformers` has; the simplest that can hold a model is what it is written as. */
const FAMILIES: readonly Family[] = [gpt2, ...llamaFamilies, gptNeox];

/** Their names, as `model_type` has them. */
export const FAMILY_NAMES: readonly string[] = FAMILIES.map(({ name }) => name);

/** @throws UserError naming those that are understood, where `config.json` is of another. */
export function familyOf(keys: Keys): Family {
  if (!keys.has('model_type') && keys.has('block_size') && keys.has('n_embd')) return nanogpt;
  const name = keys.text('model_type');
  const found = FAMILIES.find((family) => family.name === name);
  if (found) return found;
  throw new UserError(
    `${keys.file}: models of the family "${name.slice(0, 80)}" are not understood; expected one of ${FAMILY_NAMES.join(', ')}.`,
  );
}

/**
 * The family of `transformers` that computes what a model of ours does.
 *
 * @returns the family; or, where there is none, what of its settings keeps it from the one that comes closest.
 */
export function familyFor(settled: Settled): { family: Family } | { obstacles: string[] } {
  const all = FAMILIES.map((family) => ({ family, obstacles: family.obstacles(settled) }));
  const [best] = all.sort((a, b) => a.obstacles.length - b.obstacles.length);
  return best!.obstacles.length === 0 ? { family: best!.family } : { obstacles: best!.obstacles };
}
