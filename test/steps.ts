/**
 * A small training run, made of tensors alone, for the tests of memory and of threads: embeddings (B, T)
 * → flattened → a hidden layer → logits that never exist whole, and plain gradient descent.
 */
import { createHash } from 'node:crypto';
import type { Backend } from '../src/backend/index.js';
import {
  embedding,
  leakyRelu,
  linear,
  linearCrossEntropy,
  noGrad,
  RandomSource,
  rand,
  randn,
  scope,
  type Tensor,
  tensor,
  withBackend,
} from '../src/tensor/index.js';
import { Generator } from '../src/util/random.js';

export interface Sizes {
  /** Batch, time, channels, hidden units, vocabulary. */
  B: number;
  T: number;
  C: number;
  H: number;
  V: number;
  maxLogits: number;
}

export interface Model {
  parameters: Record<'table' | 'hidden' | 'out' | 'bias', Tensor>;
  step(): number;
}

/** A model with its data, on a backend; `step` trains once and returns the loss. */
export function makeModel(backend: Backend, { B, T, C, H, V, maxLogits }: Sizes): Model {
  const random = new RandomSource(42);
  const data = new Generator(42, 1);
  const parameters = withBackend(backend, () => ({
    table: randn([V, C], { random }).retain().requireGrad(),
    hidden: randn([H, T * C], { std: (T * C) ** -0.5, random })
      .retain()
      .requireGrad(),
    out: randn([V, H], { std: H ** -0.5, random })
      .retain()
      .requireGrad(),
    bias: rand([V], { low: -0.1, high: 0.1, random }).retain().requireGrad(),
  }));
  const { table, hidden, out, bias } = parameters;
  const draw = (count: number) => Int32Array.from({ length: count }, () => data.integer(V));

  const step = () =>
    scope(() => {
      const ids = tensor(draw(B * T), { shape: [B, T] });
      const targets = tensor(draw(B));
      const x = embedding(table, ids).flatten(1); // (B, T) → (B, T, C) → (B, T·C)
      const h = leakyRelu(linear(x, hidden)); // (B, T·C) → (B, H)
      const penalty = h.square().mean(0).sum().mul(1e-3); // for the reductions' sake
      const loss = linearCrossEntropy(h, out, bias, targets, { maxLogits }).add(penalty);
      loss.backward();
      noGrad(() => {
        const { rows, values, rowCount, width } = table.rowGrad!;
        values.scale_(-0.1);
        backend.addRows(table.pointer, rows.pointer, values.pointer, rowCount, width);
        for (const p of [hidden, out, bias]) p.addScaled_(p.grad!, -0.1);
      });
      for (const p of [table, hidden, out, bias]) p.zeroGrad();
      return loss.itemSync();
    });
  return { parameters, step: () => withBackend(backend, step) };
}

/** A digest of every bit of every parameter. */
export function digest({ parameters }: Model): string {
  const hash = createHash('sha256');
  for (const parameter of Object.values(parameters)) hash.update(parameter.dataSync());
  return hash.digest('hex');
}
