/** That the helper which tests the kernels would notice: each of these kernels has a fault. */
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { type HostArray, ReferenceBackend } from '../../../src/backend/reference.js';
import { check, LARGE } from './check.suite.js';
import { exact, ulps } from './tolerance.suite.js';

type Negate = (out: HostArray, x: HostArray, count: number, backend: ReferenceBackend) => void;

/** Checks a backend that negates with `fault`, over as many elements as given. */
function checkFaulty(fault: Negate, count = 33, tolerance = exact, inPlace = false): void {
  const subject = new ReferenceBackend();
  let threads = 1;
  Object.assign(subject, { unary: faulty, setThreads: (n: number) => (threads = n) });
  Object.defineProperty(subject, 'threads', { get: () => threads });
  function faulty(_: string, out: HostArray, x: HostArray, n: number): void {
    for (let i = 0; i < n; i++) out[i] = -x[i];
    fault(out, x, n, subject);
  }
  const x = Float32Array.from({ length: count }, (_, i) => i + 1);
  check(subject as Backend<unknown>, {
    buffers: { out: x, x },
    run: (b, p) => b.unary('neg', p.out, p.x, count, 0),
    within: { out: tolerance },
    inPlace: inPlace ? { out: ['x'] } : {},
  });
}

/** The memory around a pointer. */
const around = (pointer: HostArray) => new Float32Array(pointer.buffer);

describe('the check of a kernel', () => {
  it('passes one that is right', () => {
    checkFaulty(() => {}, LARGE, exact, true);
  });

  it('notices a wrong value, a missing one and a false NaN', () => {
    expect(() => checkFaulty((out) => (out[32] += 1))).toThrow(/out\[32\]: expected -33/);
    expect(() => checkFaulty((out, x) => (out[5] = x[5]))).toThrow(/out\[5\]/);
    expect(() => checkFaulty((out) => (out[0] = NaN))).toThrow(/got NaN/);
    expect(() => checkFaulty((out) => (out[0] = -Infinity), 33, ulps(4))).toThrow(/got -Infinity/);
  });

  it('measures the tolerance in ulp', () => {
    const off = (out: HostArray) => (out[0] *= 1 + 3 * 2 ** -23);
    expect(() => checkFaulty(off, 33, ulps(2))).toThrow(/out\[0\]/);
    checkFaulty(off, 33, ulps(4));
  });

  it('notices a write before the start and past the end', () => {
    const write = (position: (out: HostArray) => number) => (out: HostArray) => {
      around(out)[position(out)] = 3;
    };
    const start = (out: HostArray) => out.byteOffset / 4;
    expect(() => checkFaulty(write((out) => start(out) - 1))).toThrow(/out: wrote 3 .* 1 before/);
    expect(() => checkFaulty(write((out) => start(out) + 33))).toThrow(/wrote 3 .* 0 past its end/);
  });

  it('notices a changed input', () => {
    expect(() => checkFaulty((_, x) => (x[3] = 9))).toThrow(/x\[3\]: expected 4/);
  });

  it('notices a kernel that is not right in place', () => {
    const twice = (out: HostArray, x: HostArray) => {
      if (out.byteOffset === x.byteOffset && out.buffer === x.buffer) out[1] = 0;
    };
    checkFaulty(twice);
    expect(() => checkFaulty(twice, 33, exact, true)).toThrow(/out in place of x\[1\]/);
  });

  it('notices a leak', () => {
    expect(() => checkFaulty((_out, _x, _n, backend) => backend.alloc('float32', 1))).toThrow();
  });

  it('notices bits that depend on the number of threads', () => {
    const fault: Negate = (out, _x, _n, backend) =>
      (out[7] *= 1 + (backend.threads - 1) * 2 ** -23);
    checkFaulty(fault, 33, ulps(4));
    expect(() => checkFaulty(fault, LARGE, ulps(4))).toThrow(/out, 2 threads\[7\]/);
  });
});
