import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../backend/index.js';
import {
  embedding,
  noGrad,
  ones,
  Scope,
  scope,
  type Tensor,
  tensor,
  topk,
  withBackend,
  zeros,
} from './index.js';
import { currentScope } from './scope.js';

/** Runs `body` on a backend of its own, whose memory nobody else uses. */
function alone(body: (backend: ReferenceBackend) => void): void {
  const backend = new ReferenceBackend();
  withBackend(backend, () => body(backend));
}

describe('scope', () => {
  it('frees what is made in it, and keeps what it returns', () => {
    alone((backend) => {
      const kept = scope(() => {
        zeros([3]);
        return ones([2]).add(1);
      });
      expect(backend.memory.buffers).toBe(0); // it is the collector's now
      expect([...kept.dataSync()]).toEqual([2, 2]);
      kept.dispose();
      kept.dispose(); // twice does nothing
      expect(backend.memory.buffers).toBe(0);
    });
  });

  it('keeps arrays and plain objects of tensors, nested', () => {
    alone((backend) => {
      scope(() => {
        const [[a, [b]], { values, indices }, n] = scope(
          () => [[ones([1]), [ones([2])]], topk(tensor([3, 1, 2]), 2), 5] as const,
        );
        expect(backend.memory.buffers).toBe(4);
        expect(a.numel + b.numel + n).toBe(8);
        expect([...values.dataSync(), ...indices.dataSync()]).toEqual([3, 2, 0, 2]);
      });
      expect(backend.memory.buffers).toBe(0);
    });
  });

  it('keeps the memory of a view that it returns', () => {
    alone((backend) => {
      scope(() => {
        const row = scope(() =>
          tensor([
            [1, 2],
            [3, 4],
          ])
            .narrow(0, 1, 1)
            .reshape(2),
        );
        expect([...row.dataSync()]).toEqual([3, 4]);
      });
      expect(backend.memory.buffers).toBe(0);
    });
  });

  it('leaves alone what was made outside, and what is retained', () => {
    alone((backend) => {
      const outside = ones([1]);
      const retained = scope(() => {
        outside.reshape(1);
        const x = zeros([1]).retain();
        return { toString: () => x.toString(), x };
      });
      expect(retained.x.storage.scope).toBeNull();
      expect(outside.itemSync() + retained.x.itemSync()).toBe(1);
      expect(backend.memory.buffers).toBe(1);
      retained.x.dispose();
      expect(backend.memory.buffers).toBe(0);
    });
  });

  it('closes when its body throws', () => {
    alone((backend) => {
      expect(() =>
        scope(() => {
          zeros([1]);
          throw new Error('no luck');
        }),
      ).toThrow('no luck');
      expect(backend.memory.buffers).toBe(0);
      expect(currentScope()).toBeNull();
    });
  });

  it('refuses a promise, and what that goes on to do harms nobody', async () => {
    const backend = new ReferenceBackend();
    expect(() =>
      withBackend(backend, () =>
        scope(async () => {
          const x = zeros([1]);
          await Promise.resolve();
          return x.itemSync();
        }),
      ),
    ).toThrow('scope: expected synchronous code, got a promise; read values back after the scope');
    await new Promise((resolve) => setTimeout(resolve, 5)); // an unhandled rejection would fail the run
    expect(backend.memory.buffers).toBe(0);
    expect(currentScope()).toBeNull();
  });

  it('says so when a tensor is used after it closed', () => {
    alone(() => {
      let x!: Tensor;
      let loss!: Tensor;
      const w = ones([2]).requireGrad();
      scope(() => {
        x = ones([2, 3]);
      });
      const message =
        'tensor (2, 3): its memory was freed, by dispose() or when its scope closed; return it from the scope, or retain() it';
      expect(() => x.add(1)).toThrow(message);
      expect(() => x.dataSync()).toThrow(message);
      expect(() => x.fill_(1)).toThrow(message);
      loss = scope(() => w.mul(w).sum()); // the product is gone with its scope
      expect(() => {
        scope(() => w.exp().mul(loss.reshape(1)).sum()).backward();
      }).toThrow(/tensor \(\d*\): its memory was freed, by dispose\(\) or when its scope closed/);
    });
  });
});

describe('Scope', () => {
  it('nests, and closes in any order', () => {
    alone((backend) => {
      const outer = new Scope();
      const a = zeros([1]);
      const inner = new Scope();
      const b = zeros([1]);
      outer.close();
      expect([a.storage.isFreed, b.storage.isFreed]).toEqual([true, false]);
      expect(currentScope()).toBe(inner);
      inner.close();
      inner.close();
      expect(b.storage.isFreed).toBe(true);
      expect(currentScope()).toBeNull();
      expect(backend.memory.buffers).toBe(0);
    });
  });

  it('works with using', () => {
    alone((backend) => {
      {
        using _step = new Scope();
        zeros([1]);
        expect(backend.memory.buffers).toBe(1);
      }
      expect(backend.memory.buffers).toBe(0);
    });
  });
});

describe('gradients', () => {
  it('live as long as their tensors: beyond the scope for those outside, in it for those inside', () => {
    alone((backend) => {
      const w = ones([4, 2]).retain().requireGrad();
      const b = ones([2]).retain().requireGrad();
      const ids = tensor(Int32Array.of(1, 1));
      const step = () =>
        scope(() => {
          const inside = ones([2]).requireGrad();
          embedding(w, ids).mul(b).add(inside).sum().backward();
          expect(inside.grad!.storage.isFreed).toBe(false);
        });
      const before = backend.memory.buffers;
      step();
      // Rows and values for w, one for b, and the constant 1.
      expect(backend.memory.buffers - before).toBe(4);
      expect([...b.grad!.dataSync()]).toEqual([2, 2]);
      w.zeroGrad();
      b.zeroGrad();
      expect(backend.memory.buffers - before).toBe(1);
      step();
      step(); // w's becomes dense
      expect(backend.memory.buffers - before).toBe(3);
    });
  });

  it('leave a scope with their tensors, and stay with them when these are retained', () => {
    alone((backend) => {
      const made = () => {
        const w = ones([2]).requireGrad();
        w.mul(3).sum().backward();
        return w;
      };
      const returned = scope(made);
      const { nested } = scope(() => scope(() => ({ nested: [made()] })));
      const retained = scope(() => {
        const w = made().retain();
        return () => w;
      })();
      for (const w of [returned, nested[0], retained]) {
        expect([...w.grad!.dataSync()]).toEqual([3, 3]);
      }
      expect(backend.memory.buffers).toBe(3); // of the retained one, its gradient, and the constant 1
    });
  });

  it('stay valid for those who hold them when they are dropped', () => {
    alone((backend) => {
      for (const place of [(x: Tensor) => x, (x: Tensor) => x.retain()]) {
        const w = place(ones([2])).requireGrad();
        const before = backend.memory.buffers;
        w.mul(3).sum().backward();
        const held = w.grad!;
        w.zeroGrad();
        expect(w.grad).toBeNull();
        expect([...held.dataSync()]).toEqual([3, 3]);
        w.mul(4).sum().backward();
        expect([...held.dataSync(), ...w.grad!.dataSync()]).toEqual([3, 3, 4, 4]);
        w.grad = ones([2]).mul(5);
        const set = w.grad!;
        w.grad = null;
        expect([...set.dataSync()]).toEqual([5, 5]);
        expect(backend.memory.buffers - before).toBeLessThanOrEqual(1); // the constant 1
      }
    });
  });

  it('are refused when they are of another shape, type or backend', () => {
    const w = ones([2]).requireGrad();
    const wrong = [
      zeros([3]),
      zeros([2], 'int32'),
      withBackend(new ReferenceBackend(), () => zeros([2])),
    ];
    for (const gradient of [...wrong, [1, 2], 'x', {}]) {
      expect(() => {
        w.grad = gradient as Tensor;
      }).toThrow('grad: expected a gradient of float32 (2)'.slice(0, 25));
      expect(() => w.mul(2).backward(gradient as Tensor)).toThrow('backward: expected a gradient');
    }
  });

  it('can be set: taken over from this scope, copied from elsewhere', () => {
    alone((backend) => {
      const x = ones([2]).requireGrad();
      const other = ones([2]);
      const before = backend.memory.buffers;
      scope(() => {
        const fresh = ones([2]).mul(3);
        x.grad = fresh;
        expect(x.grad).toBe(fresh);
      });
      expect([...x.grad!.dataSync()]).toEqual([3, 3]);
      x.grad = other;
      expect(x.grad).not.toBe(other);
      const own = x.grad;
      x.grad = own;
      expect([...x.grad!.dataSync()]).toEqual([1, 1]);
      noGrad(() =>
        scope(() => {
          x.grad = x.grad!.mul(2);
        }),
      );
      expect([...x.grad!.dataSync()]).toEqual([2, 2]);
      x.grad = null;
      expect(backend.memory.buffers).toBe(before);
      expect(() => {
        x.grad = zeros([3]);
      }).toThrow('grad: expected a gradient of float32 (2), got float32 (3)');
    });
  });
});

describe('the net below', () => {
  it('catches what was retained and dropped, gradients included', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const backend = new ReferenceBackend();
    let kept: Tensor | null = null;
    withBackend(backend, () => {
      const w = ones([3, 2]).retain().requireGrad();
      const b = ones([2]).retain().requireGrad();
      const ids = tensor(Int32Array.of(2)).retain();
      scope(() => embedding(w, ids).mul(b).sum().backward());
      kept = b.grad; // outlives b
    });
    expect(backend.memory.buffers).toBe(7); // w, b, ids, two for w's gradient, b's, the constant 1
    for (let i = 0; i < 50 && backend.memory.buffers > 1; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(backend.memory.buffers).toBe(1); // the constant 1; the collector has the gradient that is held
    expect([...(kept as Tensor | null)!.dataSync()]).toEqual([1, 1]);
  });
});
