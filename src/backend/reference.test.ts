import { describe, expect, it } from 'vitest';
import { memoryLimit } from '../util/memory-limit.js';
import { ReferenceBackend } from './reference.js';

describe('the reference backend’s memory', () => {
  it('counts what is in use, and what was at most', () => {
    const backend = new ReferenceBackend();
    const limitBytes = memoryLimit();
    const a = backend.alloc('float32', 10);
    const b = backend.alloc('int32', 5);
    expect(backend.memory).toEqual({
      bytesInUse: 60,
      bytesPooled: 0,
      peakBytes: 60,
      buffers: 2,
      limitBytes,
    });
    backend.free(a);
    expect(backend.memory).toEqual({
      bytesInUse: 20,
      bytesPooled: 0,
      peakBytes: 60,
      buffers: 1,
      limitBytes,
    });
    backend.free(b);
    expect(backend.memory).toEqual({
      bytesInUse: 0,
      bytesPooled: 0,
      peakBytes: 60,
      buffers: 0,
      limitBytes,
    });
  });

  it('holds doubles in float32’s place when asked to', () => {
    const backend = new ReferenceBackend({ precision: 'float64' });
    const a = backend.alloc('float32', 1);
    backend.write(a, 'float32', [0.1]);
    const out = new Float64Array(1);
    backend.read(a, 'float32', out);
    expect(out[0]).toBe(0.1);
    expect(backend.memory.bytesInUse).toBe(8);
  });

  it('hands out memory with NaN in it, as it is promised uninitialised', () => {
    const backend = new ReferenceBackend();
    expect([...backend.alloc('float32', 2)]).toEqual([NaN, NaN]);
  });

  it('refuses a second free, and one of an offset', () => {
    const backend = new ReferenceBackend();
    const a = backend.alloc('float32', 4);
    expect(() => backend.free(backend.offset(a, 0))).toThrow(/free: expected a pointer from alloc/);
    backend.free(a);
    expect(() => backend.free(a)).toThrow(/not freed before/);
  });

  it('refuses to reach past the end and to mistake a type', () => {
    const backend = new ReferenceBackend();
    const a = backend.alloc('float32', 4);
    expect(() => backend.offset(a, 5)).toThrow('offset: expected 0 to 4 elements, got 5');
    expect(() => backend.write(a, 'float32', [1, 2, 3, 4, 5])).toThrow(/at most 4 elements, got 5/);
    expect(() => backend.read(a, 'int32', new Int32Array(1))).toThrow(/expected memory of int32/);
    expect(() => backend.alloc('float32', -1)).toThrow(/at least 0, got -1/);
  });

  it('says so when memory is out', () => {
    const backend = new ReferenceBackend();
    expect(() => backend.alloc('float32', 2 ** 50)).toThrow(/^out of memory: .* of float32/);
  });
});
