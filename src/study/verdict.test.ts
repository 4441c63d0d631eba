/** The rule: where the interval lies decides, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { FinishedRun } from './results.js';
import type { Check } from './study.js';
import { findings, judge, verdictOf } from './verdict.js';

const at = (low: number, high: number) => ({
  ...{ n: 5, mean: (low + high) / 2, sd: 1 },
  interval: [low, high] as const,
});

describe('judge', () => {
  const above = { holds: 'above', line: 1 } as const;
  const below = { holds: 'below', line: 1 } as const;
  const between = { holds: 'between', line: [-1, 1] } as const;

  it('needs the whole interval beyond the line', () => {
    expect(judge(at(1.1, 2), above)).toBe('holds');
    expect(judge(at(0.9, 2), above)).toBe('undecided');
    expect(judge(at(0, 0.9), above)).toBe('does not hold here');
    expect(judge(at(0, 0.9), below)).toBe('holds');
    expect(judge(at(0.9, 2), below)).toBe('undecided');
    expect(judge(at(1.1, 2), below)).toBe('does not hold here');
    expect(judge(at(-0.9, 0.9), between)).toBe('holds');
    expect(judge(at(-0.9, 1.1), between)).toBe('undecided');
    expect(judge(at(1.1, 2), between)).toBe('does not hold here');
    expect(judge(at(-3, -1.1), between)).toBe('does not hold here');
  });

  it('never holds where the interval touches or crosses the line', () => {
    expect(judge(at(1, 2), above)).toBe('undecided');
    expect(judge(at(0, 1), below)).toBe('undecided');
    expect(judge(at(-1, 0), between)).toBe('undecided');
    expect(judge(at(-5, 5), between)).toBe('undecided');
  });

  it('takes a count by itself', () => {
    expect(judge({ n: 1, mean: 2, sd: null, interval: null }, above)).toBe('holds');
    expect(judge({ n: 1, mean: 0, sd: null, interval: null }, above)).toBe('does not hold here');
  });
});

describe('findings', () => {
  const runs = (failing: number | null): FinishedRun[] =>
    [0, 1, 2, 3, 4].flatMap((seed) =>
      ['a', 'b'].map((kind) => {
        const run = { levels: { kind }, seed, seconds: 1 };
        return seed === failing && kind === 'b'
          ? { ...run, failed: 'the loss became NaN' }
          : {
              ...run,
              measures: { loss: (kind === 'a' ? 1 : 2) + 0.01 * seed * (kind === 'a' ? 1 : 2) },
            };
      }),
    );
  const check: Check = {
    says: 'b less a',
    of: (cell) => cell({ kind: 'b' })['loss']! - cell({ kind: 'a' })['loss']!,
    holds: 'above',
    line: 0.5,
  };
  const measures = { loss: { says: 'loss' } };

  it('pairs runs by seed', () => {
    const [found] = findings({ measures, checks: [check] }, runs(null));
    expect(found).toMatchObject({ verdict: 'holds', missing: 0 });
    expect(found!.estimate!.mean).toBeCloseTo(1.02, 9);
    // The differences are 1.00 … 1.04: their spread is that of one series, and not of both.
    expect(found!.estimate!.sd).toBeCloseTo(0.0158, 4);
    expect(found!.effect).toBeCloseTo(0.52 / 0.0158, 0);
    expect(found!.p).toBeLessThan(1e-4);
  });

  it('proves nothing without a run that failed, unless the study says what that counts as', () => {
    const [found] = findings({ measures, checks: [check] }, runs(2));
    expect(found).toMatchObject({ verdict: 'undecided', missing: 1 });
    const counted = { loss: { says: 'loss', failed: 4 } };
    const [with4] = findings({ measures: counted, checks: [check] }, runs(2));
    expect(with4).toMatchObject({ missing: 0 });
    expect(with4!.estimate!.mean).toBeGreaterThan(1.3);
  });

  it('stops at a rule that names no single cell', () => {
    const vague: Check = { ...check, of: (cell) => cell({})['loss']! };
    expect(() => findings({ measures, checks: [vague] }, runs(null))).toThrow('{} names 2 cells');
  });
});

describe('verdictOf', () => {
  const found = (verdict: 'holds' | 'undecided' | 'does not hold here', aside = false) => ({
    ...{ says: '', verdict, aside, estimate: null, p: null, effect: null, missing: 0 },
  });

  it('needs all checks but asides', () => {
    expect(verdictOf([found('holds'), found('holds')])).toBe('holds');
    expect(verdictOf([found('holds'), found('undecided')])).toBe('undecided');
    expect(verdictOf([found('undecided'), found('does not hold here')])).toBe('does not hold here');
    expect(verdictOf([found('holds'), found('does not hold here', true)])).toBe('holds');
    expect(verdictOf([])).toBe('undecided');
  });
});
