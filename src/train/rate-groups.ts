/** Parts of a model that train at rates of their own: from `lrScale` to parameter groups. */
import { closest } from 'fastest-levenshtein';
import type { LanguageModel } from '../models/index.js';
import { readScale, type TrainingSettings } from '../runs/settings.js';
import type { Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';

/** Parameters with one rate and one weight decay. */
export interface RateGroup {
  params: Map<string, Tensor>;
  /** The group's rate at the height of the schedule; absent where it is the optimizer's. */
  lr?: number;
  weightDecay?: number;
}

/**
 * The groups of a model's trainable parameters, by factor of the rate and by whether they decay: as
 * few as there can be, since each is a call into the backend.
 *
 * Weight decay is for tensors of two dimensions or more, as in nanoGPT: biases and gains are few and do
 * not overfit, and a gain pulled to zero is a dead layer.
 *
 * @throws UserError when a path of `lrScale` is that of no parameter, naming the nearest.
 */
export function rateGroups(
  model: LanguageModel,
  { lr, lrScale, weightDecay }: Pick<TrainingSettings, 'lr' | 'lrScale' | 'weightDecay'>,
): RateGroup[] {
  const named = [...model.namedParameters()];
  const factorOf = factors(
    lrScale,
    named.map(([name]) => name),
  );
  const groups = new Map<string, RateGroup>();
  // Those that decay come first, then each factor as the model's parameters bring it up.
  for (const wide of weightDecay === 0 ? [undefined] : [true, false]) {
    for (const [name, param] of named) {
      if (!param.requiresGrad || (wide !== undefined && param.ndim >= 2 !== wide)) continue;
      const factor = factorOf(name);
      const key = `${wide} ${factor}`;
      const group = groups.get(key) ?? {
        params: new Map<string, Tensor>(),
        ...(factor !== 1 && { lr: lr * factor }),
        ...(wide !== undefined && { weightDecay: wide ? weightDecay : 0 }),
      };
      group.params.set(name, param);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** What a parameter's rate is multiplied by: the factor of the longest path that leads to it, else 1. */
function factors(lrScale: readonly string[], names: readonly string[]): (name: string) => number {
  const scales = lrScale.map(readScale).sort((a, b) => b.path.length - a.path.length);
  const leadsTo = (path: string, name: string) => name === path || name.startsWith(`${path}.`);
  for (const { path } of scales) {
    if (names.some((name) => leadsTo(path, name))) continue;
    throw new UserError(
      `lrScale: expected the path of a parameter or of a part with parameters, got "${path}". Did you mean "${closest(path, allPaths(names))}"? \`nanogpt describe\` lists a model's parts.`,
    );
  }
  return (name) => scales.find(({ path }) => leadsTo(path, name))?.factor ?? 1;
}

/** Of `a.b.c`: `a`, `a.b` and `a.b.c`. */
function allPaths(names: readonly string[]): string[] {
  const paths = names.flatMap((name) => {
    const parts = name.split('.');
    return parts.map((_, i) => parts.slice(0, i + 1).join('.'));
  });
  return [...new Set(paths)];
}
