/** Rotary positions and gated units. */
import { describe } from 'vitest';
import type { Backend, GatedOp } from '../../../src/backend/backend.js';
import { GATED_OP } from '../../../src/backend/kernel-interface.js';
import { flag, kernel, oneOf, side } from './check.suite.js';
import { absolute, rounding, type Tolerance, U } from './tolerance.suite.js';

function rotary(subject: Backend<unknown>): void {
  const sizes = {
    batch: oneOf(1, 2),
    time: oneOf(0, 1, 3, 17),
    heads: oneOf(1, 2, 3),
    pairs: oneOf(1, 2, 3, 4, 8, 11, 16, 33),
    rest: oneOf(0, 0, 1, 6, 16),
    interleaved: flag,
    back: flag,
  };
  const large = {
    ...{ batch: 2, time: 150, heads: 4, pairs: 30, rest: 5 },
    ...{ interleaved: false, back: true },
  };
  kernel(subject, 'rotary', sizes, [large, { ...large, interleaved: true }], (s, d) => {
    const { batch, time, heads, interleaved, back } = s;
    const dims = 2 * s.pairs;
    const width = dims + s.rest;
    const count = batch * time * heads * width;
    const turned = d.below(heads + 1);
    const x = d.below(4) ? d.values(count, 3) : d.sprinkle(d.values(count), 0.05, [NaN, Infinity]);
    const greatest = x.reduce((most, v) => Math.max(most, Number.isFinite(v) ? Math.abs(v) : 0), 0);
    return {
      buffers: { out: d.room(count), x, table: d.values(time * 2 * dims) },
      run: (b, p) => {
        const shape = [batch, time, heads, turned, width, dims] as const;
        b.rotary(p.out, p.x, p.table, ...shape, interleaved, back);
      },
      within: { out: (_, expected) => (Number.isFinite(expected) ? 12 * U * greatest : 0) },
      inPlace: { out: ['x'] },
    };
  });
}

const OPS = Object.keys(GATED_OP) as GatedOp[];
/** What vanishes for a gate far below 0 does so from terms of its size. */
const loose = (factor: number, terms: Float64Array): Tolerance => rounding(factor, terms);

function gated(subject: Backend<unknown>): void {
  const sizes = { op: oneOf(...OPS.keys()), rows: side, cols: side, packed: flag };
  const large = OPS.map((_, op) => ({ op, rows: 130, cols: 601, packed: op % 2 === 0 }));
  kernel(subject, 'gated', sizes, large, ({ op, rows, cols, packed }, d) => {
    const ld = packed ? 2 * cols : cols;
    const x = d.values(rows * ld, 4);
    const other = d.values(packed ? 0 : rows * ld, 2);
    const up = (i: number) => {
      const [r, c] = [Math.floor(i / cols), i % cols];
      return packed ? x[r * ld + cols + c] : other[i];
    };
    const terms = Float64Array.from({ length: rows * cols }, (_, i) => Math.abs(12 * up(i)));
    return {
      buffers: { out: d.room(rows * cols), x, other },
      run: (b, p) => {
        const second = packed ? b.offset(p.x, cols) : p.other;
        b.gated(OPS[op], p.out, p.x, second, rows, cols, ld);
      },
      within: { out: loose(4, terms) },
    };
  });

  kernel(subject, 'gatedBackward', sizes, large, ({ op, rows, cols, packed }, d) => {
    const ld = packed ? 2 * cols : cols;
    const [x, other] = [d.values(rows * ld, 4), d.values(packed ? 0 : rows * ld, 2)];
    const dy = d.values(rows * cols);
    const terms = new Float64Array(rows * ld).fill(
      150 * absolute(dy).reduce((a, b) => Math.max(a, b), 0),
    );
    return {
      buffers: { dx: d.room(rows * ld), dother: d.room(other.length), x, other, dy },
      run: (b, p) => {
        const [second, slope] = packed
          ? [b.offset(p.x, cols), b.offset(p.dx, cols)]
          : [p.other, p.dother];
        b.gatedBackward(OPS[op], p.dx, slope, p.dy, p.x, second, rows, cols, ld);
      },
      within: { dx: loose(4, terms), ...(packed ? {} : { dother: loose(4, terms) }) },
    };
  });
}

export function gatedSuite(subject: Backend<unknown>): void {
  describe('rotary positions and gated units', () => {
    rotary(subject);
    gated(subject);
  });
}
