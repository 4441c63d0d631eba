/** GPT and Llama with their switches against PyTorch, their published counts, and what they refuse. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countingBackend } from '../src/backend/counting.js';
import {
  AdamW,
  buildSettings,
  clipGradNorm,
  generate,
  manualSeed,
  models,
  noGrad,
  Scope,
  scope,
  type Tensor,
  Transformer,
  type TransformerConfig,
  tensor,
  withBackend,
} from '../src/index.js';
import { words } from './golden-words.js';

interface Golden {
  name: string;
  vocab: number;
  batch: number;
  kind: 'gpt' | 'llama';
  config: Partial<TransformerConfig> & { blockSize: number };
  logits: number[];
  gradients: Record<string, number>;
  losses: number[];
  end: Record<string, number>;
}

const goldens = JSON.parse(
  readFileSync(new URL('./goldens/transformer.json', import.meta.url), 'utf8'),
) as Golden[];

function make(kind: string, config: Partial<TransformerConfig>, vocabSize = 65): Transformer {
  const definition = models.get(kind)!;
  const model = definition.create(definition.schema.parse(config), vocabSize);
  if (!(model instanceof Transformer)) throw new Error('expected a Transformer');
  return model;
}

/** `h.0.ln1.weight` → `h.0.ln_1.weight`, nanoGPT's name. */
function theirName(path: string): string {
  return path.replace(/[A-Z]|(?<=ln)\d/g, (letter) => `_${letter.toLowerCase()}`);
}

function fill(path: string, parameter: Tensor): void {
  const name = theirName(path);
  if (name.endsWith('_scale')) return; // those two keep what they begin with
  const isGain = name.includes('_norm') || name.includes('ln_');
  const shift = isGain && name.endsWith('weight') ? 1 : 0;
  parameter.copy_(
    Float64Array.from(words(name, parameter.numel), (word) => shift + 0.4 * (word / 2 ** 32 - 0.5)),
  );
}

const near = (value: number, wanted: number) => Math.abs(value - wanted) / Math.abs(wanted);

describe.each(goldens)('$name', (golden) => {
  it('have PyTorch’s logits, gradients, ten losses and weights', () => {
    const { vocab, batch: B, losses, logits } = golden;
    const T = golden.config.blockSize;
    using model = make(golden.kind, golden.config, vocab);
    const parameters = [...model.namedParameters()];
    expect(parameters.map(([path]) => theirName(path))).toEqual(Object.keys(golden.end));
    for (const [path, parameter] of parameters) fill(path, parameter);
    const ids = (what: string) =>
      Int32Array.from(words(what, losses.length * B * T), (word) => word % vocab);
    const [inputs, targets] = [ids('inputs'), ids('targets')];
    const batch = (of: Int32Array, step: number) =>
      tensor(of.subarray(step * B * T, (step + 1) * B * T), { shape: [B, T] });
    const optimizer = new AdamW(
      [
        { params: parameters.map(([, p]) => p).filter((p) => p.ndim >= 2), weightDecay: 0.1 },
        ...(parameters.some(([, p]) => p.ndim < 2)
          ? [{ params: parameters.map(([, p]) => p).filter((p) => p.ndim < 2), weightDecay: 0 }]
          : []),
      ],
      { lr: 1e-2, betas: [0.9, 0.95] },
    );
    scope(() => {
      const out = noGrad(() => model.forward(batch(inputs, 0))); // (B, T, V)
      const last = [
        ...out
          .narrow(0, 0, 1)
          .narrow(1, T - 1, 1)
          .dataSync(),
      ];
      for (const [i, value] of last.entries()) {
        expect(Math.abs(value - logits[i])).toBeLessThan(1e-5);
      }
    });
    losses.forEach((wanted, step) => {
      using _step = new Scope();
      optimizer.lr = 1e-2 * Math.min(1, (step + 1) / 5);
      const loss = model.loss(batch(inputs, step), batch(targets, step));
      optimizer.zeroGrad();
      loss.backward();
      if (step === 0) {
        for (const [path, p] of parameters) {
          const norm = Math.sqrt(p.grad!.square().sum().itemSync());
          expect(near(norm, golden.gradients[theirName(path)]), path).toBeLessThan(1e-4);
        }
      }
      clipGradNorm(model.parameters(), 1);
      optimizer.step();
      expect(near(loss.itemSync(), wanted), `step ${step}`).toBeLessThan(1e-5 * (step + 1));
    });
    for (const [path, p] of parameters) {
      // The keys' bias adds the same to every score of a row: its gradient is nothing but rounding, which Adam
      // makes as large as any.
      if (path.endsWith('cAttn.bias')) continue;
      const squares = scope(() => p.square().sum().itemSync());
      expect(near(squares, golden.end[theirName(path)]), path).toBeLessThan(1e-3);
    }
  });
});

describe('the presets', () => {
  // nanoGPT counts without the positions: 0.80 M and 10.65 M.
  it.each([
    ['char', 65, 795_904],
    ['char-large', 65, 10_646_784],
  ])('%s has nanoGPT’s number of parameters but for the positions', (preset, vocab, wanted) => {
    const { modelConfig } = buildSettings(models.get('gpt')!, { preset });
    using model = make('gpt', modelConfig as TransformerConfig, vocab);
    expect(model.parameterCount() - model.wpe!.weight.numel).toBe(wanted);
  });

  // As published, or as transformers counts them.
  it.each([
    ['gpt', 'gpt2', 50_257, 124_439_808],
    ['gpt', 'gpt2-medium', 50_257, 354_823_168],
    ['gpt', 'gpt2-large', 50_257, 774_030_080],
    ['gpt', 'gpt2-xl', 50_257, 1_557_611_200],
    ['llama', 'stories-15m', 32_000, 15_191_712],
    ['llama', 'smollm2-135m', 49_152, 134_515_008],
    ['llama', 'tinyllama-1.1b', 32_000, 1_100_048_384],
  ])('%s/%s has the published shape', (kind, preset, vocab, wanted) => {
    const { modelConfig } = buildSettings(models.get(kind)!, { preset });
    const limits = { bytes: Infinity, patience: Infinity, buffers: Infinity };
    withBackend(countingBackend(limits), () => {
      expect(make(kind, modelConfig as TransformerConfig, vocab).parameterCount()).toBe(wanted);
    });
  });

  it('begin at ln V, and write', () => {
    manualSeed(1);
    using model = make('gpt', { blockSize: 16, nEmbd: 32 });
    const loss = scope(() => {
      const ids = tensor(Int32Array.from(words('ids', 64), (word) => word % 65));
      const targets = tensor(Int32Array.from(words('targets', 64), (word) => word % 65));
      return model.loss(ids.view(4, 16), targets.view(4, 16)).itemSync();
    });
    expect(Math.abs(loss - Math.log(65))).toBeLessThan(0.1);
    const tokens = generate(model, [1, 2, 3], { maxTokens: 40, seed: 1 });
    expect(tokens).toHaveLength(40);
  });

  it('sees nothing of what comes later', () => {
    manualSeed(2);
    using model = make('gpt', { blockSize: 12, nEmbd: 16 });
    scope(() => {
      const ids = Int32Array.from(words('ids', 12), (word) => word % 65);
      const whole = noGrad(() => model.forward(tensor(ids, { shape: [1, 12] })));
      const other = ids.slice();
      other.fill(3, 7);
      const changed = noGrad(() => model.forward(tensor(other, { shape: [1, 12] })));
      const head = (x: Tensor) => [...x.narrow(1, 0, 7).dataSync()];
      expect(head(changed)).toEqual(head(whole));
      expect(changed.dataSync()).not.toEqual(whole.dataSync());
    });
  });
});

it('refuses a width that its heads do not divide, and windows that are too long', () => {
  expect(() => make('gpt', { nEmbd: 10, nHead: 3 })).toThrow(
    'gpt: expected nEmbd that nHead divides, got 10 and 3',
  );
  using model = make('gpt', { blockSize: 4, nEmbd: 8 });
  expect(() => model.forward(tensor(new Int32Array(5), { shape: [1, 5] }))).toThrow(
    'gpt: expected at most 4 tokens, got 5',
  );
});
