/** Attention, rotary positions and gated units against what PyTorch made of the published forms. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Backend, ReferenceBackend } from '../src/backend/index.js';
import {
  causalAttention,
  concat,
  type GatedLinearKind,
  gatedLinearUnit,
  plainAttention,
  type RotaryLayout,
  type RotaryOptions,
  RotaryTable,
  rotary,
  scope,
  type Tensor,
  tensor,
  withBackend,
} from '../src/tensor/index.js';
import { kernels, named } from './suites/backends.js';

interface Values {
  shape: number[];
  values: number[];
}

interface Case {
  kind: 'attention' | 'rotary' | 'gated';
  settings: Record<string, unknown>;
  inputs: Values[];
  output: Values;
  grads: Values[];
}

const goldens: Case[] = JSON.parse(
  readFileSync(new URL('./goldens/attention.json', import.meta.url), 'utf8'),
);

type Run = (inputs: Tensor[], settings: Record<string, unknown>) => Tensor;

/** To be disposed of once the gradients are there. */
const tables: RotaryTable[] = [];

const RUNS: Record<Case['kind'], Record<string, Run>> = {
  attention: {
    fused: ([q, k, v], settings) => causalAttention(q, k, v, settings),
    plain: ([q, k, v], settings) => plainAttention(q, k, v, settings).y,
  },
  rotary: {
    turned([x], settings) {
      const { dims, theta, scaling, length, layout, offset } = settings;
      const options = { dims, theta, ...(scaling ? { scaling } : {}) } as RotaryOptions;
      const table = new RotaryTable(options, length as number, layout as RotaryLayout);
      tables.push(table);
      return rotary(x, table, { offset: offset as number });
    },
  },
  gated: {
    'two tensors': ([gate, up], { kind }) => gatedLinearUnit(gate, up, kind as GatedLinearKind),
    halves: ([gate, up], { kind }) =>
      gatedLinearUnit(concat([gate, up], -1), kind as GatedLinearKind),
  },
};

const backends: [string, Backend, number][] = [
  ...named(kernels).map(([name, backend]): [string, Backend, number] => [name, backend, 1e-5]),
  ['reference, doubles', new ReferenceBackend({ precision: 'float64' }) as Backend, 1e-8],
];

describe.each(backends)('on the %s backend', (_name, backend, within) => {
  const near = (x: Tensor, { shape, values }: Values) => {
    expect(x.shape).toEqual(shape);
    const scale = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    x.doublesSync().forEach((v, i) => {
      expect(Math.abs(v - values[i]), `element ${i}`).toBeLessThan(within * scale);
    });
  };

  for (const [i, golden] of goldens.entries()) {
    for (const [how, run] of Object.entries(RUNS[golden.kind])) {
      it(`${golden.kind} ${i}, ${how}: ${JSON.stringify(golden.settings)}`, () => {
        withBackend(backend, () =>
          scope(() => {
            const inputs = golden.inputs.map(({ shape, values }) =>
              tensor(Float64Array.from(values), { shape }).requireGrad(),
            );
            const y = run(inputs, golden.settings);
            near(y, golden.output);
            const upstream = Float64Array.from({ length: y.numel }, (_, j) => 0.5 + 0.25 * (j % 7));
            y.backward(tensor(upstream, { shape: y.shape }));
            inputs.forEach((x, j) => {
              near(x.grad!, golden.grads[j]);
            });
            for (const table of tables.splice(0)) table.dispose();
          }),
        );
      });
    }
  }
});
