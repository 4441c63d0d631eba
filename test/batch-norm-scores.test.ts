import { describe, expect, it } from 'vitest';
import { MLP, mlp } from '../src/models/index.js';
import { batchNormsOf } from '../src/nn/index.js';
import { BATCH_NORM_MODES, scoreBatchNorms } from '../src/observe/batch-norm-scores.js';
import { evaluate } from '../src/observe/evaluate.js';
import { drawnBatches, recomputePopulation } from '../src/observe/population.js';
import { AdamW } from '../src/optim/index.js';
import { manualSeed, Scope, tensor } from '../src/tensor/index.js';
import { dataset } from './suites/fixtures.js';

const data = dataset();
const { vocabSize } = data.tokenizer;
const input = { name: 'validation' as const, ...data.splits.validation, tokenizer: data.tokenizer };
const training = { batchSize: 32, preciseBatches: 10 };
const scoring = { training, train: data.splits.train, seed: 1 };

function trained(settings: object): MLP {
  manualSeed(4);
  const config = { blockSize: 4, nEmbd: 8, nHidden: 32, nLayer: 2, norm: 'batch', ...settings };
  const model = new MLP(mlp.schema.parse(config), vocabSize);
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 });
  const { ids } = data.splits.train;
  for (let step = 0; step < 60; step++) {
    using _step = new Scope();
    const starts = Array.from({ length: 32 }, (_, r) => (step * 331 + r * 97) % (ids.length - 5));
    const inputs = Int32Array.from(starts.flatMap((s) => [...ids.subarray(s, s + 4)]));
    const targets = Int32Array.from(starts.map((s) => ids[s + 4]));
    model.loss(tensor(inputs, { shape: [32, 4] }), tensor(targets, { shape: [32] })).backward();
    optimizer.step();
    optimizer.zeroGrad();
  }
  optimizer.dispose();
  return model.eval();
}

describe('scoreBatchNorms', () => {
  it('scores one model in every mode, and leaves it as it was', () => {
    const model = trained({ normMomentum: 0.001 }); // 60 steps are far too few for this average
    const before = [...model.stateDict().values()].map((t) => [...t.dataSync()]);
    const scores = scoreBatchNorms(model, input, BATCH_NORM_MODES, scoring);
    expect([...model.stateDict().values()].map((t) => [...t.dataSync()])).toEqual(before);
    for (const norm of batchNormsOf(model).values()) {
      expect(norm).toMatchObject({ statistics: 'ema', inference: 'population', training: false });
    }
    const by = Object.fromEntries(scores.map((score) => [score.mode, score]));
    expect(scores.map(({ population }) => population)).toEqual([
      ...['checkpoint', 'recomputed', 'recomputed', 'checkpoint', 'batch'],
    ]);
    expect(by['ema'].loss).toBe(evaluate(model, input).loss);
    expect(by['frozen'].loss).toBe(by['ema'].loss);
    expect(by['ema'].loss).toBeGreaterThan(by['precise'].loss + 0.2);
    expect(Math.abs(by['batch'].loss - by['precise'].loss)).toBeLessThan(0.1);
    expect(new Set(scores.map(({ tokens }) => tokens)).size).toBe(1);

    expect(by['batch'].drift).toEqual([]);
    expect(by['ema'].drift.map(({ layer }) => layer)).toEqual(['hidden.0.norm', 'hidden.1.norm']);
    by['precise'].drift.forEach((drift, i) => {
      expect(drift.pooledLogVariance).toBeLessThan(0.2);
      expect(by['ema'].drift[i].pooledLogVariance).toBeGreaterThan(2 * drift.pooledLogVariance);
    });

    recomputePopulation(model, training, data.splits.train, 1);
    expect(by['precise'].loss).toBe(evaluate(model, input).loss);
  });

  it('gathers a moving average where the run kept none', () => {
    const model = trained({ normStatistics: 'precise' });
    const [ema] = scoreBatchNorms(model, input, ['ema'], scoring);
    expect(ema.population).toBe('recomputed');
    for (const norm of batchNormsOf(model).values()) {
      norm.resetStatistics();
      norm.statistics = 'ema';
    }
    model.train();
    for (const batch of drawnBatches(model, 32, 10, data.splits.train, 1)) model.forward(batch);
    expect(ema.loss).toBe(evaluate(model.eval(), input).loss);
  });

  it('asks for modes that there are', () => {
    const norm = { blockSize: 4, norm: 'batch' };
    const model = new MLP(mlp.schema.parse(norm), vocabSize);
    for (const modes of ['ema', ['emu'], {}]) {
      expect(() => scoreBatchNorms(model, input, modes as never, scoring)).toThrow(
        'expected an array of modes (ema, cumulative',
      );
    }
  });

  it('asks for a model with BatchNorm', () => {
    const model = new MLP(mlp.schema.parse({ blockSize: 4 }), vocabSize);
    expect(() => scoreBatchNorms(model, input, ['ema'], scoring)).toThrow(
      /norm=batch gives it one/,
    );
  });
});
