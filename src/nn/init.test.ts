import { beforeEach, describe, expect, it } from 'vitest';
import golden from '../../test/goldens/nn.json' with { type: 'json' };
import { backends, named } from '../../test/suites/backends.js';
import {
  defaultRandom,
  empty,
  manualSeed,
  RandomSource,
  type Tensor,
  useBackend,
} from '../tensor/index.js';
import { Generator } from '../util/random.js';
import { init } from './index.js';
import { truncatedDeviate } from './truncated-normal.js';

const random = () => new RandomSource(2024);

/** Mean, standard deviation, least and greatest. */
function statistics(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  const std = Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length);
  const least = list.reduce((low, x) => Math.min(low, x), Infinity);
  const greatest = list.reduce((high, x) => Math.max(high, x), -Infinity);
  return { mean, std, least, greatest, n: list.length };
}

/** Within five standard errors of what is expected. */
function expectMoments(values: ArrayLike<number>, mean: number, std: number): void {
  const found = statistics(values);
  expect(Math.abs(found.mean - mean)).toBeLessThan((5 * std) / Math.sqrt(found.n));
  expect(Math.abs(found.std - std)).toBeLessThan((5 * std) / Math.sqrt(found.n));
}

function expectUniform(tensor: Tensor, bound: number): void {
  const values = tensor.dataSync();
  const { least, greatest } = statistics(values);
  expectMoments(values, 0, bound / Math.sqrt(3));
  expect(least).toBeGreaterThanOrEqual(-Math.fround(bound));
  expect(greatest).toBeLessThanOrEqual(Math.fround(bound));
  expect(greatest).toBeGreaterThan(0.999 * bound);
}

describe('gains and fans are PyTorch’s', () => {
  it.each(golden.gains)('calculateGain(%s, %s) = %s', (name, parameter, gain) => {
    const found = init.calculateGain(name as init.Nonlinearity, (parameter as number) ?? undefined);
    expect(found).toBeCloseTo(gain as number, 8);
  });

  it.each(golden.fans)('fans of %j', (shape, fanIn, fanOut) => {
    expect(init.calculateFans(empty(shape as number[]))).toEqual({ fanIn, fanOut });
  });

  it('refuses what has no fans, and unknown names', () => {
    expect(() => init.kaimingNormal(empty([3]))).toThrow(/at least two dimensions, got \(3\)/);
    expect(() => init.xavierUniform(empty([]))).toThrow(/at least two dimensions/);
    const wrong = 'leaky_relu' as init.Nonlinearity;
    expect(() => init.calculateGain(wrong)).toThrow(/Did you mean "leakyRelu"\?/);
    expect(() => init.kaimingUniform(empty([2, 2]), { mode: 'fan_in' as 'fanIn' })).toThrow(
      /expected mode 'fanIn' or 'fanOut', got "fan_in"/,
    );
  });
});

describe.each(named(backends))('on %s', (_, backend) => {
  beforeEach(() => useBackend(backend));
  const weight = () => empty([300, 100, 2]); // fan in 200, fan out 600

  it('Kaiming', () => {
    const tanh = { nonlinearity: 'tanh', random: random() } as const;
    expectUniform(init.kaimingUniform(weight(), { random: random() }), Math.sqrt(6 / 200));
    expectUniform(
      init.kaimingUniform(weight(), { a: Math.sqrt(5), random: random() }),
      1 / Math.sqrt(200),
    );
    expectUniform(
      init.kaimingUniform(weight(), { mode: 'fanOut', nonlinearity: 'linear', random: random() }),
      Math.sqrt(3 / 600),
    );
    expectMoments(init.kaimingNormal(weight(), tanh).dataSync(), 0, 5 / 3 / Math.sqrt(200));
  });

  it('Xavier', () => {
    expectUniform(init.xavierUniform(weight(), { random: random() }), Math.sqrt(6 / 800));
    const gained = init.xavierNormal(weight(), { gain: 2, random: random() });
    expectMoments(gained.dataSync(), 0, 2 * Math.sqrt(2 / 800));
  });

  it('uniform, normal, constants', () => {
    const values = init.uniform(empty([20_000]), { low: 2, high: 5, random: random() }).dataSync();
    expectMoments(values, 3.5, 3 / Math.sqrt(12));
    const normal = init.normal(empty([20_001]), { mean: -1, std: 3, random: random() });
    expectMoments(normal.dataSync(), -1, 3);
    expect([...init.constant(empty([2]), 7).dataSync()]).toEqual([7, 7]);
    expect([...init.zeros(empty([2])).dataSync()]).toEqual([0, 0]);
    expect([...init.ones(empty([2])).dataSync()]).toEqual([1, 1]);
  });

  it('truncated normal', () => {
    const values = init.truncatedNormal(empty([40_001]), { random: random() }).dataSync();
    const { least, greatest } = statistics(values);
    expectMoments(values, 0, 0.879626); // √(1 − 4φ(2) / (2Φ(2) − 1))
    expect(least).toBeGreaterThanOrEqual(-2);
    expect(least).toBeLessThan(-1.9);
    expect(greatest).toBeLessThanOrEqual(2);
    const shifted = init.truncatedNormal(empty([40_000]), {
      mean: 1,
      std: 0.5,
      low: 1,
      high: Infinity,
      random: random(),
    });
    // Half a normal: mean √(2/π) σ, standard deviation σ √(1 − 2/π).
    expectMoments(
      shifted.dataSync(),
      1 + 0.5 * Math.sqrt(2 / Math.PI),
      0.5 * Math.sqrt(1 - 2 / Math.PI),
    );
    expect(init.truncatedNormal(empty([2]), { mean: 5, std: 0 }).dataSync()[0]).toBe(2);
  });

  it.each([
    [[6, 6], 1],
    [[5, 9], 2],
    [[9, 5], 0.5],
    [[4, 3, 5], 1],
    [[130, 40], 1],
    [[150, 150], 1],
    [[1, 3], 1],
  ])('orthogonal %j, gain %d', (shape, gain) => {
    const tensor = init.orthogonal(empty(shape), { gain, random: random() });
    const rows = shape[0];
    const q = tensor.alias([rows, tensor.numel / rows]);
    const wide = q.shape[0] <= q.shape[1];
    const product = wide ? q.matmul(q.transpose(0, 1)) : q.transpose(0, 1).matmul(q);
    const size = product.shape[0];
    product.dataSync().forEach((value, i) => {
      const diagonal = i % (size + 1) === 0;
      expect(Math.abs(value - (diagonal ? gain * gain : 0))).toBeLessThan(2e-6 * gain * gain);
    });
  });

  it('orthogonal is the Q whose R has a positive diagonal', () => {
    const gaussian = init.normal(empty([7, 4]), { random: random() });
    const q = init.orthogonal(empty([7, 4]), { random: random() });
    const r = q.transpose(0, 1).matmul(gaussian).dataSync(); // (4, 7) · (7, 4) → (4, 4)
    for (let i = 0; i < 4; i++) {
      expect(r[i * 4 + i]).toBeGreaterThan(0);
      for (let j = 0; j < i; j++) expect(Math.abs(r[i * 4 + j])).toBeLessThan(1e-5);
    }
  });

  it('draws from the default source by default, and never the same twice', () => {
    const fill = [
      () => init.normal(empty([5])),
      () => init.kaimingUniform(empty([2, 3])),
      () => init.orthogonal(empty([2, 3])),
      () => init.truncatedNormal(empty([50]), { low: 0.5, high: 3 }),
    ];
    const run = () => fill.map((f) => [...f().dataSync()]);
    manualSeed(9);
    const first = run();
    const second = run();
    manualSeed(9);
    expect(run()).toEqual(first);
    expect(second).not.toEqual(first);
    expect(defaultRandom.state().seed).toBe(9);
  });

  it('leaves empty tensors alone', () => {
    for (const fill of [init.kaimingNormal, init.xavierUniform, init.orthogonal]) {
      expect(fill(empty([0, 4])).numel).toBe(0);
    }
  });
});

describe('truncated deviates, whichever way they are drawn', () => {
  /** Mean of N(0, 1) on [a, b] by Simpson's rule. */
  function expectedMean(a: number, b: number): number {
    const density = (x: number) => Math.exp((a * a - x * x) / 2);
    const steps = 2000;
    let mass = 0;
    let moment = 0;
    for (let i = 0; i <= steps; i++) {
      const x = a + ((b - a) * i) / steps;
      const w = (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * density(x);
      mass += w;
      moment += w * x;
    }
    return moment / mass;
  }

  it.each([
    [-3, 4],
    [-0.5, 1],
    [0.2, 0.9],
    [1, 9],
    [6, 12],
    [6, 6.05],
    [-12, -6],
    [-2, -1],
    [-1, 0],
    [0, 1],
  ])('on [%d, %d]', (low, high) => {
    const generator = new Generator(31);
    const values = Array.from({ length: 20_000 }, () => truncatedDeviate(generator, low, high));
    const { mean, std, least, greatest } = statistics(values);
    expect(least).toBeGreaterThanOrEqual(low);
    expect(greatest).toBeLessThanOrEqual(high);
    expect(Math.abs(mean - expectedMean(low, high))).toBeLessThan((5 * std) / Math.sqrt(20_000));
  });

  it('on a single point', () => {
    expect(truncatedDeviate(new Generator(1), 0, 0)).toBe(0);
    expect(truncatedDeviate(new Generator(1), -1, -1)).toBe(-1);
  });
});

it('refuses ranges and deviations that make no sense', () => {
  expect(() => init.uniform(empty([2]), { low: 1, high: 0 })).toThrow(
    /expected low ≤ high, got \[1, 0\]/,
  );
  expect(() => init.normal(empty([2]), { std: -1 })).toThrow(
    /standard deviation of at least 0, got -1/,
  );
  expect(() => init.truncatedNormal(empty([2]), { low: Number.NaN })).toThrow(/low ≤ high/);
  expect(() => init.orthogonal(empty([2]))).toThrow(
    /^orthogonal: expected at least two dimensions/,
  );
});

describe('what is given', () => {
  const x = () => empty([3]);

  it('may be so far out that a tail is but its start, which once took for ever', () => {
    const far: [number, number, number, number][] = [
      [0, 1e-45, 1, 2],
      [1e308, 1e-300, -2, 2],
      [-1e15, 0.5, 0, Infinity],
    ];
    for (const [mean, std, low, high] of far) {
      const values = init.truncatedNormal(x(), { mean, std, low, high }).dataSync();
      expect([...values]).toEqual(new Array(3).fill(mean > high ? high : low));
    }
    expect(truncatedDeviate(new Generator(1), 1e200, Infinity)).toBe(1e200);
  });

  it('is of numbers, and not of indices, whose bits would be another number’s', () => {
    for (const fill of [init.uniform, init.normal, init.truncatedNormal]) {
      expect(() => fill(empty([3], 'int32'))).toThrow('expected a float32 tensor, got int32');
      expect(() => fill(x(), null as never)).toThrow('expected options');
      expect(() => fill(x(), { random: {} as never })).toThrow('expected random to be a');
      expect(() => fill([1] as never)).toThrow('expected a tensor, got an array of 1');
    }
    const words = { mean: '1' as never };
    expect(() => init.normal(x(), words)).toThrow('expected mean to be a number, got "1"');
  });
});
