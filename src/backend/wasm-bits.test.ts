/**
 * Which of the WebAssembly backend's results are the native ones to the bit: all that is made of single roundings, in an
 * order that the width of vectors does not decide. Not so: what a native compiler makes of fused multiply-adds
 * (products, exponentials and what rests on them, normal numbers, optimizers), and sums along rows, whose order is that of the
 * lanes.
 */
import { describe, expect, it } from 'vitest';
import { native, wasm } from '../../test/suites/backends.js';
import type { Backend, BinaryOp, IntegerOp, UnaryOp } from './backend.js';

type Kernels = Backend<number>;

const COUNT = 10_007;

function drawn(backend: Kernels, stream: number, count = COUNT): number {
  const pointer = backend.alloc('float32', count);
  // 5 u - 2 in doubles: a product with few bits, so that fusing it changes nothing.
  backend.uniform(pointer, count, -2, 3, { seed: 7, stream, position: 0 });
  return pointer;
}

function floats(backend: Kernels, pointer: number, count = COUNT): Float32Array {
  const out = new Float32Array(count);
  backend.read(pointer, 'float32', out);
  return out;
}

function ints(backend: Kernels, pointer: number, count: number): Int32Array {
  const out = new Int32Array(count);
  backend.read(pointer, 'int32', out);
  return out;
}

const UNARY: UnaryOp[] = [
  ...(['neg', 'abs', 'sqrt', 'square', 'relu', 'leakyRelu', 'reluSquared', 'reciprocal'] as const),
  ...(['rsqrt', 'sign', 'floor', 'ceil', 'round', 'clampMin', 'clampMax'] as const),
];
const BINARY: BinaryOp[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'lt', 'ge'];
const INTEGER: IntegerOp[] = ['add', 'mul', 'floorDivide', 'remainder', 'xor', 'le'];

const CASES: Record<string, (b: Kernels) => ArrayLike<number>> = {
  uniform: (b) => floats(b, drawn(b, 1)),
  dropout(b) {
    const x = drawn(b, 1);
    b.dropout(x, x, COUNT, 0.3, { seed: 1, stream: 1, position: 5 });
    return floats(b, x);
  },
  'a sum of columns'(b) {
    const [x, out] = [drawn(b, 1, 100_000), drawn(b, 2, 500)];
    b.reduce('sum', out, x, 50, 200, 10);
    return floats(b, out, 500);
  },
  'the greatest of rows'(b) {
    const [x, out] = [drawn(b, 1, 99_900), drawn(b, 2, 300)];
    b.reduce('max', out, x, 300, 333, 1);
    return floats(b, out, 300);
  },
  'running sums'(b) {
    const x = drawn(b, 1, 10_000);
    b.cumsum(x, x, 1, 10_000, 1, true);
    return floats(b, x, 10_000);
  },
  histogram(b) {
    const counts = b.alloc('int32', 50);
    b.histogram(counts, drawn(b, 1), COUNT, -2, 2, 50);
    return ints(b, counts, 50);
  },
  topk(b) {
    const [values, indices] = [drawn(b, 2, 500), b.alloc('int32', 500)];
    b.topk(values, indices, drawn(b, 1, 10_000), 100, 100, 5, true);
    return [...floats(b, values, 500), ...ints(b, indices, 500)];
  },
  'sums of rows by id'(b) {
    const ids = b.alloc('int32', 1000);
    b.write(
      ids,
      'int32',
      Int32Array.from({ length: 1000 }, (_, i) => (i * i) % 37),
    );
    const [rows, values] = [b.alloc('int32', 1000), b.alloc('float32', 33_000)];
    const found = b.sumRowsById(rows, values, drawn(b, 1, 33_000), ids, 1000, 33);
    return [...ints(b, rows, found), ...floats(b, values, 33 * found)];
  },
  'adding at strides'(b) {
    const [x, out] = [drawn(b, 1, 600), drawn(b, 2, 600)];
    b.copyStrided(out, x, 'float32', [20, 30], [1, 20], [30, 1], true);
    return floats(b, out, 600);
  },
};
for (const op of UNARY) {
  CASES[op] = (b) => {
    const [x, y, dx, dy] = [drawn(b, 1), drawn(b, 2), drawn(b, 3), drawn(b, 4)];
    b.unary(op, y, x, COUNT, 0.3);
    b.unaryBackward(op, dx, dy, x, y, COUNT, 0.3);
    return [...floats(b, y), ...floats(b, dx)];
  };
}
for (const op of BINARY) {
  CASES[op] = (b) => {
    const out = drawn(b, 3);
    b.binary(op, out, drawn(b, 1), drawn(b, 2), COUNT);
    return ints(b, out, COUNT);
  };
}
for (const op of INTEGER) {
  CASES[`integers, ${op}`] = (b) => {
    const [x, y, out] = [0, 1, 2].map(() => b.alloc('int32', COUNT));
    b.floatToInt(x, drawn(b, 1), COUNT);
    b.fill(y, 'int32', COUNT, 3);
    b.integerStrided(op, out, x, y, [COUNT], [1], [1]);
    return ints(b, out, COUNT);
  };
}

describe.skipIf(native === null || wasm === null)('bits of WebAssembly and of this machine', () => {
  it.each(Object.keys(CASES))('are the same: %s', (name) => {
    const bits = (backend: Backend | null) => Array.from(CASES[name](backend as Kernels));
    expect(bits(wasm)).toEqual(bits(native));
  });
});
