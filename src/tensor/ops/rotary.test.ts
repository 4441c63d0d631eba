import { describe, expect, it } from 'vitest';
import { checkOperation, exact } from '../../../test/suites/gradcheck.suite.js';
import {
  causalAttention,
  RotaryTable,
  rotary,
  rotaryFrequencies,
  scope,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../index.js';

const bits = (x: Tensor) => [...x.dataSync()];

describe('rotary', () => {
  it.each(['half', 'interleaved'] as const)('turns pairs by their angles, %s', (layout) => {
    for (const [B, T, H, D, dims, heads, offset] of [
      [2, 3, 2, 4, 4, 2, 0],
      [1, 5, 3, 10, 6, 2, 7],
      [2, 2, 1, 40, 36, 1, 100],
      [1, 2, 2, 7, 2, 0, 3],
    ]) {
      const options = { dims, theta: 100 };
      const make = () => new RotaryTable(options, T + offset, layout);
      const tables = new Map<unknown, RotaryTable>();
      /** Of the backend that is checked at the moment. */
      const tableFor = ({ backend }: Tensor): RotaryTable => {
        const table = tables.get(backend) ?? make();
        tables.set(backend, table);
        return table;
      };
      const frequencies = rotaryFrequencies(options, 0);
      checkOperation({
        inputs: [[B, T, H, D]],
        run: (x) => rotary(x, tableFor(x), { offset, heads }),
        expected: (x) =>
          x.map((own, at) => {
            const i = at % D;
            const head = Math.floor(at / D) % H;
            const position = (Math.floor(at / D / H) % T) + offset;
            if (i >= dims || head >= heads) return own;
            const half = dims / 2;
            const [pair, second] =
              layout === 'half' ? [i % half, i >= half] : [i >> 1, i % 2 === 1];
            const step = layout === 'half' ? half : 1;
            const angle = position * frequencies[pair];
            return second
              ? x[at - step] * Math.sin(angle) + own * Math.cos(angle)
              : own * Math.cos(angle) - x[at + step] * Math.sin(angle);
          }),
      });
      for (const table of tables.values()) table.dispose();
    }
  });

  it('makes products depend on distance alone: moved positions, the same attention', () => {
    withBackend(exact, () =>
      scope(() => {
        const table = new RotaryTable({ dims: 8 }, 200);
        const make = (seed: number) => {
          const values = Float64Array.from({ length: 6 * 8 }, (_, i) => Math.sin(seed + 3.7 * i));
          return tensor(values, { shape: [1, 6, 1, 8] });
        };
        const [q, k, v] = [make(1), make(2), make(3)];
        const at = (offset: number) =>
          causalAttention(
            rotary(q, table, { offset }),
            rotary(k, table, { offset }),
            v,
          ).doublesSync();
        const [here, there] = [at(0), at(190)];
        here.forEach((x, i) => {
          expect(there[i]).toBeCloseTo(x, 10);
        });
        table.dispose();
      }),
    );
  });

  it('keeps its table beyond the scope it was made in, until it is disposed of', () => {
    const table = scope(() => new RotaryTable({ dims: 2 }, 3));
    const ones = tensor([1, 0, 1, 0, 1, 0], { shape: [1, 3, 1, 2] });
    expect(bits(rotary(ones, table))[2]).toBeCloseTo(Math.cos(1), 6);
    table.dispose();
    expect(() => rotary(zeros([1, 3, 1, 2]), table)).toThrow('freed');
  });

  it('refuses what it cannot turn', () => {
    const table = new RotaryTable({ dims: 4 }, 5);
    const x = zeros([1, 3, 2, 4]);
    expect(() => rotary(zeros([3, 2, 4]), table)).toThrow('got (3, 2, 4)');
    expect(() => rotary(zeros([1, 3, 2, 3]), table)).toThrow("at least the table's 4");
    expect(() => rotary(x, table, { offset: 3 })).toThrow('positions up to 6');
    expect(() => rotary(x, table, { heads: 3 })).toThrow('heads 3');
    expect(() => rotary(x, table, { offset: -1 })).toThrow('offset to be a whole number');
    expect(() => rotary(x, 3 as never)).toThrow('expected a RotaryTable');
    expect(() => withBackend(exact, () => rotary(zeros([1, 3, 2, 4]), table))).toThrow(
      'a table on',
    );
    expect(() => new RotaryTable({ dims: 3 }, 5)).toThrow('dims to be even');
    expect(() => new RotaryTable({ dims: 4 }, 5, 'pairs' as never)).toThrow(
      '"half" or "interleaved"',
    );
    expect(() => new RotaryTable({ dims: 4, theta: 0 }, 5)).toThrow('theta');
    const scaling = (scaling: object) => () =>
      rotaryFrequencies({ dims: 4, scaling: scaling as never }, 5);
    expect(scaling({ kind: 'yarn' })).toThrow('linear, dynamic or llama3, got "yarn"');
    expect(scaling({ kind: 'linear' })).toThrow("linear scaling's factor");
    expect(scaling({ kind: 'dynamic', factor: 0.5, originalMaxPositions: 4 })).toThrow(
      'at least 1',
    );
    const llama = { kind: 'llama3', factor: 8, originalMaxPositions: 8192 };
    expect(scaling({ ...llama, lowFreqFactor: 4, highFreqFactor: 4 })).toThrow(
      'below highFreqFactor',
    );
    table.dispose();
  });
});
