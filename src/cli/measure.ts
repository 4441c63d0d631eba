/** How fast a backend is on this machine: two numbers, in about a second. */
import os from 'node:os';
import { type Backend, matmulSize } from '../backend/index.js';

export interface Speed {
  /** 10⁹ floating-point operations a second, in a product of two `size` × `size` matrices. */
  gigaflops: number;
  size: number;
  /** 10⁹ bytes read and written a second, in a copy that is larger than any cache. */
  gigabytesPerSecond: number;
}

/** Half a second for each, at least one round after the first, whose pages are still cold. */
const SECONDS = 0.5;

/** Uses about half a gigabyte; a quarter of the free memory where there is less. */
export function measureSpeed(backend: Backend): Speed {
  // Plain TypeScript takes a minute for what the kernels do in a tenth of a second.
  const size = backend.name === 'reference' ? 256 : 2048;
  const count = Math.floor(Math.min(64 * 2 ** 20, os.freemem() / 4 / 8));
  return {
    gigaflops: (2 * size ** 3) / 1e9 / productSeconds(backend, size),
    size,
    gigabytesPerSecond: (8 * count) / 1e9 / copySeconds(backend, count),
  };
}

function productSeconds(backend: Backend, n: number): number {
  const matrices = [0, 1, 2].map(() => backend.alloc('float32', n * n));
  const [out, a, b] = matrices;
  for (const x of [a, b]) backend.fill(x, 'float32', n * n, 0.5);
  const seconds = medianSeconds(() =>
    backend.matmul(out, a, b, null, matmulSize({ m: n, n, k: n })),
  );
  for (const x of matrices) backend.free(x);
  return seconds;
}

function copySeconds(backend: Backend, count: number): number {
  const blocks = [0, 1].map(() => backend.alloc('float32', count));
  const [to, from] = blocks;
  backend.fill(from, 'float32', count, 1);
  const seconds = medianSeconds(() => backend.copy(to, from, 'float32', count));
  for (const x of blocks) backend.free(x);
  return seconds;
}

function medianSeconds(body: () => void): number {
  body();
  const rounds: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  do {
    const start = performance.now();
    body();
    rounds.push((performance.now() - start) / 1000);
  } while (performance.now() < end);
  return rounds.sort((a, b) => a - b)[rounds.length >> 1]!;
}
