import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { kernels, named } from '../../test/suites/backends.js';
import type { ParameterUpdate } from './backend.js';
import type { KernelBackend } from './kernel-backend.js';

/** Values of a tensor of `count` floats. */
function floats(backend: KernelBackend, pointer: number, count: number): Float32Array {
  const out = new Float32Array(count);
  backend.read(pointer, 'float32', out);
  return out;
}

/** A short name for the bits of them. */
function bits(backend: KernelBackend, pointer: number, count: number): string {
  const { buffer } = floats(backend, pointer, count);
  return createHash('sha256').update(new Uint8Array(buffer)).digest('hex');
}

describe.each(named(kernels))('the memory of the %s backend', (_, given) => {
  const backend = given as unknown as KernelBackend;

  it('hands out what was freed to the next who asks for as much', () => {
    const a = backend.alloc('float32', 1000);
    backend.free(a);
    const pooled = backend.memory.bytesPooled;
    const b = backend.alloc('int32', 1000);
    expect(b).toBe(a);
    expect(backend.memory.bytesPooled).toBeLessThan(pooled);
    backend.free(b);
  });

  it('rounds up by at most an eighth, or to 64 bytes, and aligns to 64', () => {
    for (const count of [0, 1, 16, 17, 100, 129, 145, 1000, 4097, 123_457, 1_048_577]) {
      const before = backend.memory;
      const pointer = backend.alloc('float32', count);
      const bytes = backend.memory.bytesInUse - before.bytesInUse;
      expect(pointer % 64).toBe(0);
      expect(bytes).toBeGreaterThanOrEqual(4 * count);
      expect(bytes).toBeLessThanOrEqual(Math.max(4 * count * 1.125, 4 * count + 63, 64));
      expect(backend.memory.buffers).toBe(before.buffers + 1);
      backend.free(pointer);
      expect(backend.memory.bytesInUse).toBe(before.bytesInUse);
    }
  });

  it('keeps apart many blocks that come and go', () => {
    const before = backend.memory.buffers;
    const live = new Map<number, number>();
    for (let i = 0; i < 5000; i++) {
      const pointer = backend.alloc('int32', 1 + (i % 40));
      expect(live.has(pointer)).toBe(false);
      backend.fill(pointer, 'int32', 1 + (i % 40), i);
      live.set(pointer, i);
      if (i % 3 === 0) {
        const [[oldest, value]] = live;
        const out = new Int32Array(1);
        backend.read(oldest, 'int32', out);
        expect(out[0]).toBe(value);
        backend.free(oldest);
        live.delete(oldest);
      }
    }
    for (const pointer of live.keys()) backend.free(pointer);
    expect(backend.memory.buffers).toBe(before);
  });

  it('refuses a second free, one of an offset, and one of anything else', () => {
    const pointer = backend.alloc('float32', 64);
    const refused = /free: expected a pointer from alloc/;
    expect(() => backend.free(backend.offset(pointer, 16))).toThrow(refused);
    backend.free(pointer);
    expect(() => backend.free(pointer)).toThrow(refused);
    expect(() => backend.free(0)).toThrow(refused);
    expect(() => backend.free(12_345)).toThrow(refused);
  });

  it('gives back what is pooled', () => {
    backend.free(backend.alloc('float32', 3_000_000));
    expect(backend.memory.bytesPooled).toBeGreaterThanOrEqual(12_000_000);
    expect(backend.trim()).toBeGreaterThanOrEqual(12_000_000);
    expect(backend.memory.bytesPooled).toBe(0);
  });

  it('keeps blocks in use while their neighbours are given back', () => {
    const floats = 50_000; // of middle size, which are cut from larger stretches
    const blocks = Array.from({ length: 400 }, () => backend.alloc('float32', floats)); // 80 MB
    const kept = blocks[200]!;
    const values = new Float32Array(floats).map((_, i) => i);
    backend.write(kept, 'float32', values);
    expect(new Set(blocks).size).toBe(400);
    for (const block of blocks) if (block !== kept) backend.free(block);
    backend.trim();
    expect(backend.memory.bytesPooled).toBeLessThan(40e6); // one stretch at most
    const again = Array.from({ length: 400 }, () => backend.alloc('float32', floats));
    for (const block of again) backend.write(block, 'float32', new Float32Array(floats).fill(-1));
    const found = new Float32Array(floats);
    backend.read(kept, 'float32', found);
    expect(found).toEqual(values);
    for (const block of [...again, kept]) backend.free(block);
    expect(backend.trim()).toBeGreaterThanOrEqual(80e6);
    expect(backend.memory.bytesPooled).toBe(0);
  });

  it('says so when memory is out', () => {
    expect(() => backend.alloc('float32', 2 ** 45)).toThrow(
      /^out of memory: 140737488355328 bytes/,
    );
    expect(() => backend.alloc('float32', 1.5)).toThrow(/whole number/);
  });
});

describe.each(named(kernels))('calls of the %s backend', (_, given) => {
  const backend = given as unknown as KernelBackend;

  it('converts host arrays of other types, longer than its staging', () => {
    const count = 40_000;
    const ids = Uint16Array.from({ length: count }, (_, i) => i);
    const pointer = backend.alloc('int32', count);
    backend.write(pointer, 'int32', ids);
    const doubles = new Float64Array(count);
    backend.read(pointer, 'int32', doubles);
    expect(doubles.every((value, i) => value === i)).toBe(true);
    backend.write(
      pointer,
      'float32',
      Array.from(ids, (id) => id / 8),
    );
    backend.read(pointer, 'float32', doubles);
    expect(doubles.every((value, i) => value === i / 8)).toBe(true);
    backend.free(pointer);
  });

  it('steps more parameters than its table had room for', () => {
    const count = 500;
    const params = backend.alloc('float32', count);
    const grads = backend.alloc('float32', count);
    backend.fill(params, 'float32', count, 1);
    backend.write(
      grads,
      'float32',
      Array.from({ length: count }, (_, i) => i),
    );
    const updates: ParameterUpdate<number>[] = Array.from({ length: count }, (_, i) => ({
      param: backend.offset(params, i),
      grad: backend.offset(grads, i),
      count: 1,
      rows: null,
      rowCount: 0,
      width: 1,
      lr: 0.5,
      weightDecay: 0,
      state1: null,
      state2: null,
    }));
    backend.sgdStep(updates, 2, 0, 0, false, true);
    expect(floats(backend, params, count)).toEqual(
      Float32Array.from({ length: count }, (_, i) => 1 - i),
    );
    expect(backend.gradientSumOfSquares(updates)).toBe((499 * 500 * 999) / 6);
    backend.free(params);
    backend.free(grads);
  });

  it('counts the multiply-adds that it did to show what the processor can', () => {
    const one = backend.peakMultiplyAdds(1);
    expect(one).toBeGreaterThan(1000);
    expect(backend.peakMultiplyAdds(7)).toBe(7 * one);
  });

  it('computes the same bit for bit on any number of threads', () => {
    const threads = backend.threads;
    const count = 700_001;
    const [x, y, out] = [0, 1, 2].map(() => backend.alloc('float32', count));
    backend.normal(x, count, 0.3, 1, { seed: 1, stream: 2, position: 3 });
    const rows = 700;
    const runs = [1, 2, 3].map((n) => {
      backend.setThreads(n);
      const results: unknown[] = [backend.sumOfSquares(x, count)];
      for (const [outer, length, inner] of [
        [1, count, 1],
        [1, 5000, 140],
        [70, 1000, 10],
      ]) {
        backend.reduce('sum', out, x, outer, length, inner);
        results.push(bits(backend, out, outer * inner));
        backend.variance(out, y, x, outer, length, inner, 1);
        results.push(bits(backend, out, outer * inner));
      }
      backend.softmax(out, x, rows, 1000, false);
      results.push(bits(backend, out, count - 1));
      backend.dropout(out, x, count, 0.3, { seed: 4, stream: 5, position: 6 });
      results.push(bits(backend, out, count));
      return results;
    });
    backend.setThreads(threads);
    for (const pointer of [x, y, out]) backend.free(pointer);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });
});
