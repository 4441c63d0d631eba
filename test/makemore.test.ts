/** The study of makemore: each rung is what was published. */
import { describe, expect, it } from 'vitest';
import { LADDER, start } from '../studies/makemore.js';

describe('the ladder', () => {
  it('has the published models', () => {
    const counts = LADDER.map((rung) => {
      using model = start(rung, 27, 0);
      return model.parameterCount();
    });
    expect(counts).toEqual([11_897, 11_897, 11_897, 11_897, 12_097, 22_097, 22_397, 76_579]);
  });

  it('starts its first rung from N(0, 1), and its fourth from 5/3 over the root of the inputs', () => {
    const spread = (rung: number) => {
      using model = start(LADDER[rung], 27, 0);
      return Object.fromEntries(
        [...model.namedParameters()].map(([path, parameter]) => {
          const values = parameter.doublesSync();
          return [path, Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length)];
        }),
      );
    };
    for (const std of Object.values(spread(0))) expect(Math.abs(std - 1)).toBeLessThan(0.25);
    const kaiming = spread(3);
    expect(kaiming['hidden.0.linear.weight']).toBeCloseTo(5 / 3 / Math.sqrt(30), 1);
    expect(kaiming['hidden.0.linear.bias']).toBeCloseTo(0.01, 2);
    expect(kaiming['output.weight']).toBeCloseTo(0.01, 2);
    expect(kaiming['output.bias']).toBe(0);
  });
});
