/** What this machine can do at best: the limits that shares are taken of. */
import { cpus } from 'node:os';
import { currentBackend, matmulSize } from 'nanogpt';
import { median } from './statistics.js';

export interface Machine {
  cpu: string;
  threads: number;
  /** Floating-point operations per second of a large matrix product of ours. */
  peakFlops: number;
  /** Bytes read and written per second by a copy of 256 MB. */
  copyBandwidth: number;
}

function secondsOf(rounds: number, body: () => void): number {
  body();
  const seconds: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    body();
    seconds.push((performance.now() - start) / 1000);
  }
  return median(seconds);
}

/** Measures the matrix product at 2048³ and the copy of 256 MB, each the median of several. */
export function measureMachine(threads: number): Machine {
  const backend = currentBackend();
  backend.setThreads(threads);
  const n = 2048;
  const [a, b, c] = [0, 1, 2].map(() => backend.alloc('float32', n * n));
  for (const x of [a, b]) backend.fill(x, 'float32', n * n, 0.5);
  const matmul = secondsOf(9, () => backend.matmul(c, a, b, null, matmulSize({ m: n, n, k: n })));
  for (const x of [a, b, c]) backend.free(x);
  const count = 64 * 1024 * 1024;
  const [from, to] = [0, 1].map(() => backend.alloc('float32', count));
  backend.fill(from, 'float32', count, 1);
  const copy = secondsOf(9, () => backend.copy(to, from, 'float32', count));
  for (const x of [from, to]) backend.free(x);
  return {
    cpu: cpus()[0].model,
    threads: backend.threads,
    peakFlops: (2 * n ** 3) / matmul,
    copyBandwidth: (8 * count) / copy,
  };
}
