/**
 * The rules of the diagnosis: each says what it looks at, where it draws the line, and why there. They are meant to
 * be silent on what is healthy: where a healthy run comes near a line, the line was moved.
 */
import { INITIAL_LOSS_MARGIN } from '../initial-loss.js';
import type { Evidence, Rule, Symptom } from './rule.js';

/** Updates are about a thousandth of the values: Karpathy's guide, as log10. */
const GUIDE = -3;
const times = (log: number) => Math.round(10 ** log).toLocaleString('en-US');
const percent = (share: number) => `${Math.round(100 * share)} %`;

/** Whether the rate is such that updates tell something: not in a warm-up, nor at the end of a decay. */
function atFullRate({ record, facts }: Evidence): boolean {
  return (record.lr ?? 0) >= facts.lr / 2 && record.step > facts.warmupSteps;
}

/** ln V is what a guess costs: more means that the first logits are large. Karpathy, makemore part 3. */
const initialLoss: Rule = {
  name: 'initial-loss',
  records: 1,
  find({ first: { step, loss }, facts: { vocabSize } }) {
    const guess = Math.log(vocabSize);
    if (step !== 1 || loss === null || loss <= guess + INITIAL_LOSS_MARGIN) return [];
    const text = `the loss began at ${loss.toFixed(2)}, above ln V = ${guess.toFixed(2)}: the output layer is initialised too large`;
    return [{ path: '', value: loss, text, since: 1, isPast: true }];
  },
};

/** A tenth: now and then a unit rests, and rests for long, in the best of nets. */
const DEAD_SHARE = 0.1;
const deadUnits: Rule = {
  name: 'dead-units',
  records: 1,
  find: ({ record }) =>
    record.units.flatMap(({ path, units, dead, since }) => {
      const share = dead / units;
      if (!(share >= DEAD_SHARE) || since === null) return [];
      return [{ path, value: share, since, text: `${percent(share)} of \`${path}\` is dead` }];
    }),
};

const unreachedUnits: Rule = {
  name: 'unreached-units',
  records: 1,
  find: ({ record }) =>
    record.units.flatMap(({ path, units, dead, gradientDead }) => {
      const share = ((gradientDead ?? 0) - dead) / units;
      if (!(share >= DEAD_SHARE)) return [];
      const text = `no gradient reaches ${percent(share)} of \`${path}\`, which is active`;
      return [{ path, value: share, text }];
    }),
};

/** At a slope below 0.06 nothing is learned; more than half of all values there is no working point. */
const SATURATED_SHARE = 0.5;
const saturation: Rule = {
  name: 'saturation',
  records: 3,
  find: ({ record }) =>
    record.units.flatMap(({ path, activation, flat }) => {
      const saturates = activation === 'tanh' || activation === 'sigmoid';
      if (!saturates || flat === null || flat <= SATURATED_SHARE) return [];
      const text = `${percent(flat)} of the values of \`${path}\` lie where ${activation} is flat`;
      return [{ path, value: flat, text }];
    }),
};

/** Forty times below the guide. */
const SLOW = Math.log10(40);
const slowUpdates: Rule = {
  name: 'slow-updates',
  records: 5,
  find(evidence) {
    if (!atFullRate(evidence)) return null;
    return ratios(evidence).flatMap(({ path, ratio }) => {
      if (ratio >= GUIDE - SLOW) return [];
      const text = `updates of \`${path}\` are ${times(GUIDE - ratio)} times smaller than the guide, a thousandth of the values`;
      return [{ path, value: ratio, text }];
    });
  },
};

/**
 * A hundred times above the guide: each step changes what it trains by a tenth. At first, and where the weights begin
 * near 0, that is as it should be.
 */
const FAST = Math.log10(100);
const FIRST_STEPS = 50;
const fastUpdates: Rule = {
  name: 'fast-updates',
  records: 5,
  find: (evidence) =>
    evidence.record.step < FIRST_STEPS
      ? []
      : ratios(evidence).flatMap(({ path, ratio }) => {
          if (ratio <= GUIDE + FAST) return [];
          const text = `updates of \`${path}\` are ${times(ratio - GUIDE)} times larger than the guide, a thousandth of the values`;
          return [{ path, value: ratio, text }];
        }),
};

function ratios({ record, facts }: Evidence): { path: string; ratio: number }[] {
  return record.parameters.flatMap(({ path, updateToData: ratio }) =>
    ratio !== null && facts.matrices.has(path) ? [{ path, ratio }] : [],
  );
}

/** Ten thousand times less than in the median layer is as good as nothing. */
const VANISHED = 1e-4;
const vanishingGradient: Rule = {
  name: 'vanishing-gradient',
  records: 5,
  find({ record }) {
    const norms = record.layers.flatMap(({ gradNorm }) => (gradNorm === null ? [] : [gradNorm]));
    const middle = median(norms);
    return record.layers.flatMap(({ path, gradNorm }) => {
      if (gradNorm === null || gradNorm >= middle * VANISHED) return [];
      const text =
        gradNorm === 0
          ? `no gradient reaches \`${path}\``
          : `the gradient of \`${path}\` is ${times(Math.log10(middle / gradNorm))} times smaller than the median layer's`;
      return [{ path, value: gradNorm / middle, text }];
    });
  },
};

/** Twenty times the median of what went before. */
const SPIKE = 20;
const LEAST_PAST = 8;
const gradientSpike: Rule = {
  name: 'gradient-spike',
  records: 1,
  find({ record, past }) {
    const before = past.flatMap(({ gradNorm }) => (gradNorm === null ? [] : [gradNorm]));
    const usual = median(before);
    const { gradNorm } = record;
    if (before.length < LEAST_PAST || gradNorm === null || gradNorm <= SPIKE * usual) return [];
    const value = gradNorm / usual;
    const text = `the gradient's norm is ${value.toFixed(0)} times that of the records before`;
    return [{ path: '', value, text }];
  },
};

/**
 * Nearly every step, and to a fifth of its gradient or less. Of SGD the threshold then is a lower rate by another name.
 * AdamW and Muon divide by the gradient's size anyway; what is lost is that a large one counts for more than a small
 * one. (Healthy transformers are clipped at every step too, late, but by little.)
 */
const CLIPPED_SHARE = 0.98;
const CLIPPED_BY = 5;
const alwaysClipped: Rule = {
  name: 'always-clipped',
  records: 5,
  find({ record: { clipping, step, gradNorm }, facts }) {
    const { clipNorm, warmupSteps, optimizer } = facts;
    const share = clipping.clipped / clipping.steps;
    const by = (gradNorm ?? 0) / clipNorm;
    if (!(share >= CLIPPED_SHARE && by >= CLIPPED_BY) || step <= warmupSteps) return [];
    const effect =
      optimizer === 'sgd'
        ? 'clipNorm acts as a lower rate'
        : 'all steps count alike, however large their gradients';
    const text = `${percent(share)} of the steps are clipped, lately to 1/${by.toFixed(0)} of the gradient: ${effect}`;
    return [{ path: '', value: share, text }];
  },
};

/** After that many steps any model has found which tokens are frequent. */
const PATIENCE_STEPS = 100;
const LEARNED = 0.05;
const notLearning: Rule = {
  name: 'not-learning',
  records: 3,
  find({ record: { step, loss }, facts: { warmupSteps, vocabSize } }) {
    const guess = Math.log(vocabSize);
    if (step < warmupSteps + PATIENCE_STEPS || loss === null || loss < guess - LEARNED) return [];
    const text = `the loss is ${loss.toFixed(2)}, no better than a guess (ln V = ${guess.toFixed(2)})`;
    return [{ path: '', value: loss, text }];
  },
};

/** Where hardly any variation is left, what comes in does not matter. */
const COLLAPSED = 1e-5;
const collapsedActivation: Rule = {
  name: 'collapsed-activation',
  records: 5,
  find: ({ record }) =>
    record.activations.flatMap(({ path, std }) => {
      if (std === null || std >= COLLAPSED) return [];
      const text = `the output of \`${path}\` hardly varies (standard deviation ${std.toExponential(1)})`;
      return [{ path, value: std, text }];
    }),
};

const nonFinite: Rule = {
  name: 'non-finite',
  records: 1,
  find: ({ record }) =>
    [...record.activations, ...record.parameters].flatMap(({ path, nonFinite: value }) =>
      value > 0 ? [{ path, value, text: `NaN or infinity in \`${path}\`` }] : [],
    ),
};

/**
 * A population that is a standard deviation off, or whose variance is by a factor of e, once it has had three times as
 * many batches as it remembers.
 */
const DRIFT = 1;
const batchNormDrift: Rule = {
  name: 'batch-norm-drift',
  records: 5,
  find: ({ record, facts }) =>
    record.batchNorms.flatMap(({ path, mean, logVariance }) => {
      const value = Math.max(mean ?? 0, logVariance ?? 0);
      const remembered = 1 / (facts.momentum.get(path) ?? 1);
      if (value <= DRIFT || record.step < 3 * remembered) return [];
      const by =
        value === mean
          ? `${value.toFixed(1)} standard deviations from its batches' mean`
          : `a factor of ${Math.exp(value).toFixed(1)} from its batches' variance`;
      return [{ path, value, text: `the population of \`${path}\` is ${by}` }];
    }),
};

/** A fifth: the likeliest token is right that much more rarely than its probability says. */
const OVERCONFIDENCE = 0.2;
const overconfidence: Rule = {
  name: 'overconfidence',
  records: 5,
  find({ record: { predictions } }) {
    const { confidence = null, accuracy = null } = predictions ?? {};
    if (confidence === null || accuracy === null) return [];
    const value = confidence - accuracy;
    if (value <= OVERCONFIDENCE) return [];
    const text = `predictions are too sure of themselves: ${percent(confidence)} sure, ${percent(accuracy)} right`;
    return [{ path: '', value, text }];
  },
};

/** Each query looks at one position alone: Zhai et al. 2023, "Preventing attention entropy collapse". */
const ONE_POSITION = 0.01;
const attentionCollapse: Rule = {
  name: 'attention-collapse',
  records: 5,
  find: (evidence) =>
    heads(evidence, (relative) => relative < ONE_POSITION, 'looks at a single position'),
};

/** After so many steps heads that all look everywhere alike have found nothing to look for. */
const EVERYWHERE = 0.999;
const ATTENTION_STEPS = 300;
const attentionUniform: Rule = {
  name: 'attention-uniform',
  records: 5,
  find: (evidence) =>
    evidence.record.step < evidence.facts.warmupSteps + ATTENTION_STEPS
      ? []
      : heads(evidence, (relative) => relative > EVERYWHERE, 'looks at all positions alike'),
};

function heads({ record }: Evidence, is: (relative: number) => boolean, what: string): Symptom[] {
  return record.attention.flatMap(({ path, heads }) => {
    const entropies = heads.flatMap(({ relative }) => (relative === null ? [] : [relative]));
    if (entropies.length === 0 || !entropies.every(is)) return [];
    return [{ path, value: median(entropies), text: `every head of \`${path}\` ${what}` }];
  });
}

/** NaN of nothing. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const RULES: readonly Rule[] = [
  nonFinite,
  initialLoss,
  notLearning,
  deadUnits,
  unreachedUnits,
  saturation,
  collapsedActivation,
  vanishingGradient,
  gradientSpike,
  alwaysClipped,
  slowUpdates,
  fastUpdates,
  batchNormDrift,
  attentionCollapse,
  attentionUniform,
  overconfidence,
];
