import { describe, expect, it } from 'vitest';
import { checkOperation } from '../../../test/suites/gradcheck.suite.js';
import { crossEntropy, mseLoss, nllLoss, scope, tensor, zeros } from '../index.js';

const TARGETS = { shape: [4], values: [1, -100, 0, 2], int: true };

describe('losses made of other operations', () => {
  it('have gradients', () => {
    for (const reduction of ['mean', 'sum', 'none'] as const) {
      checkOperation({
        inputs: [[4, 3], TARGETS],
        run: (x, t) => nllLoss(x.logSoftmax(), t, { reduction }),
      });
      checkOperation({
        inputs: [
          [2, 3],
          [2, 3],
        ],
        run: (x, y) => mseLoss(x, y, { reduction }),
      });
    }
  });

  it('nllLoss of logSoftmax is crossEntropy', () => {
    checkOperation({
      inputs: [[4, 3], TARGETS],
      run: (x, t) => nllLoss(x.logSoftmax(), t).sub(crossEntropy(x, t)),
      expected: () => [0],
    });
  });

  it('nllLoss counts nothing when all is ignored, and lets no infinity through', () => {
    scope(() => {
      expect(nllLoss(zeros(2, 3), [-100, -100]).itemSync()).toBeNaN();
      const x = tensor([[-Infinity, 0]]).requireGrad();
      expect(nllLoss(x, [1], { ignoreIndex: 1, reduction: 'sum' }).itemSync()).toBe(0);
    });
  });

  it('name what does not fit', () => {
    scope(() => {
      expect(() => nllLoss(zeros(2, 3), [0, 3])).toThrow('expected indices from 0 to 2, got 3');
      expect(() => mseLoss(zeros(2, 3), zeros(3))).toThrow(
        'mseLoss: expected equal shapes, got (2, 3) and (3)',
      );
      expect(() => mseLoss(zeros(2), zeros(2), { reduction: 'max' as never })).toThrow(
        'mseLoss: expected reduction mean, sum or none, got "max"',
      );
    });
  });
});
