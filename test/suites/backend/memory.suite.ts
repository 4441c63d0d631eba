import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { UserError } from '../../../src/util/errors.js';
import { Draw, kernel, LARGE, size } from './check.suite.js';
import { exact } from './tolerance.suite.js';

const SPECIALS = [NaN, Infinity, -Infinity, -0, 1e-45, 3.4e38];
const INTS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];

export function memorySuite(subject: Backend<unknown>): void {
  describe('memory', () => {
    it('writes and reads back any kind of host array', () => {
      const count = 40_000; // more than is converted at a time
      const floats = new Draw(1, 0).wide(count);
      const ints = new Draw(2, 0).ints(count, 2 ** 31 - 1);
      for (const [dtype, values] of [
        ['float32', floats],
        ['int32', ints],
      ] as const) {
        const pointer = subject.alloc(dtype, count);
        for (const source of [values, Float64Array.from(values), Array.from(values)]) {
          subject.fill(pointer, dtype, count, 0);
          subject.write(pointer, dtype, source);
          const same = dtype === 'float32' ? new Float32Array(count) : new Int32Array(count);
          const wide = new Float64Array(count);
          subject.read(pointer, dtype, same);
          subject.read(pointer, dtype, wide);
          expect(same.every((value, i) => value === values[i])).toBe(true);
          expect(wide.every((value, i) => value === values[i])).toBe(true);
        }
        subject.free(pointer);
      }
    });

    it('keeps the bits of special values', () => {
      const pointer = subject.alloc('float32', SPECIALS.length);
      subject.write(pointer, 'float32', SPECIALS);
      const out = new Float32Array(SPECIALS.length);
      subject.read(pointer, 'float32', out);
      expect(out).toEqual(Float32Array.from(SPECIALS));
      subject.free(pointer);
    });

    it('reads and writes a part at an offset', () => {
      const pointer = subject.alloc('float32', 10);
      subject.fill(pointer, 'float32', 10, 1);
      subject.write(subject.offset(pointer, 4), 'float32', [7, 8]);
      const out = new Float32Array(4);
      subject.read(subject.offset(subject.offset(pointer, 1), 2), 'float32', out);
      expect([...out]).toEqual([1, 7, 8, 1]);
      subject.free(pointer);
    });

    kernel(subject, 'fill', { count: size }, { count: LARGE }, ({ count }, d) => {
      const [value, whole] = [d.pick([...SPECIALS, 0.1]), d.pick(INTS)];
      return {
        buffers: { x: d.values(count + 3), n: d.ints(count + 3, 9) },
        run: (b, p) => {
          b.fill(p.x, 'float32', count, value);
          b.fill(p.n, 'int32', count, whole);
        },
        within: { x: exact, n: exact },
      };
    });

    kernel(subject, 'copy', { count: size }, { count: LARGE }, ({ count }, d) => ({
      buffers: {
        out: d.room(count),
        x: d.sprinkle(d.wide(count), 0.1, SPECIALS),
        ints: d.intRoom(count),
        from: d.ints(count, 2 ** 31),
      },
      run: (b, p) => {
        b.copy(p.out, p.x, 'float32', count);
        b.copy(p.ints, p.from, 'int32', count);
      },
      within: { out: exact, ints: exact },
    }));

    it('counts what is in use, and refuses a second free', () => {
      const before = subject.memory;
      const a = subject.alloc('float32', 1000);
      const b = subject.alloc('int32', 0);
      const during = subject.memory;
      expect(during.buffers).toBe(before.buffers + 2);
      expect(during.bytesInUse - before.bytesInUse).toBeGreaterThanOrEqual(4000);
      expect(during.peakBytes).toBeGreaterThanOrEqual(during.bytesInUse);
      subject.free(a);
      expect(() => subject.free(a)).toThrow(/not freed before/);
      subject.free(b);
      expect(subject.memory.buffers).toBe(before.buffers);
      expect(subject.memory.bytesInUse).toBe(before.bytesInUse);
    });

    it('gives blocks in use that do not overlap', () => {
      const blocks = Array.from({ length: 300 }, (_, i) => ({
        pointer: subject.alloc('int32', (i * 37) % 500),
        count: (i * 37) % 500,
        mark: i,
      }));
      // Every third goes back and is asked for again, so that some come from the pool.
      blocks.forEach((block, i) => {
        if (i % 3) return;
        subject.free(block.pointer);
        block.pointer = subject.alloc('int32', block.count);
      });
      for (const { pointer, count, mark } of blocks) subject.fill(pointer, 'int32', count, mark);
      for (const { pointer, count, mark } of blocks) {
        const out = new Int32Array(count);
        subject.read(pointer, 'int32', out);
        expect(out.every((v) => v === mark)).toBe(true);
        subject.free(pointer);
      }
    });

    it('says so when memory is out', () => {
      expect(() => subject.alloc('float32', 2 ** 50)).toThrow(UserError);
      expect(() => subject.alloc('float32', 2 ** 50)).toThrow(/out of memory/);
    });

    it('refuses a count that is none', () => {
      for (const count of [-1, 1.5, NaN]) {
        expect(() => subject.alloc('float32', count)).toThrow(
          /expected a whole number of elements/,
        );
      }
    });
  });
}
