import { describe, expect, it } from 'vitest';
import { dataset } from '../../test/suites/fixtures.js';
import { type LanguageModel, models } from '../models/index.js';
import { RULES } from '../observe/probes/rules.js';
import { buildSettings, type Diagnosis } from '../runs/index.js';
import { manualSeed, type Tensor } from '../tensor/index.js';
import type { StepHooks } from './stepper.js';
import { Trainer } from './trainer.js';

const data = dataset();

interface Case {
  model?: string;
  preset?: string;
  /** Settings beside these. */
  set?: Record<string, unknown>;
  /** What is done to the fresh model. */
  spoil?: (weight: (path: string) => Tensor, model: LanguageModel) => unknown;
  hooks?: (weight: (path: string) => Tensor) => StepHooks;
}

/** All that is said of a run, by rule. */
async function diagnosed({ model: name = 'mlp', preset, set, spoil, hooks }: Case) {
  const definition = models.get(name)!;
  const common = { steps: 120, evalInterval: 1000, checkpointInterval: 1000, logInterval: 1000 };
  const settings = buildSettings(definition, {
    preset: preset ?? (name === 'mlp' ? 'chars' : undefined),
    overrides: { ...common, evalBatches: 1, probes: true, probeInterval: 5, ...set },
  });
  manualSeed(settings.seed);
  const model = definition.create(settings.modelConfig, data.tokenizer.vocabSize);
  const weight = (path: string) => model.namedParameters().get(path)!;
  spoil?.(weight, model);
  const { training, seed } = settings;
  using trainer = new Trainer({ model, training, seed, data, hooks: hooks?.(weight) });
  const said = new Map<string, Diagnosis>();
  trainer.on('probe', ({ model }) => {
    for (const diagnosis of model.diagnosis) {
      if (!said.has(diagnosis.rule)) said.set(diagnosis.rule, diagnosis);
    }
  });
  await trainer.train().catch((error: Error) => {
    if (!/became|NaN/.test(error.message)) throw error; // some are that sick
  });
  return said;
}

const SMALL = { nEmbd: 8, nHidden: 32, batchSize: 32, warmupSteps: 0, schedule: 'constant' };
const GPT = { nEmbd: 16, nHead: 2, nLayer: 1, blockSize: 16, batchSize: 4, warmupSteps: 0 };
const HIDDEN = 'hidden.0.linear.weight';

/** A run that sets each rule off, and what is then said. */
const SICK: Record<string, Case & { says: RegExp }> = {
  'initial-loss': {
    set: { ...SMALL, outputGain: 60 },
    says: /^the loss began at \d+\.\d\d, above ln V = 2\.71: the output layer is initialised too large$/,
  },
  'not-learning': {
    set: { ...SMALL, lr: 1e-9 },
    says: /^the loss is 2\.\d\d, no better than a guess \(ln V = 2\.71\) since step 1\d\d$/,
  },
  'dead-units': {
    set: { ...SMALL, activation: 'relu', hiddenBias: true },
    spoil: (weight) => weight('hidden.0.linear.bias').fill_(-20),
    says: /^100 % of `hidden\.0\.activation` is dead since step 1$/,
  },
  'unreached-units': {
    set: { ...SMALL, lrScale: ['output=0'] },
    spoil: (weight) => {
      const output = weight('output.weight');
      output.copy_(output.dataSync().map((w, i) => (i % 32 < 8 ? 0 : w)));
    },
    says: /^no gradient reaches 25 % of `hidden\.0\.activation`, which is active since step 5$/,
  },
  saturation: {
    set: { ...SMALL, activation: 'tanh', hiddenGain: 30 },
    says: /^\d\d % of the values of `hidden\.0\.activation` lie where tanh is flat since step 1$/,
  },
  'collapsed-activation': {
    set: { ...SMALL, lrScale: ['hidden=0'] },
    spoil: (weight) => weight(HIDDEN).fill_(0),
    says: /^the output of `hidden\.0\.linear` hardly varies .* since step 1$/,
  },
  'vanishing-gradient': {
    set: { ...SMALL, nLayer: 2, lrScale: ['hidden.0=0'] },
    spoil: (weight) => weight(HIDDEN).scale_(1e-8),
    says: /^the gradient of `embedding` is [\d,]+ times smaller than the median layer's since step \d+$/,
  },
  'gradient-spike': {
    set: { ...SMALL },
    hooks: (weight) => ({
      start: (step) => void (step === 59 && weight('output.weight').scale_(300)),
    }),
    says: /^the gradient's norm is \d+ times that of the records before since step 60$/,
  },
  'always-clipped': {
    set: { ...SMALL, clipNorm: 0.001 },
    says: /^100 % of the steps are clipped, lately to 1\/\d+ of the gradient: .* since step 1$/,
  },
  'slow-updates': {
    set: { ...SMALL, optimizer: 'sgd', lr: 1e-5 },
    says: /^updates of `.*weight` are [\d,]+ times smaller than the guide, .* since step 1$/,
  },
  'fast-updates': {
    set: { ...SMALL, lr: 0.3, weightDecay: 2 }, // less than half is left of a weight
    says: /^updates of `.*weight` are \d+ times larger than the guide, .* since step 50$/,
  },
  'batch-norm-drift': {
    set: { ...SMALL, norm: 'batch', normMomentum: 0.04 },
    hooks: (weight) => ({ start: () => void weight(HIDDEN).scale_(1.08) }),
    says: /^the population of `hidden\.0\.norm` is .* since step \d+$/,
  },
  'attention-collapse': {
    model: 'gpt',
    set: { ...GPT, lrScale: ['h.0.attn=0'] },
    spoil: (weight) => weight('h.0.attn.cAttn.weight').scale_(3000),
    says: /^every head of `h\.0\.attn` looks at a single position since step 1$/,
  },
  'attention-uniform': {
    model: 'gpt',
    set: { ...GPT, steps: 400, lrScale: ['h.0.attn=0'] },
    spoil: (weight) => weight('h.0.attn.cAttn.weight').fill_(0),
    says: /^every head of `h\.0\.attn` looks at all positions alike since step 300$/,
  },
  overconfidence: {
    set: { ...SMALL, outputGain: 2000, lr: 1e-6 },
    says: /^predictions are too sure of themselves: \d+ % sure, \d+ % right since step 1$/,
  },
  'non-finite': {
    set: { ...SMALL },
    // Of a token that does not occur: the loss knows nothing of it.
    spoil: (weight, { vocabSize }) => {
      const embedding = weight('embedding.weight');
      embedding.copy_(embedding.dataSync().fill(Number.NaN, 8 * (vocabSize - 1)));
    },
    says: /^NaN or infinity in `embedding\.weight` since step 1$/,
  },
};

describe('the diagnosis', () => {
  it('has a sick run for each rule', () => {
    expect(Object.keys(SICK).sort()).toEqual(RULES.map(({ name }) => name).sort());
  });

  it.each(Object.entries(SICK))('says %s of a run that is', async (rule, { says, ...sick }) => {
    const said = await diagnosed(sick);
    expect([...said.keys()]).toContain(rule);
    expect(said.get(rule)!.text).toMatch(says);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ['mlp', 'published', { nHidden: 100, batchSize: 50 }],
    ['mlp', 'chars', { nHidden: 128, batchSize: 64 }],
    ['mlp', 'chars', { nHidden: 128, batchSize: 64, norm: 'batch' }],
    ['hierarchical', 'published', {}],
    ['hierarchical', 'small', {}],
    ['wavenet', 'small', { nResidual: 16, nGate: 16, nSkip: 32, batchSize: 8 }],
    ['wavenet', 'dilated', { nResidual: 16, nGate: 16, nSkip: 32, batchSize: 8 }],
    ['gpt', 'char', { nEmbd: 32, nLayer: 2 }],
    ['gpt', 'modern', { nEmbd: 32, nLayer: 2 }],
    ['gpt', 'speedrun', { nEmbd: 48, nHead: 3, nLayer: 2, blockSize: 64 }],
    ['gpt', 'names', {}],
    ['llama', 'char', { nEmbd: 32, nLayer: 2 }],
  ])(
    'is silent on %s/%s',
    async (model, preset, set) => {
      const said = await diagnosed({
        model,
        preset,
        set: { steps: 400, probeInterval: 25, ...set },
      });
      expect([...said.values()].map(({ text }) => text)).toEqual([]);
    },
    60_000,
  );
});
