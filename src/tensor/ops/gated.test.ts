import { describe, expect, it } from 'vitest';
import { aShape, build, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { gatedActivation, zeros } from '../index.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe.each(['tanh', 'linear'] as const)('gatedActivation, %s', (gate) => {
  it('lets one half through as far as the other says, and its gradient is its slope', () => {
    property(aShape({ min: 1, max: 3 }), (shape) => {
      const wide = [...shape.slice(0, -1), 2 * shape[shape.length - 1]];
      const C = shape[shape.length - 1];
      checkOperation({
        inputs: [wide],
        run: (x) => {
          const y = gatedActivation(x, gate);
          expect(y.shape).toEqual(shape);
          return y;
        },
        expected: (x) => {
          let row = 0;
          return build(shape, (index) => {
            const c = index[index.length - 1];
            const [a, b] = [x[row * 2 * C + c], x[row * 2 * C + C + c]];
            if (c === C - 1) row++;
            return (gate === 'tanh' ? Math.tanh(a) : a) * sigmoid(b);
          });
        },
      });
    });
  });
});

describe('gatedActivation', () => {
  it('refuses channels that have no halves', () => {
    expect(() => gatedActivation(zeros([2, 3]))).toThrow(
      'expected an even number of channels, got (2, 3)',
    );
    expect(() => gatedActivation(zeros([]))).toThrow('even number');
  });
});
