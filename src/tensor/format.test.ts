import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  manualSeed,
  mul,
  randn,
  Scope,
  softplus,
  sub,
  type Tensor,
  tensor,
  zeros,
} from './index.js';

describe('a tensor as text', () => {
  let all: Scope;
  beforeAll(() => {
    all = new Scope();
  });
  afterAll(() => all.close());

  // Each as PyTorch 1.13 prints it, but for the shape and the words of the gradient.
  it('has its values rounded and aligned', () => {
    const cases: [ReturnType<typeof tensor>, string][] = [
      [tensor(3.25678), 'tensor(3.2568)'],
      [tensor([1, 2, 3]), 'tensor([1., 2., 3.], shape (3))'],
      [tensor([Number.NaN, 1, -Infinity]), 'tensor([ nan,   1., -inf], shape (3))'],
      [tensor([1e-5, 1]), 'tensor([1.0000e-05, 1.0000e+00], shape (2))'],
      [tensor([1e9, 1]), 'tensor([1.0000e+09, 1.0000e+00], shape (2))'],
      [tensor([0, -0]), 'tensor([ 0., -0.], shape (2))'],
      [tensor(Int32Array.of(3, -10)), 'tensor([  3, -10], shape (2), int32)'],
      [tensor([true, false]), 'tensor([ true, false], shape (2), bool)'],
      [zeros([0, 3]), 'tensor([], shape (0, 3))'],
      [zeros([2, 0]), 'tensor([], shape (2, 0))'],
    ];
    for (const [x, text] of cases) expect(String(x)).toBe(text);
    expect(
      `${tensor([
        [1.5, -2],
        [100, 0.25],
      ])}`,
    ).toBe('tensor([[  1.5000,  -2.0000],\n        [100.0000,   0.2500]], shape (2, 2))');
  });

  it('says where its gradient comes from, and that it was freed', () => {
    const x = tensor([1, 2]).requireGrad();
    expect(String(x)).toBe('tensor([1., 2.], shape (2), requires gradient)');
    expect(String(x.exp())).toBe('tensor([2.7183, 7.3891], shape (2), gradient from exp)');
    const gone = zeros([2]);
    gone.dispose();
    expect(String(gone)).toBe('tensor(freed, shape (2))');
  });

  it.each<[string, (x: Tensor) => Tensor]>([
    ['add', (x) => x.add(1)],
    ['add', (x) => add(1, x)],
    ['sub', (x) => x.sub(1)],
    ['sub', (x) => sub(1, x)],
    ['mul', (x) => x.mul(3)],
    ['mul', (x) => mul(0.5, x)],
    ['div', (x) => x.div(2)],
    ['div', (x) => x.div(3)],
    ['softplus', (x) => softplus(x, 2)],
  ])('calls %s with a number what was typed', (name, f) => {
    expect(String(f(tensor([1, 2]).requireGrad()))).toContain(`gradient from ${name})`);
  });

  it('shows the ends of what is long, and reads no more than these', () => {
    expect(String(zeros([2000]))).toBe('tensor([0., 0., 0., …, 0., 0., 0.], shape (2000))');
    const matrix = String(zeros([40, 50]));
    expect(matrix.split('\n')).toHaveLength(7);
    expect(matrix).toContain('[0., 0., 0., …, 0., 0., 0.],\n        …,\n        [0.');
    expect(String(zeros([3, 100, 2, 5]))).toContain(']],\n\n         …,\n\n         [[');
    const large = zeros([3000, 3000]);
    const began = performance.now();
    for (let i = 0; i < 100; i++) String(large);
    expect(performance.now() - began).toBeLessThan(5000); // all of it would be 3.6 GB to read
  });

  it('is what the prompt shows, and JSON has its values', () => {
    manualSeed(1);
    const x = randn([2, 2]);
    expect(inspect(x)).toBe(String(x));
    expect(inspect({ x: [x] })).not.toMatch(/pointer|backend|storage/);
    expect([...tensor(JSON.parse(JSON.stringify(x))).dataSync()]).toEqual([...x.dataSync()]);
    expect(JSON.stringify({ n: tensor(2) })).toBe('{"n":2}');
  });

  it('wraps long rows at 80 columns', () => {
    for (const line of String(randn([3, 100])).split('\n'))
      expect(line.length).toBeLessThanOrEqual(96);
    expect(String(randn([40])).split('\n').length).toBe(5);
  });
});
