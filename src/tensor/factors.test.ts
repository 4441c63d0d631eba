import { describe, expect, it } from 'vitest';
import { FactorGradient, leavingFactors } from './factors.js';
import {
  embedding,
  linearCrossEntropy,
  Scope,
  sum,
  type Tensor,
  tensor,
  watchOperations,
} from './index.js';

const [N, C, V] = [3, 4, 7];
const wave = (count: number, shape: readonly number[]): Tensor =>
  tensor(
    Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1)),
    { shape },
  );
const make = () => ({
  x: wave(N * C, [N, C]).requireGrad(),
  weight: wave(V * C, [V, C]).requireGrad(),
  bias: wave(V, [V]).requireGrad(),
});
const targets = [6, 0, 3];
type Made = ReturnType<typeof make>;
const lossOf = ({ x, weight, bias }: Made, maxLogits?: number) =>
  linearCrossEntropy(x, weight, bias, targets, maxLogits ? { maxLogits } : {});
const gradsOf = ({ x, weight, bias }: Made) => [x, weight, bias].map((t) => t.grad!.dataSync());
/** The gradients in full, of the same loss. */
function plain(backward: (made: Made) => void): ReturnType<typeof gradsOf> {
  const made = make();
  backward(made);
  expect(made.weight.gradientSlot().factors).toBeNull();
  return gradsOf(made);
}

describe('a gradient as factors', () => {
  it('is left where it is wanted so, and is the product when it is asked for', () => {
    const made = make();
    const asked: unknown[] = [];
    const wants = (weight: Tensor, rows: number) => asked.push([weight === made.weight, rows]) > 0;
    leavingFactors(wants, () => lossOf(made).backward());
    expect(asked).toEqual([[true, N]]);
    const { weight } = made;
    const factors = weight.gradientSlot().factors!;
    expect(factors).toBeInstanceOf(FactorGradient);
    expect([factors.rows, factors.above.shape, factors.below.shape]).toEqual([N, [N, V], [N, C]]);
    expect(weight.hasGrad).toBe(true);
    expect(factors.inFull().dataSync()).toEqual(gradsOf(made)[1]);
    expect(weight.gradientSlot().factors).toBeNull(); // now that it was asked for
    expect(gradsOf(made)).toEqual(plain((same) => lossOf(same).backward()));
  });

  it.each<[string, (made: Made) => void]>([
    [
      'of a second loss',
      (made) => {
        lossOf(made).backward();
        lossOf(made).backward();
      },
    ],
    ['of a loss that is a part of another', (made) => lossOf(made).mul(0.3).backward()],
    [
      'of a weight that is a table as well',
      (made) =>
        lossOf(made)
          .add(sum(embedding(made.weight, [1, 6, 1])))
          .backward(),
    ],
  ])('is added and scaled as one in full: %s', (_name, backward) => {
    const made = make();
    leavingFactors(
      () => true,
      () => backward(made),
    );
    expect(gradsOf(made)).toEqual(plain(backward));
  });

  it('is not left of several blocks of rows, to a watcher, or outside', () => {
    const made = make();
    leavingFactors(
      () => true,
      () => lossOf(made, 2 * V).backward(),
    );
    expect(made.weight.gradientSlot().factors).toBeNull();
    const watched = make();
    const seen: unknown[] = [];
    const watch = (_name: string, { shape }: Tensor) => void seen.push(shape);
    leavingFactors(
      () => true,
      () => watchOperations(watch, () => lossOf(watched).backward()),
    );
    expect(watched.weight.gradientSlot().factors).toBeNull();
    expect(seen).toContainEqual([V, C]);
    const outside = make();
    expect(() =>
      leavingFactors(
        () => true,
        () => fail(),
      ),
    ).toThrow('within');
    lossOf(outside).backward();
    expect(outside.weight.gradientSlot().factors).toBeNull();
  });

  it('is freed with its owner’s gradient', () => {
    const { backend } = wave(1, [1]);
    const before = backend.memory.bytesInUse;
    {
      using _all = new Scope();
      const made = make();
      for (const leaf of Object.values(made)) leaf.retain();
      const kept = backend.memory.bytesInUse;
      {
        using _step = new Scope();
        leavingFactors(
          () => true,
          () => lossOf(made).backward(),
        );
      }
      expect(backend.memory.bytesInUse).toBeGreaterThan(kept);
      expect(made.weight.gradientSlot().factors!.inFull().dataSync().every(Number.isFinite)).toBe(
        true,
      );
      for (const leaf of Object.values(made)) leaf.zeroGrad();
      for (const leaf of Object.values(made)) leaf.dispose();
    }
    expect(backend.memory.bytesInUse).toBe(before);
  });
});

function fail(): never {
  throw new Error('within');
}
