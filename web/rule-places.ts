/** Where on a run's page one sees what a rule of the diagnosis is about: the place's id, by the rule's name. */
export const RULE_PLACES: Readonly<Record<string, string>> = {
  'non-finite': 'layers',
  'initial-loss': 'loss',
  'not-learning': 'loss',
  'dead-units': 'units',
  'unreached-units': 'units',
  saturation: 'units',
  'collapsed-activation': 'layers',
  'vanishing-gradient': 'gradients',
  'gradient-spike': 'gradients',
  'always-clipped': 'over-threshold',
  'slow-updates': 'ratios',
  'fast-updates': 'ratios',
  'batch-norm-drift': 'batch-norms',
  'attention-collapse': 'spread',
  'attention-uniform': 'spread',
  overconfidence: 'predictions',
};
