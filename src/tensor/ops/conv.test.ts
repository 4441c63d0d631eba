/** The causal convolution against PyTorch's, against finite differences, and its messages. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kernels, named } from '../../../test/suites/backends.js';
import { build, checkOperation, property } from '../../../test/suites/gradcheck.suite.js';
import { ReferenceBackend } from '../../backend/index.js';
import { type Backend, conv1d, linear, ones, scope, tensor, withBackend, zeros } from '../index.js';

interface Golden {
  kernel: number;
  dilation: number;
  B: number;
  T: number;
  in: number;
  out: number;
  groups: number;
  y: string;
  dx: string;
  dWeight: string;
  dBias: string | null;
}

const goldens = JSON.parse(
  readFileSync(new URL('../../../test/goldens/conv.json', import.meta.url), 'utf8'),
) as Golden[];

const BACKENDS: [string, Backend][] = [
  ['doubles', new ReferenceBackend({ precision: 'float64' }) as Backend],
  ...named(kernels),
];

/** The inputs' formula in goldens/conv.py. */
function wave(shape: number[], phase: number) {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => Math.sin(phase + 1.7 * i)),
    { shape },
  );
}

function expectValues(what: string, actual: ArrayLike<number>, golden: string) {
  const wanted = new Float32Array(Uint8Array.from(Buffer.from(golden, 'base64')).buffer);
  expect(actual.length, what).toBe(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  for (let i = 0; i < wanted.length; i++) {
    expect(Math.abs(actual[i] - wanted[i]), `${what}, element ${i}`).toBeLessThan(2e-6 * scale);
  }
}

describe.each(BACKENDS)('PyTorch’s conv1d with left padding, %s', (_name, backend) => {
  const run = (golden: Golden) =>
    withBackend(backend!, () =>
      scope(() => {
        const { kernel, dilation, B, T, in: inSize, out, groups } = golden;
        const x = wave([B, T, inSize], 0.3).requireGrad();
        const weight = wave([out, inSize / groups, kernel], 0.9).requireGrad();
        const bias = golden.dBias === null ? null : wave([out], 2.1).requireGrad();
        const y = conv1d(x, weight.permute(2, 0, 1), bias, { dilation, groups });
        y.backward(wave([B, T, out], 0.5));
        const what = `kernel ${kernel}, dilation ${dilation}, T ${T}, groups ${groups}`;
        expectValues(`${what}: y`, y.doublesSync(), golden.y);
        expectValues(`${what}: dx`, x.grad!.doublesSync(), golden.dx);
        expectValues(`${what}: dWeight`, weight.grad!.doublesSync(), golden.dWeight);
        if (bias) expectValues(`${what}: dBias`, bias.grad!.doublesSync(), golden.dBias!);
      }),
    );

  it.skipIf(!backend)('for every kernel from 1 to 8 and dilation from 1 to 16', () => {
    const plain = goldens.filter(({ groups }) => groups === 1);
    const combinations = new Set(plain.map(({ kernel, dilation }) => `${kernel} ${dilation}`));
    expect(combinations.size).toBe(8 * 16);
    const shorter = plain.filter(({ kernel, dilation, T }) => T <= (kernel - 1) * dilation);
    expect(shorter.length).toBeGreaterThan(20);
    expect(shorter.length).toBeLessThan(108);
    for (const golden of plain) run(golden);
  });

  it.skipIf(!backend)('in groups', () => {
    for (const golden of goldens.filter(({ groups }) => groups > 1)) run(golden);
  });
});

const drawn = fc.record({
  B: fc.integer({ min: 0, max: 3 }),
  T: fc.integer({ min: 0, max: 7 }),
  kernel: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  groups: fc.constantFrom(1, 1, 2, 3),
  groupIn: fc.integer({ min: 1, max: 3 }),
  groupOut: fc.integer({ min: 1, max: 3 }),
  bias: fc.boolean(),
  seed: fc.nat(),
});

describe('conv1d', () => {
  it('is the sum it says, and its gradients are its slopes', () => {
    property(drawn, ({ B, T, kernel, dilation, groups, groupIn, groupOut, bias, seed }) => {
      const [inSize, out] = [groups * groupIn, groups * groupOut];
      const shapes = [[B, T, inSize], [kernel, out, groupIn], ...(bias ? [[out]] : [])];
      checkOperation({
        inputs: shapes,
        run: (x, weight, b) => conv1d(x, weight, b, { dilation, groups }),
        expected: (x, w, b) =>
          build([B, T, out], ([i, t, o]) => {
            let sum = b ? b[o] : 0;
            const first = Math.floor(o / groupOut) * groupIn;
            for (let k = 0; k < kernel; k++) {
              const seen = t - (kernel - 1 - k) * dilation;
              if (seen < 0) continue;
              for (let c = 0; c < groupIn; c++) {
                sum += w[(k * out + o) * groupIn + c] * x[(i * T + seen) * inSize + first + c];
              }
            }
            return sum;
          }),
        seed,
      });
    });
  });

  it('with a kernel of 1 is linear, bit by bit', () => {
    scope(() => {
      const [x, weight, bias] = [wave([2, 5, 7], 1), wave([3, 7], 2), wave([3], 3)];
      const y = conv1d(x, weight.reshape(1, 3, 7), bias, { dilation: 4 });
      expect(y.dataSync()).toEqual(linear(x, weight, bias).dataSync());
    });
  });

  it('sees nothing of what comes later', () => {
    scope(() => {
      const x = ones([1, 6, 2]).requireGrad();
      const y = conv1d(x, ones([3, 1, 2]), null, { dilation: 2 });
      y.narrow(1, 4, 1).sum().backward();
      // Position 4 looks at 0, 2 and 4.
      expect(Array.from(x.grad!.dataSync())).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]);
    });
  });

  it('says what does not fit', () => {
    const x = zeros([2, 5, 4]);
    expect(() => conv1d(zeros([5, 4]), zeros([2, 3, 4]))).toThrow(/expected x \(B, T, in\)/);
    expect(() => conv1d(x, zeros([2, 3, 5]))).toThrow('got (2, 5, 4) and (2, 3, 5)');
    expect(() => conv1d(x, zeros([2, 3, 2]), null, { groups: 2 })).toThrow('with groups 2');
    expect(() => conv1d(x, zeros([2, 3, 4]), zeros([4]))).toThrow('expected bias (3), got (4)');
    expect(() => conv1d(x, zeros([2, 3, 4]), null, { dilation: 0 })).toThrow(
      'expected dilation of at least 1, got 0',
    );
    expect(() => conv1d(zeros([1, 2, 4], 'int32'), zeros([2, 3, 4]))).toThrow('float32');
  });
});
