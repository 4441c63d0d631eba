/** Running the cases of goldens/cases.py: the same expressions on every backend, against PyTorch's numbers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Backend, ReferenceBackend } from '../src/backend/index.js';
import { ones, scope, type Tensor, tensor, withBackend } from '../src/tensor/index.js';
import { backends, named } from './suites/backends.js';

interface Values {
  shape: number[];
  /** What JSON cannot hold is a string: "nan", "inf", "-inf". */
  values: (number | string)[];
  /** Default: float32. */
  dtype?: 'int32' | 'bool';
}

interface Case {
  inputs: Values[];
  ints: Values[];
  output: Values;
  /** Of the inputs; empty where the result has none. */
  grads: Values[];
}

/** What builds a case's result from its inputs, floats first. */
export type Expressions = Record<string, (...inputs: Tensor[]) => Tensor>;

const BACKENDS: [string, Backend, number][] = [
  ['doubles', new ReferenceBackend({ precision: 'float64' }) as Backend, 1e-10],
  ...named(backends).map(([name, backend]): [string, Backend, number] => [name, backend, 2e-5]),
];

const asNumber = (value: number | string): number =>
  typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity'));

function make({ shape, values, dtype }: Values): Tensor {
  return tensor(Float64Array.from(values, asNumber), { shape, dtype: dtype ?? 'float32' });
}

function expectValues(what: string, actual: Tensor, golden: Values, tolerance: number) {
  const values = golden.values.map(asNumber);
  expect(actual.shape, what).toEqual(golden.shape);
  expect(actual.dtype, what).toBe(golden.dtype ?? 'float32');
  const scale = Math.max(1, ...values.filter(Number.isFinite).map(Math.abs));
  actual.doublesSync().forEach((value, i) => {
    if (value === values[i] || (Number.isNaN(value) && Number.isNaN(values[i]))) return;
    const error = Math.abs(value - values[i]);
    expect(error, `${what}, element ${i}: ${value} for ${values[i]}`).toBeLessThanOrEqual(
      tolerance * scale,
    );
  });
}

function check(golden: Case, expression: Expressions[string], tolerance: number): void {
  const wanted = golden.grads.length > 0;
  const leaves = golden.inputs.map((values) => make(values).requireGrad(wanted));
  const y = expression(...leaves, ...golden.ints.map(make));
  expectValues('result', y, golden.output, tolerance);
  if (!wanted) return;
  const steps = Float64Array.from({ length: y.numel }, (_, i) => i);
  y.backward(tensor(steps, { shape: y.shape }).mul(0.25).add(ones([]).mul(0.5)));
  leaves.forEach((leaf, i) => {
    expectValues(`gradient ${i}`, leaf.grad!, golden.grads[i], tolerance);
  });
}

/** Tests the expressions against `file` of test/goldens. */
export function goldenCases(file: string, expressions: Expressions): void {
  const path = new URL(`./goldens/${file}`, import.meta.url);
  const goldens: Record<string, Case> = JSON.parse(readFileSync(path, 'utf8'));
  describe.each(BACKENDS)('PyTorch’s numbers, %s', (_name, backend, tolerance) => {
    it.each(Object.keys(goldens))('%s', (name) => {
      withBackend(backend, () => scope(() => check(goldens[name], expressions[name], tolerance)));
    });
  });

  it('has an expression for every case', () => {
    expect(Object.keys(expressions).sort()).toEqual(Object.keys(goldens).sort());
  });
}
