/** Parts of a model that train at rates of their own: from `lrScale` to parameter groups. */
import { closest } from 'fastest-levenshtein';
import type { LanguageModel } from '../models/index.js';
import { Embedding } from '../nn/index.js';
import { readScale, type TrainingSettings } from '../runs/settings.js';
import type { Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';

/** Parameters with one rate and one weight decay. */
export interface RateGroup {
  params: Map<string, Tensor>;
  /** The group's rate at the height of the schedule; absent where it is the optimizer's. */
  lr?: number;
  weightDecay?: number;
  /** Whether AdamW takes it, where the optimizer is Muon; absent otherwise. */
  adamw?: boolean;
}

type GroupSettings = Pick<
  TrainingSettings,
  'optimizer' | 'lr' | 'adamwLr' | 'lrScale' | 'weightDecay'
>;

/**
 * The groups of a model's trainable parameters, by factor of the rate and by whether they decay: as
 * few as there can be, since each is a call into the backend.
 *
 * Weight decay is for tensors of two dimensions or more, as in nanoGPT: biases and gains are few and do
 * not overfit, and a gain pulled to zero is a dead layer.
 *
 * With Muon, what is no hidden matrix (`hiddenMatrices`) goes to AdamW, at a rate of its own.
 *
 * @throws UserError when a path of `lrScale` is that of no parameter, naming the nearest; for Muon, when the
 *   model has no hidden matrix.
 */
export function rateGroups(model: LanguageModel, settings: GroupSettings): RateGroup[] {
  const { optimizer, lr, adamwLr = lr, lrScale, weightDecay } = settings;
  const byMuon = optimizer === 'muon' ? hiddenMatrices(model) : undefined;
  if (byMuon?.size === 0) {
    throw new UserError(
      'optimizer=muon is for matrices between embedding and head, and this model has none: take optimizer=adamw.',
    );
  }
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
      const adamw = byMuon && !byMuon.has(param);
      const rate = factor * (adamw ? adamwLr : lr);
      const key = `${wide} ${factor} ${adamw}`;
      const group = groups.get(key) ?? {
        params: new Map<string, Tensor>(),
        ...(rate !== lr && { lr: rate }),
        ...(adamw !== undefined && { adamw }),
        ...(wide !== undefined && { weightDecay: wide ? weightDecay : 0 }),
      };
      group.params.set(name, param);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/**
 * The trainable matrices between embedding and head: parameters with two dimensions that are no `Embedding`'s
 * table and not the head, which is the last with a row for each token.
 *
 * Where the head is the embedding's table and a hidden matrix happens to have V rows, the last such is left out.
 */
export function hiddenMatrices(model: LanguageModel): Set<Tensor> {
  const modules = [...model.namedModules().values()];
  const tables = new Set(modules.map((part) => (part instanceof Embedding ? part.weight : null)));
  const matrices = model.parameters().filter((param) => param.ndim === 2 && !tables.has(param));
  const head = matrices.findLast(({ shape }) => shape[0] === model.vocabSize);
  return new Set(matrices.filter((param) => param !== head && param.requiresGrad));
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
