import { describe, expect, it } from 'vitest';
import { checkOperation } from '../../../test/suites/gradcheck.suite.js';
import { einsum, matmul, scope, zeros } from '../index.js';

describe('einsum', () => {
  it.each<[string, number[][]]>([
    [
      'ij,jk->ik',
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'ij,jk->ki',
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'bij,bjk->bik',
      [
        [2, 3, 2],
        [2, 2, 4],
      ],
    ],
    [
      'bhqd,bhkd->bhqk',
      [
        [2, 2, 3, 2],
        [2, 2, 4, 2],
      ],
    ],
    ['i,i->', [[3], [3]]],
    ['i,j->ij', [[3], [2]]],
    ['ijk->k', [[2, 3, 4]]],
    ['ii->i', [[3, 3]]],
    [
      'iij,jkk->i',
      [
        [2, 2, 3],
        [3, 2, 2],
      ],
    ],
    [
      'ij,ij,ij->j',
      [
        [2, 3],
        [2, 3],
        [2, 3],
      ],
    ],
    [
      'ij,kl->',
      [
        [2, 3],
        [2, 2],
      ],
    ],
    [
      '...ij,jk->...ik',
      [
        [2, 2, 3, 2],
        [2, 3],
      ],
    ],
    ['...,...->...', [[2, 1], [3]]],
    [
      'b...d,...d->b',
      [
        [2, 3, 2],
        [3, 2],
      ],
    ],
    [
      'ij,jk->ik',
      [
        [0, 3],
        [3, 4],
      ],
    ],
    [
      'ij,jk->ik',
      [
        [2, 0],
        [0, 4],
      ],
    ],
  ])('%s of %j, and its gradients', (equation, shapes) => {
    checkOperation({ inputs: shapes, run: (...x) => einsum(equation, ...x) });
  });

  it('names what does not fit', () => {
    scope(() => {
      const x = zeros(2, 3);
      expect(() => einsum('ij,jk->ik', x)).toThrow(
        'as many operands as "ij,jk->ik" names (2), got 1',
      );
      expect(() => einsum('ijk->i', x)).toThrow(
        'a dimension for each letter of "ijk" in "ijk->i", got (2, 3)',
      );
      expect(() => einsum('ij,jk->ik', x, x)).toThrow(
        'einsum: expected one size for "j" in "ij,jk->ik", got 3 and 2',
      );
      expect(() => einsum('ii->i', x)).toThrow('one size for "i" in "ii->i", got 2 and 3');
      expect(() => einsum('ij->ik', x)).toThrow('got "k" in "ij->ik"');
      expect(() => einsum('i1->i', x)).toThrow('expected letters and at most one "..."');
      expect(() => einsum('ij,jk->ik', x, zeros(1, 4))).toThrow('one size for "j"');
    });
  });
});

describe('matmul', () => {
  it('takes vectors, and batches that stretch', () => {
    for (const [a, b] of [
      [[3], [3]],
      [[3], [3, 2]],
      [[3], [2, 3, 2]],
      [[2, 3], [3]],
      [[2, 2, 3], [3]],
      [
        [2, 1, 2, 3],
        [4, 3, 2],
      ],
      [
        [1, 2, 3],
        [4, 3, 2],
      ],
      [[0], [0]],
    ]) {
      checkOperation({ inputs: [a, b], run: matmul });
    }
  });
});
