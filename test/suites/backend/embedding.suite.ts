import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { sumRowsById } from '../../../src/backend/reference/embedding.js';
import { kernel, oneOf, positiveSize, side, size } from './check.suite.js';
import { ANY, absolute, exact, summing, type Tolerance } from './tolerance.suite.js';

const SPECIALS = [NaN, Infinity, -Infinity, -0, 1e-45];
const table = { count: size, vocab: positiveSize, width: side };
const LARGE_TABLES = [
  { count: 1001, vocab: 300, width: 97 },
  { count: 80_011, vocab: 3, width: 1 },
];

export function embeddingSuite(subject: Backend<unknown>): void {
  describe('embedding', () => {
    kernel(subject, 'gatherRows', table, LARGE_TABLES, ({ count, vocab, width }, d) => ({
      buffers: {
        out: d.room(count * width),
        weight: d.sprinkle(d.values(vocab * width), 0.05, SPECIALS),
        ids: d.ints(count, vocab),
      },
      run: (b, p) => b.gatherRows(p.out, p.weight, p.ids, count, vocab, width),
      within: { out: exact },
    }));

    kernel(
      subject,
      'gatherRows names the first id that is out of range, and writes nothing',
      { ...table, count: positiveSize },
      [],
      ({ count, vocab, width }, d) => {
        const ids = d.ints(count, vocab);
        for (let i = 0; i < 2; i++)
          ids[d.below(count)] = d.pick([-1, vocab, 2 ** 31 - 1, -(2 ** 31)]);
        return {
          buffers: { out: d.values(count * width), weight: d.values(vocab * width), ids },
          run: (b, p) => b.gatherRows(p.out, p.weight, p.ids, count, vocab, width),
          within: {},
        };
      },
    );

    kernel(
      subject,
      'sumRowsById',
      { ...table, spread: oneOf(1, 1, 3000, 1e6) },
      LARGE_TABLES.map((t) => ({ ...t, spread: 1 })),
      ({ count, vocab, width, spread }, d) => {
        const ids = d.ints(count, vocab).map((id) => id * spread); // ids of up to 30 bits
        const dy = d.below(4)
          ? d.values(count * width)
          : d.sprinkle(d.wide(count * width), 0.01, SPECIALS);
        const [rows, magnitude] = [new Int32Array(count), new Float64Array(count * width)];
        const distinct = sumRowsById(rows, magnitude, absolute(dy), ids, count, width);
        // What lies behind the distinct rows is not promised.
        const rowsWithin: Tolerance = (i) => (i < distinct ? 0 : ANY);
        const sum = summing(count / Math.max(1, distinct), magnitude);
        const valuesWithin: Tolerance = (i, expected) =>
          i < distinct * width ? sum(i, expected) : ANY;
        return {
          buffers: { rows: d.intRoom(count), values: d.room(count * width), dy, ids },
          run: (b, p) => b.sumRowsById(p.rows, p.values, p.dy, p.ids, count, width),
          within: { rows: rowsWithin, values: valuesWithin },
        };
      },
    );

    kernel(subject, 'addRows', table, LARGE_TABLES, ({ count, vocab, width }, d) => {
      const rows = Int32Array.from({ length: vocab }, (_, i) => i).filter(() => d.below(2));
      const some = rows.slice(0, count);
      return {
        buffers: { out: d.values(vocab * width), rows: some, values: d.wide(some.length * width) },
        run: (b, p) => b.addRows(p.out, p.rows, p.values, some.length, width),
        within: { out: exact },
      };
    });
  });
}
