/**
 * What a call costs beyond its arithmetic: representative methods of the native backend on tensors of
 * one element, in nanoseconds and in bytes of JavaScript heap.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node build/bench/overhead.js
 */
import { fileURLToPath } from 'node:url';
import { loadNative, matmulSize, nativeProblem, type ParameterUpdate } from 'nanogpt';
import { median } from './statistics.js';

export interface Overhead {
  method: string;
  nanoseconds: number;
  heapBytes: number;
}

const CALLS = 20_000;
const ROUNDS = 15;

/** The median of ROUNDS; what is allocated in one round stays below a collection of garbage. */
function measure(method: string, call: () => void): Overhead {
  const nanoseconds: number[] = [];
  const heapBytes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const heap = process.memoryUsage().heapUsed;
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) call();
    nanoseconds.push(((performance.now() - start) / CALLS) * 1e6);
    heapBytes.push(Math.max(0, process.memoryUsage().heapUsed - heap) / CALLS);
  }
  return {
    method,
    nanoseconds: Math.round(median(nanoseconds)),
    heapBytes: Math.round(median(heapBytes)),
  };
}

/** One row for each method, in the order of the interface. */
export function benchOverhead(): Overhead[] {
  const backend = loadNative();
  if (!backend) throw new Error(nativeProblem() ?? 'no native backend');
  const [x, y, z, ids] = [1, 1, 1, 1].map((n) => backend.alloc('float32', n));
  for (const pointer of [x, y, z]) backend.fill(pointer, 'float32', 1, 0.5);
  backend.fill(ids, 'int32', 1, 0);
  const host = new Float32Array(1);
  const shape = [1, 1, 1, 1];
  const update: ParameterUpdate<number> = {
    param: x,
    grad: y,
    count: 1,
    rows: null,
    rowCount: 0,
    width: 1,
    lr: 0.1,
    weightDecay: 0,
    state1: null,
    state2: null,
  };
  const updates = Array.from({ length: 10 }, () => update);
  const key = { seed: 1, stream: 2, position: 3 };
  const results = [
    measure('alloc and free', () => backend.free(backend.alloc('float32', 1))),
    measure('write', () => backend.write(x, 'float32', host)),
    measure('read', () => backend.read(x, 'float32', host)),
    measure('fill', () => backend.fill(z, 'float32', 1, 1)),
    measure('uniform', () => backend.uniform(z, 1, 0, 1, key)),
    measure('matmul', () => backend.matmul(z, x, y, null, matmulSize({ m: 1, n: 1, k: 1 }))),
    measure('unary', () => backend.unary('tanh', z, x, 1, 0)),
    measure('unaryBackward', () => backend.unaryBackward('tanh', z, x, y, y, 1, 0)),
    measure('binary', () => backend.binary('add', z, x, y, 1)),
    measure('binaryStrided, 4 dimensions', () =>
      backend.binaryStrided('add', z, x, y, shape, shape, shape),
    ),
    measure('copyStrided, 4 dimensions', () =>
      backend.copyStrided(z, x, 'float32', shape, shape, shape, false),
    ),
    measure('reduce', () => backend.reduce('sum', z, x, 1, 1, 1)),
    measure('sumOfSquares', () => backend.sumOfSquares(x, 1)),
    measure('softmax', () => backend.softmax(z, x, 1, 1, false)),
    measure('crossEntropy', () => backend.crossEntropy(z, y, x, 1, ids, 1, 1, 0, -100)),
    measure('gatherRows', () => backend.gatherRows(z, x, ids, 1, 1, 1)),
    measure('sgdStep, 10 parameters', () => backend.sgdStep(updates, 1, 0, 0, false, false)),
  ];
  for (const pointer of [x, y, z, ids]) backend.free(pointer);
  return results;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { method, nanoseconds, heapBytes } of benchOverhead()) {
    console.log(
      `${method.padEnd(30)}${String(nanoseconds).padStart(7)} ns${String(heapBytes).padStart(7)} bytes of heap`,
    );
  }
}
