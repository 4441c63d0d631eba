import { describe, expect, it } from 'vitest';
import { aShape, build, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { erf } from '../../backend/reference/special.js';
import {
  GATED_LINEAR_KINDS,
  type GatedLinearKind,
  gatedLinearUnit,
  noGrad,
  ones,
  zeros,
} from '../index.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const FUNCTIONS: Record<GatedLinearKind, (x: number) => number> = {
  bilinear: (x) => x,
  glu: sigmoid,
  reglu: (x) => Math.max(x, 0),
  geglu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  gegluTanh: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
  swiglu: (x) => x * sigmoid(x),
};

describe.each(GATED_LINEAR_KINDS)('gatedLinearUnit, %s', (kind) => {
  const f = FUNCTIONS[kind];

  it('of two tensors', () => {
    property(aShape({ min: 0, max: 3 }), (shape) => {
      checkOperation({
        inputs: [shape, shape],
        draw: 'apart',
        run: (gate, up) => gatedLinearUnit(gate, up, kind),
        expected: (gate, up) => gate.map((x, i) => f(x) * up[i]),
      });
    });
  });

  it('of both halves of one', () => {
    property(aShape({ min: 1, max: 3 }), (shape) => {
      const C = shape[shape.length - 1];
      const wide = [...shape.slice(0, -1), 2 * C];
      checkOperation({
        inputs: [wide],
        draw: 'apart',
        run: (x) => {
          const y = gatedLinearUnit(x, kind);
          expect(y.shape).toEqual(shape);
          return y;
        },
        expected: (x) => {
          let i = -1;
          return build(shape, () => {
            i++;
            const at = Math.floor(i / C) * 2 * C + (i % C);
            return f(x[at]) * x[at + C];
          });
        },
      });
    });
  });
});

describe('gatedLinearUnit', () => {
  it('refuses what it cannot gate', () => {
    const x = zeros([2, 3]);
    expect(() => gatedLinearUnit(x, 'swiglu')).toThrow(
      'even number of channels, gate and up, got (2, 3)',
    );
    expect(() => gatedLinearUnit(zeros([]), 'glu')).toThrow('even number');
    expect(() => gatedLinearUnit(x, zeros([3, 2]), 'glu')).toThrow('got (2, 3) and (3, 2)');
    expect(() => gatedLinearUnit(x, x, 'swish' as never)).toThrow('bilinear, glu, reglu, geglu');
    expect(() => gatedLinearUnit(x, 'toString' as never)).toThrow('expected the kind');
    expect(() => gatedLinearUnit(x, x as never)).toThrow('expected the kind');
    expect(() => gatedLinearUnit(3 as never, x, 'glu')).toThrow('got 3');
  });

  it('notices an input that was changed in place', () => {
    const [gate, up] = [ones([2]).requireGrad(), ones([2]).requireGrad()];
    const y = gatedLinearUnit(gate, up, 'reglu');
    noGrad(() => up.fill_(2));
    expect(() => y.sum().backward()).toThrow('gatedLinearUnit needs its input 1');
  });
});
