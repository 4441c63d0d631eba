/** Mistakes that would pass in silence elsewhere: each is named, and none ends the process. */
import { describe, expect, it } from 'vitest';
import {
  AdamW,
  crossEntropy,
  embedding,
  empty,
  Linear,
  linear,
  Module,
  manualSeed,
  noGrad,
  ones,
  rand,
  randn,
  SGD,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../src/index.js';

describe('parameters', () => {
  it('and cannot be walked is named by the optimizer whose step would pass it over', () => {
    class Hidden extends Module {
      readonly seen = new Linear(2, 2);
      readonly #unseen = new Linear(2, 2, { bias: false });
      override forward(x: Tensor): Tensor {
        return this.#unseen.forward(this.seen.forward(x));
      }
      freeze(): void {
        this.#unseen.requireGrad(false);
        this.#unseen.zeroGrad();
      }
    }
    const model = new Hidden();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    scope(() =>
      model
        .forward(ones([1, 2]))
        .sum()
        .backward(),
    );
    expect(() => optimizer.step()).toThrow('SGD: a parameter (2, 2) got a gradient, but no module');
    model.freeze();
    optimizer.step();
  });
});

describe('changes in place', () => {
  const x = () => tensor([1, 2, 3]).requireGrad();

  it('to what a backward still needs are named', () => {
    const a = x();
    const b = x();
    const product = a.mul(b);
    a.copy_([4, 5, 6]);
    expect(() => product.sum().backward()).toThrow(
      'backward: the gradient of mul needs its input 0, float32 (3), as it was in the forward, but it was changed in place since',
    );
    const e = a.exp();
    const loss = e.sum();
    noGrad(() => e.fill_(0));
    expect(() => loss.backward()).toThrow('the gradient of exp needs its result');
  });

  it('to ids are seen, which once ended the process', () => {
    const table = randn([5, 3]).requireGrad();
    const ids = tensor(Int32Array.of(1, 2));
    const loss = embedding(table, ids).sum();
    ids.fill_(1_000_000);
    expect(() => loss.backward()).toThrow('the gradient of embedding needs its input 1');
  });

  it('by an optimizer between forward and backward are seen', () => {
    const layer = new Linear(3, 2);
    const optimizer = new AdamW(layer.parameters(), { lr: 0.1 });
    const input = x();
    layer.forward(input).sum().backward();
    const late = layer.forward(input).sum();
    optimizer.step();
    expect(() => late.backward()).toThrow('the gradient of linear needs its input 1');
  });

  it('to what no backward needs are nobody’s business', () => {
    const a = x();
    const b = tensor([1, 1, 1]);
    const sum = a.add(b).sum();
    b.fill_(7);
    noGrad(() => a.fill_(7));
    sum.backward();
    expect([...a.grad!.dataSync()]).toEqual([1, 1, 1]);
    // Only a wants a gradient: that of mul needs b, and not a.
    const product = a.mul(b).sum();
    a.fill_(1);
    product.backward();
    expect([...a.grad!.dataSync()]).toEqual([8, 8, 8]);
  });

  it('to a result with a history are refused, unless within noGrad', () => {
    const y = x().mul(2);
    for (const change of [
      () => y.fill_(0),
      () => y.copy_([1, 2, 3]),
      () => y.scale_(2),
      () => y.addScaled_(ones([3]), 1),
    ]) {
      expect(change).toThrow('expected a tensor without history, got the result of mul');
      noGrad(change);
    }
    expect([...y.detach().fill_(3).dataSync()]).toEqual([3, 3, 3]);
  });

  it('between views that overlap are as if the source had been copied first', () => {
    const line = () => tensor([1, 2, 3, 4, 5, 6]);
    const a = line();
    a.narrow(0, 1, 5).copy_(a.narrow(0, 0, 5));
    expect([...a.dataSync()]).toEqual([1, 1, 2, 3, 4, 5]);
    const b = line();
    b.narrow(0, 0, 5).addScaled_(b.narrow(0, 1, 5), 10);
    expect([...b.dataSync()]).toEqual([21, 32, 43, 54, 65, 6]);
    const long = tensor(Float32Array.from({ length: 200_000 }, (_, i) => i));
    long.narrow(0, 1, 199_999).copy_(long.narrow(0, 0, 199_999));
    expect(long.narrow(0, 199_990, 10).dataSync()[9]).toBe(199_998);
  });
});

describe('shapes', () => {
  it('are the tensor’s own: the caller’s array may change', () => {
    const shape = [2, 3];
    const made = [zeros(shape), empty(shape), randn(shape), rand(shape)];
    const moved = [ones([6]).reshape(...shape), ones([1, 3]).expand(...shape)];
    shape[0] = 1e8;
    for (const x of [...made, ...moved]) expect(x.shape).toEqual([2, 3]);
    made[0].sum();
  });

  it('of a view are checked', () => {
    expect(() => zeros([4]).view(1e9)).toThrow('expected a shape of 4 elements');
    expect(() => zeros([4]).alias([1e9])).toThrow('within the 4 elements of its memory');
    expect(() => zeros([4]).alias([2], 3)).toThrow('within the 4 elements of its memory');
    expect(() => zeros([1e9, 1e9])).toThrow('out of memory');
  });

  it('with a size of zero train beside others', () => {
    const table = zeros([0, 3]).requireGrad();
    const w = ones([2]).requireGrad();
    scope(() => {
      embedding(table, zeros([0], 'int32'))
        .sum()
        .add(w.sum())
        .backward();
    });
    new SGD([table, w], { lr: 0.5 }).step();
    expect([...w.dataSync()]).toEqual([0.5, 0.5]);
  });
});

describe('values', () => {
  it('that int32 cannot hold are refused, and so is what is no number', () => {
    const whole = 'expected whole numbers from -2147483648 to 2147483647 for int32, got';
    expect(() => tensor([3e9], { dtype: 'int32' })).toThrow(
      `tensor: ${whole} 3000000000 at position 0`,
    );
    expect(() => tensor([1, Number.NaN], { dtype: 'int32' })).toThrow(`${whole} NaN at position 1`);
    expect(() => tensor([1.5], { dtype: 'int32' })).toThrow(`${whole} 1.5`);
    expect(() => tensor(Uint32Array.of(4e9))).toThrow(`${whole} 4000000000`);
    expect(() => zeros([1], 'int32').fill_(0.5)).toThrow(`fill_: ${whole} 0.5`);
    expect(() => zeros([1], 'int32').copy_([2 ** 31])).toThrow(`copy_: ${whole} 2147483648`);
    expect(() => tensor(['1'] as never)).toThrow(
      'tensor: expected numbers in nested arrays, got "1"',
    );
    expect(() => tensor('12' as never)).toThrow('got "12"');
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => tensor(loop as never)).toThrow('at most 64 nested arrays');
    expect(() => zeros([1]).copy_(['1'] as never)).toThrow(
      'copy_: expected a number, got "1" at position 0',
    );
  });

  it('are taken from arrays where ids are meant', () => {
    scope(() => {
      const logits = randn([2, 5]);
      expect(crossEntropy(logits, [0, 1]).itemSync()).toBe(
        crossEntropy(logits, tensor(Int32Array.of(0, 1))).itemSync(),
      );
      expect(
        embedding(randn([5, 3]), [
          [0, 1],
          [2, 4],
        ]).shape,
      ).toEqual([2, 2, 3]);
      expect(() => crossEntropy(logits, [0, 9])).toThrow(
        'expected targets from 0 to 4, got 9 at position 1',
      );
      expect(() => crossEntropy(logits, [0, 0.5])).toThrow('got 0.5 at position 1');
      expect(() => crossEntropy(logits, '01' as never)).toThrow(
        'crossEntropy: expected int32 indices, a tensor or an array, got "01"',
      );
      expect(() => crossEntropy([0, 1] as never, [0])).toThrow(
        'expected a tensor, got an array of 2',
      );
      expect(() => linear(null as never, logits)).toThrow('linear: expected a tensor, got null');
    });
  });
});

describe('digits', () => {
  it('of the cross-entropy’s gradient survive large logits', () => {
    for (const size of [0, 1e3, 1e5, 1e8]) {
      scope(() => {
        const logits = tensor([[size, size]]).requireGrad();
        crossEntropy(logits, [0]).backward();
        expect([...logits.grad!.dataSync()]).toEqual([-0.5, 0.5]);
      });
    }
  });

  it('of a division by a number are those of the division', () => {
    scope(() => {
      const values = Float32Array.from({ length: 1000 }, (_, i) => i + 1);
      for (const n of [3, 7, 41, 49, 0.1, -5, 8, 0.25, 1e-40, Number.POSITIVE_INFINITY]) {
        const quotients = tensor(values).div(n).dataSync();
        const divisor = Math.fround(n);
        expect([...quotients]).toEqual([...values].map((v) => Math.fround(v / divisor)));
      }
    });
  });

  it('of clone’s gradient are those of its copy', () => {
    manualSeed(1);
    const w = randn([3]).requireGrad();
    w.clone().mul(2).sum().backward();
    expect([...w.grad!.dataSync()]).toEqual([2, 2, 2]);
  });
});
