/**
 * What this machine can do at best: the limits that shares are taken of. Measured by loops of their own
 * (`kernels/peak.c`), none of which computes anything that one would want.
 */
import { cpus } from 'node:os';
import { currentBackend, NativeBackend } from 'nanogpt';
import { median } from './statistics.js';

export interface Machine {
  cpu: string;
  threads: number;
  /** Floating-point operations per second, two to a multiply-add, from registers to registers. */
  peakFlops: number;
  /** The same as a median over two seconds: a clock that rises for a moment falls while all cores are at work. */
  sustainedFlops: number;
  /** Bytes per second of 256 MB: read, written, and, read and written together, copied. */
  readBandwidth: number;
  writeBandwidth: number;
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

/** @throws where there is no native backend, of which alone these benchmarks speak. */
export function nativeBackend(): NativeBackend {
  const backend = currentBackend();
  if (backend instanceof NativeBackend) return backend;
  throw new Error('the benchmark needs the native kernels');
}

/** Multiply-adds a second, between registers, for a moment. */
function multiplyAdds(backend: NativeBackend): number {
  const start = performance.now();
  const count = backend.peakMultiplyAdds(256);
  return (1000 * count) / (performance.now() - start);
}

/** The most of them that a few tries showed. */
export function measurePeak(backend: NativeBackend): number {
  return Math.max(...Array.from({ length: 5 }, () => multiplyAdds(backend)));
}

/** What they are for longer than a moment. */
function measureSustained(backend: NativeBackend): number {
  const rates: number[] = [];
  const end = performance.now() + 2000;
  while (performance.now() < end) rates.push(multiplyAdds(backend));
  return median(rates);
}

/** Measures all of them, each the median of several. */
export function measureMachine(threads: number): Machine {
  const backend = nativeBackend();
  backend.setThreads(threads);
  const moment = 2 * median(Array.from({ length: 5 }, () => measurePeak(backend)));
  const sustainedFlops = 2 * measureSustained(backend);
  // The moment may be one in which somebody else had a core.
  const peakFlops = Math.max(moment, sustainedFlops);
  const count = 64 * 1024 * 1024;
  const [from, to] = [0, 1].map(() => backend.alloc('float32', count));
  backend.fill(from, 'float32', count, 1);
  const stream = (a: number, b: number) => secondsOf(9, () => backend.peakStream(a, b, count));
  const [read, write, copy] = [stream(0, from), stream(to, 0), stream(to, from)];
  for (const x of [from, to]) backend.free(x);
  return {
    cpu: cpus()[0].model,
    threads: backend.threads,
    peakFlops,
    sustainedFlops,
    readBandwidth: (4 * count) / read,
    writeBandwidth: (4 * count) / write,
    copyBandwidth: (8 * count) / copy,
  };
}

export function formatMachine(machine: Machine): string {
  const { cpu, threads, peakFlops, sustainedFlops, readBandwidth, writeBandwidth, copyBandwidth } =
    machine;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const gigaflops = (rate: number) => (rate / 1e9).toFixed(0);
  return (
    `${cpu}, ${threads} threads: ${gigaflops(peakFlops)} GF/s between registers, ${gigaflops(sustainedFlops)} for two ` +
    `seconds on end; memory ${gigabytes(readBandwidth)} GB/s read, ${gigabytes(writeBandwidth)} written, ` +
    `${gigabytes(copyBandwidth)} copied`
  );
}
