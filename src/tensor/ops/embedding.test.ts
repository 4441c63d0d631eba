import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { numel } from '../../util/shape.js';
import { embedding, linear, scope, type Tensor, tensor, zeros } from '../index.js';

const drawn = fc
  .record({
    lead: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    vocab: fc.constantFrom(1, 2, 5, 33),
    width: fc.constantFrom(1, 3, 17),
    seed: fc.nat(),
  })
  .chain((d) => {
    const rows = numel(d.lead);
    return fc
      .array(fc.nat({ max: d.vocab - 1 }), { minLength: rows, maxLength: rows })
      .map((ids) => ({ ...d, ids }));
  });

const ids = (...values: number[]) => ({ shape: [values.length], values, int: true });

describe('embedding', () => {
  it('looks rows up, repeated ids and ids of any shape', () => {
    property(drawn, ({ lead, vocab, width, ids, seed }) =>
      checkOperation({
        inputs: [[vocab, width], { shape: lead, values: ids, int: true }],
        run: embedding,
        expected: (w) => ids.flatMap((id) => w.slice(id * width, (id + 1) * width)),
        seed,
      }),
    );
  });

  it('shares its weight with a linear layer, whichever comes first', () => {
    const run = (w: Tensor, i: Tensor) => linear(embedding(w, i).tanh(), w);
    checkOperation({ inputs: [[5, 3], ids(0, 3, 3, 1)], run });
    checkOperation({
      inputs: [[5, 3], ids(0, 3, 3, 1), [4, 3]],
      run: (w, i, x) => linear(x, w).sum().add(embedding(w, i).square().sum()),
    });
    checkOperation({
      inputs: [[5, 3], ids(0, 3, 3, 1), [4, 3]],
      run: (w, i, x) => embedding(w, i).square().sum().add(linear(x, w).sum()),
    });
  });

  it('is used twice', () => {
    checkOperation({
      inputs: [[5, 3], ids(4, 3), ids(3, 0)],
      run: (w, a, b) => embedding(w, a).mul(embedding(w, b)),
    });
  });

  it('takes a weight that was itself computed', () => {
    checkOperation({
      inputs: [[5, 3], ids(4, 3, 4)],
      run: (w, i) => embedding(w.mul(w), i),
    });
    checkOperation({
      inputs: [[5, 3], ids(4, 3, 4)],
      run: (w, i) => {
        const table = w.exp();
        return embedding(table, i).sum().add(table.square().sum());
      },
    });
  });

  it('has a gradient by rows, until a dense one is asked for or meets it', () => {
    scope(() => {
      const w = zeros([6, 2]).requireGrad();
      const i = tensor(Int32Array.of(4, 1, 4));
      embedding(w, i).sum().backward();
      const rows = w.rowGrad!;
      expect(rows.rowCount).toBe(2);
      expect([...rows.rows.dataSync().slice(0, 2)]).toEqual([1, 4]);
      expect([...rows.values.dataSync().slice(0, 4)]).toEqual([1, 1, 2, 2]);
      expect(w.hasGrad).toBe(true);
      const dense = [0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0];
      expect([...w.grad!.dataSync()]).toEqual(dense);
      expect(w.rowGrad).toBeNull();
      embedding(w, i).sum().backward();
      expect([...w.grad!.dataSync()]).toEqual(dense.map((v) => 2 * v));
      w.zeroGrad();
      expect(w.hasGrad).toBe(false);
      embedding(w, i).sum().backward();
      embedding(w, i).sum().backward();
      expect([...w.grad!.dataSync()]).toEqual(dense.map((v) => 2 * v));
      expect(rows.values.storage.isFreed).toBe(true);
    });
  });

  it('is right over many rows', () => {
    const many = Array.from({ length: 3000 }, (_, i) => (i * i) % 97);
    checkOperation({ inputs: [[97, 9], ids(...many)], run: embedding, tolerance: 1e-4 });
  });

  it('names what does not fit', () => {
    scope(() => {
      const w = zeros([5, 3]);
      expect(() => embedding(w, tensor(Int32Array.of(0, 5, 9)))).toThrow(
        'embedding: expected ids from 0 to 4, got 5 at position 1',
      );
      expect(() => embedding(w, tensor([-1], { dtype: 'int32' }))).toThrow(
        'embedding: expected ids from 0 to 4, got -1 at position 0',
      );
      expect(() => embedding(w, zeros([2]))).toThrow(
        'embedding: expected int32 indices, got float32 of shape (2)',
      );
      expect(() => embedding(zeros([5]), tensor(Int32Array.of(0)))).toThrow(
        'embedding: expected weight (vocabulary, channels), got (5)',
      );
      expect(() => embedding(zeros([5, 3], 'int32'), tensor(Int32Array.of(0)))).toThrow(
        'embedding: expected a float32 tensor, got int32 of shape (5, 3)',
      );
    });
  });
});
