import { describe, expect, it } from 'vitest';
import golden from '../../test/goldens/nn.json' with { type: 'json' };
import {
  constant,
  cosine,
  linearWarmup,
  type Schedule,
  sequence,
  stableDecay,
  stepDecay,
} from './index.js';

const warm = linearWarmup({ steps: 8, from: 0.1, to: 0.4 });

describe('schedules against torch.optim.lr_scheduler', () => {
  const cases: [keyof typeof golden.schedules, Schedule][] = [
    ['LinearLR', warm],
    ['StepLR', stepDecay({ lr: 0.4, every: 7, factor: 0.5 })],
    ['MultiStepLR', stepDecay({ lr: 0.4, at: [5, 6, 20] })],
    ['CosineAnnealingLR', cosine({ steps: 20, from: 0.4, to: 0.05 })],
    ['SequentialLR', sequence([[warm, 8], [cosine({ steps: 16, from: 0.4, to: 0.05 })]])],
  ];

  it.each(cases)('%s', (name, schedule) => {
    golden.schedules[name].forEach((lr, step) => {
      expect(schedule(step)).toBeCloseTo(lr, 7);
    });
  });
});

describe('schedules', () => {
  it('constant', () => {
    expect([0, 5, 1e6].map(constant(0.3))).toEqual([0.3, 0.3, 0.3]);
  });

  it('stepDecay falls at the named step: the first thousand have the full rate', () => {
    const schedule = stepDecay({ lr: 0.5, at: 1000 });
    expect([0, 999, 1000, 1399].map(schedule)).toEqual([0.5, 0.5, 0.05, 0.05]);
  });

  it('linearWarmup begins above 0, and stays at its end', () => {
    const schedule = linearWarmup({ steps: 4, to: 1 });
    [0.2, 0.4, 0.6, 0.8, 1, 1, 1].forEach((lr, step) => {
      expect(schedule(step)).toBeCloseTo(lr, 12);
    });
    expect(linearWarmup({ steps: 0, to: 0.3 })(0)).toBe(0.3);
  });

  it('cosine stays at its floor, where PyTorch’s would rise again', () => {
    const schedule = cosine({ steps: 10, from: 1, to: 0.1 });
    expect(schedule(0)).toBe(1);
    expect(schedule(5)).toBeCloseTo(0.55, 12);
    expect([10, 11, 20].map(schedule)).toEqual([0.1, 0.1, 0.1]);
    expect(cosine({ steps: 3, from: 1 })(3)).toBe(0);
  });

  it('stableDecay holds the rate, then lets it fall as llm.c does', () => {
    const schedule = stableDecay({ steps: 20, decaySteps: 4, from: 1, to: 0.2 });
    expect([0, 15, 16].map(schedule)).toEqual([1, 1, 1]);
    [0.2 + 0.8 * 0.5, 0.2 + 0.8 * (1 - Math.SQRT1_2)].forEach((lr, i) => {
      expect(schedule(17 + i)).toBeCloseTo(lr, 12); // a quarter and half of the way
    });
    expect([20, 21, 99].map(schedule)).toEqual([0.2, 0.2, 0.2]);
    expect([0, 1, 2].map(stableDecay({ steps: 2, decaySteps: 0, from: 1 }))).toEqual([1, 1, 0]);
  });

  it('sequence counts each part from its own beginning', () => {
    const own = (offset: number) => (step: number) => offset + step;
    const schedule = sequence([
      [own(0), 2],
      [own(10), 0],
      [own(20), 3],
      [own(30), Infinity],
    ]);
    expect([0, 1, 2, 3, 4, 5, 6, 99].map(schedule)).toEqual([0, 1, 20, 21, 22, 30, 31, 124]);
    expect(sequence([[own(5), 3]])(7)).toBe(12); // the last goes on
  });

  it('refuse what makes no sense', () => {
    expect(() => constant(-1)).toThrow(
      'constant: expected lr to be a number of at least 0, got -1',
    );
    expect(() => constant(Number.NaN)).toThrow(/got NaN/);
    expect(() => stepDecay({ lr: 1 })).toThrow(/expected one of at/);
    expect(() => stepDecay({ lr: 1, at: 3, every: 3 })).toThrow(/expected one of at/);
    expect(() => stepDecay({ lr: 1, at: [1, 2.5] })).toThrow(/whole number of at least 0, got 2.5/);
    expect(() => stepDecay({ lr: 1, every: 0 })).toThrow(/at least 1, got 0/);
    expect(() => linearWarmup({ steps: -1, to: 1 })).toThrow(/linearWarmup: expected steps/);
    expect(() => cosine({ steps: 0, from: 1 })).toThrow(/cosine: expected steps/);
    expect(() => stableDecay({ steps: 3, decaySteps: 4, from: 1 })).toThrow(/at most all 3 steps/);
    expect(() => stableDecay({ steps: 3, decaySteps: -1, from: 1 })).toThrow(/decaySteps/);
    expect(() => sequence([])).toThrow(/got none/);
    expect(() => sequence([[constant(1)], [constant(2)]])).toThrow(/the steps of part 0/);
  });
});
