import { describe, expect, it } from 'vitest';
import { checkOperation, exact } from '../../test/suites/gradcheck.suite.js';
import {
  apply,
  isGradEnabled,
  NoGradient,
  noGrad,
  type Operation,
  ones,
  scope,
  Tensor,
  tensor,
  watchOperations,
  withBackend,
  zeros,
} from './index.js';

const onExact = (body: () => void) => () => withBackend(exact, () => scope(body));

const gradOf = (x: Tensor) => [...x.grad!.doublesSync()];

describe('graphs', () => {
  it.each<[string, (x: Tensor, y: Tensor) => Tensor]>([
    ['a tensor used twice', (x) => x.add(x.mul(x))],
    ['a diamond', (x, y) => x.mul(y).tanh().mul(x.mul(y).exp())],
    [
      'a diamond over one node',
      (x, y) => {
        const z = x.mul(y);
        return z.tanh().mul(z).add(z);
      },
    ],
    [
      'the same gradient handed to three branches',
      (x, y) => {
        const z = x.square();
        return z.add(z).add(z).add(y).add(z);
      },
    ],
    [
      'views of a shared gradient that meet again',
      (x, y) => {
        const z = x.mul(y);
        return z.reshape(6).add(z.flatten()).reshape(3, 2).add(z.reshape(3, 2));
      },
    ],
    [
      'a long chain with a shortcut at each link',
      (x, y) => {
        let h = x;
        for (let i = 0; i < 12; i++) h = h.mul(y).tanh().add(h);
        return h;
      },
    ],
    ['a result that does not depend on every input', (x) => x.exp()],
    ['broadcasting within a diamond', (x, y) => x.sum(0, true).mul(y).add(x)],
  ])('%s', (_name, run) => {
    checkOperation({
      inputs:
        run.length === 1
          ? [[2, 3]]
          : [
              [2, 3],
              [2, 3],
            ],
      run,
    });
  });
});

describe('backward', () => {
  it(
    'adds up over several calls',
    onExact(() => {
      const x = tensor([1, 2, 3]).requireGrad();
      x.square().sum().backward();
      x.square().sum().mul(10).backward();
      expect(gradOf(x)).toEqual([22, 44, 66]);
      x.zeroGrad();
      expect(x.grad).toBeNull();
    }),
  );

  it(
    'takes a leaf as its root',
    onExact(() => {
      const x = tensor(3).requireGrad();
      x.backward();
      x.backward(tensor(2));
      expect(gradOf(x)).toEqual([3]);
    }),
  );

  it(
    'leaves the gradient it was given alone, and takes it again',
    onExact(() => {
      const x = tensor([1, 2]).requireGrad();
      const y = tensor([3, 4]).requireGrad();
      const seed = tensor([5, 6]);
      x.add(y).backward(seed);
      x.add(x).add(y).backward(seed);
      expect([...seed.doublesSync()]).toEqual([5, 6]);
      expect(gradOf(x)).toEqual([15, 18]);
      expect(gradOf(y)).toEqual([10, 12]);
      expect(new Set([x, y].map((leaf) => leaf.grad!.storage)).size).toBe(2);
    }),
  );

  it(
    'gives leaves gradients that are theirs alone',
    onExact(() => {
      const x = tensor([1]).requireGrad();
      const y = tensor([1]).requireGrad();
      x.add(y).backward();
      x.grad!.scale_(7);
      expect(gradOf(y)).toEqual([1]);
    }),
  );

  it(
    'stops at detach and within noGrad',
    onExact(() => {
      const x = tensor([2, 3]).requireGrad();
      x.mul(x.detach()).sum().backward();
      expect(gradOf(x)).toEqual([2, 3]);
      const silent = noGrad(() => {
        expect(isGradEnabled()).toBe(false);
        return x.exp();
      });
      expect(isGradEnabled()).toBe(true);
      expect(silent.requiresGrad).toBe(false);
      expect(silent.node).toBeNull();
      expect(() => noGrad(() => x.reshape(5))).toThrow();
      expect(isGradEnabled()).toBe(true);
    }),
  );

  it(
    'skips what no longer wants a gradient',
    onExact(() => {
      const x = tensor([2]).requireGrad();
      const y = tensor([3]).requireGrad();
      x.requireGrad(false);
      x.mul(y).backward();
      expect(x.grad).toBeNull();
      expect(gradOf(y)).toEqual([2]);
      const z = x.requireGrad().mul(y);
      x.requireGrad(false);
      z.backward();
      expect(x.grad).toBeNull();
    }),
  );

  it(
    'is refused a second time, without history, and with a gradient that does not fit',
    onExact(() => {
      const x = tensor([2, 3]).requireGrad();
      const loss = x.square().sum();
      loss.backward();
      expect(() => loss.backward()).toThrow(
        'backward: expected a fresh forward pass, got one whose gradients were already taken (at sum); run the forward again',
      );
      expect(() => zeros([]).backward()).toThrow(
        'backward: expected a tensor that depends on one with requiresGrad, got one without history',
      );
      expect(() => x.square().backward()).toThrow(
        'backward: expected one number (a loss) or a gradient of shape (2)',
      );
      expect(() => x.square().backward(zeros([3]))).toThrow(
        'backward: expected a gradient of float32 (2), got float32 (3)',
      );
      expect(gradOf(x)).toEqual([4, 6]);
    }),
  );

  it(
    'is refused where part of the graph was used before',
    onExact(() => {
      const x = tensor([2]).requireGrad();
      const trunk = x.square();
      trunk.exp().backward();
      expect(() => trunk.tanh().backward()).toThrow(/already taken \(at square\)/);
    }),
  );

  it(
    'frees the gradients on its way as soon as they were used',
    onExact(() => {
      const x = zeros([1000]).requireGrad();
      let h = x;
      for (let i = 0; i < 50; i++) h = h.tanh();
      const before = exact.memory;
      let most = 0;
      watchOperations(
        (_name, _output, phase) => {
          if (phase === 'backward') most = Math.max(most, exact.memory.buffers);
        },
        () => h.sum().backward(),
      );
      expect(most - before.buffers).toBeLessThanOrEqual(5);
      expect(exact.memory.buffers - before.buffers).toBeLessThanOrEqual(2 + 1); // sum, x.grad, the constant 1
    }),
  );

  it(
    'frees what it added to a gradient that was there',
    onExact(() => {
      const x = zeros([10]).requireGrad();
      const w = zeros([4, 10]).requireGrad();
      const used = () => {
        scope(() => {
          x.mul(x).add(x.exp()).sum().backward();
          w.narrow(0, 1, 2).sum().backward();
        });
        return exact.memory.buffers;
      };
      const once = used();
      expect(used()).toBe(once);
      expect(used()).toBe(once);
    }),
  );
});

describe('operations of one’s own', () => {
  const cube: Operation<readonly [Tensor], null> = {
    name: 'cube',
    forward(_context, [x]) {
      return noGrad(() => x.mul(x).mul(x));
    },
    backward({ inputs: [x] }, dy) {
      return [x.square().mul(3).mul(dy)];
    },
  };

  it('are applied like the built-in ones', () => {
    checkOperation({
      inputs: [[2, 3]],
      run: (x) => apply(cube, [x], null).tanh(),
      expected: (x) => x.map((v) => Math.tanh(v ** 3)),
    });
  });

  it('leave no history where they have no gradient, and say why', () => {
    scope(() => {
      const sign: Operation<readonly [Tensor], null> = {
        name: 'sign',
        forward: (_context, [x]) => x.clone(),
        backward: new NoGradient('it is constant wherever it has one'),
      };
      const y = apply(sign, [ones([2]).requireGrad()], null);
      expect(y.requiresGrad).toBe(false);
      expect(sign.backward).toMatchObject({ reason: 'it is constant wherever it has one' });
    });
  });

  it('are told when their gradient has the wrong shape', () => {
    scope(() => {
      const wrong: Operation<readonly [Tensor], null> = {
        name: 'wrong',
        forward: (_context, [x]) => x.clone(),
        backward: (_context, dy) => [dy.reshape(1, 2)],
      };
      const y = apply(wrong, [ones([2]).requireGrad()], null);
      expect(() => y.backward(ones([2]))).toThrow(
        'wrong (backward): expected a gradient of shape (2), got (1, 2)',
      );
    });
  });

  it('leave the tape as it was when they fail', () => {
    scope(() => {
      const failing: Operation<readonly [Tensor], null> = {
        name: 'failing',
        forward: (_context, [x]) => x.clone(),
        backward() {
          throw new Error('no luck');
        },
      };
      const x = ones([2]).requireGrad();
      expect(() => apply(failing, [x], null).sum().backward()).toThrow('no luck');
      expect(isGradEnabled()).toBe(true);
      x.square().sum().backward();
      expect([...x.grad!.dataSync()]).toEqual([2, 2]);
    });
  });
});

describe('watchOperations', () => {
  it('sees every result, forward and backward, with its place on the tape', () => {
    scope(() => {
      const x = ones([2]).requireGrad();
      const seen: string[] = [];
      watchOperations(
        (name, output, phase, node) => {
          expect(output).toBeInstanceOf(Tensor);
          expect(node?.name).toBe(name);
          seen.push(`${phase} ${name}`);
        },
        () => x.exp().sum().backward(),
      );
      x.exp();
      expect(seen).toEqual(['forward exp', 'forward sum', 'backward sum', 'backward exp']);
    });
  });
});
