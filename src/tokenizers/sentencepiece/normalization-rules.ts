/** The normalisation that a training's settings name. */
import { UsageError } from '../../util/errors.js';
import type { NormalizationRules } from './normalizer.js';
import type { TrainerSettings } from './spec.js';

/** Undefined: text stays as it is. */
export async function rulesOf(settings: TrainerSettings): Promise<NormalizationRules | undefined> {
  const name = settings.normalization_rule_name;
  if (name === 'identity') return undefined;
  if (name === 'nmt_nfkc') return (await import('./precompiled.js')).nmtNfkcRules();
  throw new UsageError(
    `normalization_rule_name: expected identity or nmt_nfkc, got "${name}"; other rules are not supported`,
  );
}
