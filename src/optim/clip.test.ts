import { beforeEach, describe, expect, it } from 'vitest';
import golden from '../../test/goldens/nn.json' with { type: 'json' };
import { backends, named } from '../../test/suites/backends.js';
import { type Backend, ReferenceBackend } from '../backend/index.js';
import { embedding, ones, type Tensor, tensor, useBackend, withBackend } from '../tensor/index.js';
import { clipGradNorm, clipScale, gradNorm, SGD } from './index.js';

interface Stored {
  shape: number[];
  data: number[];
}

const make = ({ shape, data }: Stored) => tensor(Float64Array.from(data), { shape });

/** The golden's parameters, with the gradients of its first step. */
function parameters(): Tensor[] {
  return golden.start.map((stored, i) => {
    const param = make(stored).requireGrad();
    const gradient = golden.gradients[0][i];
    param.grad = gradient ? make(gradient) : null;
    return param;
  });
}

/** A table whose gradient is by rows: row 1 has (2, 2), row 3 has (1, 1). */
function table(): Tensor {
  const weight = ones([4, 2]).requireGrad();
  embedding(weight, tensor(Int32Array.of(1, 3, 1)))
    .sum()
    .backward();
  return weight;
}

describe.each(named(backends))('on %s', (_, backend) => {
  beforeEach(() => useBackend(backend));

  it.each(golden.clipping)('clips to $maxNorm as torch.nn.utils.clip_grad_norm_', (expected) => {
    const params = parameters();
    expect(gradNorm(params)).toBeCloseTo(expected.norm, 5);
    expect(clipGradNorm(params, expected.maxNorm)).toBeCloseTo(expected.norm, 5);
    params.forEach((param, i) => {
      const gradient = expected.gradients[i];
      if (!gradient) expect(param.hasGrad).toBe(false);
      else {
        param.grad!.dataSync().forEach((value, j) => {
          expect(value).toBeCloseTo(gradient.data[j], 6);
        });
      }
    });
  });

  it('counts and scales gradients by rows, and leaves them by rows', () => {
    const weight = table();
    const other = ones([2]).requireGrad();
    other.grad = tensor([1, Math.sqrt(5)]);
    expect(gradNorm([weight, other])).toBeCloseTo(4, 6); // √(8 + 2 + 6)
    expect(clipGradNorm([weight, other], 2)).toBeCloseTo(4, 6);
    expect(weight.rowGrad?.rowCount).toBe(2);
    const values = [...weight.grad!.dataSync()];
    [0, 0, 1, 1, 0, 0, 0.5, 0.5].forEach((value, i) => {
      expect(values[i]).toBeCloseTo(value, 6);
    });
    expect(other.grad.dataSync()[0]).toBeCloseTo(0.5, 6);
  });

  it('clips in passing, by the step’s gradScale', () => {
    const [a, b] = [parameters(), parameters()];
    const norm = clipGradNorm(a, 0.5);
    new SGD(a, { lr: 0.1 }).step();
    new SGD(b, { lr: 0.1 }).step({ gradScale: clipScale(norm, 0.5) });
    a.forEach((param, i) => {
      const others = b[i].dataSync();
      param.dataSync().forEach((value, j) => {
        expect(others[j]).toBeCloseTo(value, 6);
      });
    });
  });

  it.each([Number.NaN, Infinity])('returns a norm of %s and touches nothing', (bad) => {
    const params = parameters();
    params[2].grad = tensor([bad, 3]);
    expect(clipGradNorm(params, 0.1)).toBe(bad);
    expect([...params[2].grad!.dataSync()]).toEqual([bad, 3]);
    expect(clipScale(bad, 1)).toBe(1);
  });

  it('is 0 without any gradient', () => {
    expect(gradNorm([])).toBe(0);
    expect(clipGradNorm([ones([2]).requireGrad()], 1)).toBe(0);
  });

  it('refuses a bound that is not positive', () => {
    expect(() => clipGradNorm(parameters(), 0)).toThrow(/maxNorm to be greater than 0, got 0/);
    expect(() => clipGradNorm([], Number.NaN)).toThrow(/got NaN/);
  });
});

it('a norm is of parameters on one backend', () => {
  const [a, b] = [new ReferenceBackend() as Backend, new ReferenceBackend() as Backend].map(
    (backend) =>
      withBackend(backend, () => {
        const param = ones([2]).requireGrad();
        param.grad = ones([2]);
        return param;
      }),
  );
  expect(() => gradNorm([a, b])).toThrow('gradNorm: expected all parameters on one backend');
  expect(() => clipGradNorm([a, b], 1)).toThrow('expected all parameters on one backend');
  expect(gradNorm(new Map([['a', a]]))).toBeCloseTo(Math.SQRT2);
  expect(() => gradNorm(a as never)).toThrow('gradNorm: expected parameters');
  expect(() => gradNorm([1] as never)).toThrow('expected parameter 0 to be a tensor, got 1');
});
