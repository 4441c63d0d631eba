import { describe, expect, it } from 'vitest';
import type { Curve, RunCurves } from '../src/lab/protocol.js';
import { apart, type Spot } from '../web/charts/letters.js';
import { type LossChart, lossOption } from '../web/charts/runs.js';

/** A run whose loss at step 10, 20, … is given, with what 98 of 100 of its points fit into. */
function runOf(
  losses: readonly number[],
  range: readonly [number, number] | null,
  evaluations: readonly (readonly [step: number, loss: number])[],
): RunCurves {
  const x = losses.map((_, i) => 10 * (i + 1));
  const loss = { x, mean: losses, min: losses, max: losses, smooth: losses, range } as Curve;
  const step = evaluations.map(([at]) => at);
  return {
    ...{ name: 'a', curves: { loss }, points: losses.length, stops: [] },
    evaluations: {
      x: step,
      step,
      loss: evaluations.map(([, y]) => y),
      emaLoss: step.map(() => null),
    },
  };
}

function rangeOf(run: RunCurves, chart: Partial<LossChart> = {}): [number?, number?] {
  const option = lossOption({
    ...{ runs: [run], order: ['a'], axis: 'step', theme: 'light', logX: false, logY: false },
    ...{ fit: true, zoom: null, references: [], ...chart },
  });
  const { min, max } = option.yAxis as { min?: number; max?: number };
  return [min, max];
}

/** 4 in 100 of the height beyond either end. */
const around = (low: number, high: number) => {
  const room = 0.04 * (high - low);
  return [expect.closeTo(low - room, 9), expect.closeTo(high + room, 9)];
};

describe('what the loss is fitted to', () => {
  const falling = [80, 40, 3, 2.5, 2];

  it('is what 98 of 100 points fit into, and all evaluations near them', () => {
    expect(
      rangeOf(
        runOf(
          falling,
          [2, 3],
          [
            [30, 3.1],
            [50, 2.2],
          ],
        ),
      ),
    ).toEqual(around(2, 3.1));
  });

  it('leaves out an evaluation beside which the training loss is left out as well', () => {
    expect(
      rangeOf(
        runOf(
          falling,
          [2, 3],
          [
            [10, 81],
            [20, 39],
            [50, 2.2],
          ],
        ),
      ),
    ).toEqual(around(2, 3));
  });

  it('takes the training loss last seen before the evaluation', () => {
    expect(rangeOf(runOf(falling, [2, 3], [[29, 39]]))).toEqual(around(2, 3));
    expect(rangeOf(runOf(falling, [2, 3], [[30, 39]]))).toEqual(around(2, 39));
  });

  it('keeps an evaluation that goes where training does not: overfitting', () => {
    expect(
      rangeOf(
        runOf(
          falling,
          [2, 3],
          [
            [40, 2.4],
            [50, 9],
          ],
        ),
      ),
    ).toEqual(around(2, 9));
  });

  it('keeps an evaluation on the other side of what is left out', () => {
    expect(rangeOf(runOf([0.1, 2, 3], [2, 3], [[10, 7]]))).toEqual(around(2, 7));
  });

  it('keeps an evaluation before the first training loss', () => {
    expect(rangeOf(runOf(falling, [2, 3], [[0, 85]]))).toEqual(around(2, 85));
  });

  it('asks no evaluation that is zoomed out of sight', () => {
    const run = runOf(
      falling,
      [2, 3],
      [
        [40, 2.4],
        [50, 9],
      ],
    );
    expect(rangeOf(run, { zoom: [0, 45] })).toEqual(around(2, 3));
  });

  it('takes in the lines to compare with', () => {
    const references = [{ label: 'ln V', y: 4 }];
    expect(rangeOf(runOf(falling, [2, 3], []), { references })).toEqual(around(2, 4));
  });

  it('is left to the values without a tick, or without a number', () => {
    expect(rangeOf(runOf(falling, [2, 3], [[50, 9]]), { fit: false })).toEqual([
      undefined,
      undefined,
    ]);
    expect(rangeOf(runOf([Number.NaN], null, []))).toEqual([undefined, undefined]);
  });
});

describe('letters at the ends of lines', () => {
  const spot = (letter: string, y: number, x = 100): Spot => ({ letter, y, x, color: '#000' });
  const placed = (spots: readonly Spot[], bottom = 200) =>
    Object.fromEntries(apart(spots, 10, bottom).map(({ letter, y }) => [letter, y]));

  it('stay where there is room', () => {
    expect(placed([spot('A', 50), spot('B', 80)])).toEqual({ A: 50, B: 80 });
  });

  it('stand a line of text apart, in the order of the lines', () => {
    expect(placed([spot('B', 52), spot('A', 50), spot('C', 51)])).toEqual({ A: 50, C: 62, B: 74 });
  });

  it('move up where they would leave the plot', () => {
    expect(placed([spot('A', 195), spot('B', 198), spot('C', 200)])).toEqual({
      A: 176,
      B: 188,
      C: 200,
    });
    expect(placed([spot('A', -3), spot('B', 0)])).toEqual({ A: 10, B: 22 });
  });

  it('do not mind those at another end', () => {
    expect(placed([spot('A', 50, 100), spot('B', 50, 300)])).toEqual({ A: 50, B: 50 });
  });
});
