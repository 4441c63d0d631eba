/** The study of makemore: each rung is what was published, and a short climb gives a whole report. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LADDER, makemore, start } from '../studies/makemore.js';

afterEach(() => vi.restoreAllMocks());

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

describe('makemore', () => {
  it('refuses what it does not know', async () => {
    await expect(makemore(['--only', 'Transformer'])).rejects.toThrow(/There are: MLP; fixed/);
    await expect(makemore(['--seeds', '0'])).rejects.toThrow('--seeds 0: expected a whole number');
  });

  it.skipIf(!process.env['NANOGPT_DATA_DIR'])(
    'reports its rungs (skipped where NANOGPT_DATA_DIR is not set)',
    async () => {
      const lines: string[] = [];
      vi.spyOn(console, 'log').mockImplementation((text) => void lines.push(String(text)));
      const only = 'fixed softmax,hierarchical 22k';
      await makemore(['--json', '--steps', '40', '--seeds', '2', '--only', only]);
      expect(lines).toHaveLength(1);
      const { rungs } = JSON.parse(lines[0]);
      expect(rungs.map(({ name }: { name: string }) => name)).toEqual(only.split(','));
      for (const { train, validation, seeds, published } of rungs) {
        for (const loss of [train, validation]) {
          expect(loss).toBeGreaterThan(published.validation);
          expect(loss).toBeLessThan(Math.log(27) + 0.3);
        }
        expect((seeds[0].validation + seeds[1].validation) / 2).toBeCloseTo(validation, 12);
        expect(seeds[0].validation).not.toBe(seeds[1].validation);
      }
    },
  );
});
