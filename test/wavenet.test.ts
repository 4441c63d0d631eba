/** WaveNet against PyTorch, its published counts, what it sees, and decoding with its past kept. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  AdamW,
  buildSettings,
  generate,
  loadNative,
  manualSeed,
  models,
  noGrad,
  Scope,
  scope,
  type Tensor,
  tensor,
  WaveNet,
  type WaveNetConfig,
} from '../src/index.js';
import { words } from './golden-words.js';

interface Golden {
  name: string;
  vocab: number;
  batch: number;
  config: Partial<WaveNetConfig> & { blockSize: number };
  labelSmoothing: number;
  losses: number[];
  end: Record<string, number>;
}

const goldens = JSON.parse(
  readFileSync(new URL('./goldens/wavenet.json', import.meta.url), 'utf8'),
) as Golden[];

const definition = models.get('wavenet')!;

function make(config: Partial<WaveNetConfig>, vocabSize: number): WaveNet {
  const model = definition.create(definition.schema.parse(config), vocabSize);
  if (!(model instanceof WaveNet)) throw new Error('expected a WaveNet');
  return model;
}

/** Fills a parameter as PyTorch's model was filled, in PyTorch's shape. */
function fill(path: string, parameter: Tensor): void {
  const spread = path === 'embedding.weight' ? 1 : 0.2;
  const values = Float64Array.from(
    words(path, parameter.numel),
    (word) => 2 * spread * (word / 2 ** 32 - 0.5),
  );
  const [first, second, third] = parameter.shape;
  const shape = parameter.ndim === 3 ? [second, third, first] : parameter.shape;
  const theirs = tensor(values, { shape });
  // (out, in, kernel) → (kernel, out, in)
  parameter.copy_(parameter.ndim === 3 ? theirs.permute(2, 0, 1) : theirs);
}

describe.each(goldens)('$name', (golden) => {
  it('has PyTorch’s ten losses with AdamW and ends at its weights', () => {
    const { vocab, batch: B, labelSmoothing } = golden;
    const T = golden.config.blockSize;
    using model = make(golden.config, vocab);
    const parameters = model.namedParameters();
    expect([...parameters.keys()].sort()).toEqual(Object.keys(golden.end).sort());
    scope(() => {
      for (const [path, parameter] of parameters) fill(path, parameter);
    });
    const optimizer = new AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
    const ids = (what: string) =>
      Int32Array.from(words(what, golden.losses.length * B * T), (word) => word % vocab);
    const [inputs, targets] = [ids('inputs'), ids('targets')];
    golden.losses.forEach((wanted, step) => {
      using _step = new Scope();
      const batch = (all: Int32Array) =>
        tensor(all.subarray(step * B * T, (step + 1) * B * T), { shape: [B, T] });
      const loss = model.loss(batch(inputs), batch(targets), { labelSmoothing });
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      expect(Math.abs(loss.itemSync() - wanted) / wanted).toBeLessThan(2e-6 * (step + 1));
    });
    for (const [path, value] of parameters) {
      const squares = scope(() => value.square().sum().itemSync());
      expect(Math.abs(squares - golden.end[path]) / golden.end[path], path).toBeLessThan(2e-5);
    }
  });
});

describe('the presets', () => {
  it.skipIf(!loadNative()).each([
    ['dilated', 234_135_354, 17],
    ['published', 292_855_610, 24],
  ])('%s has %i parameters and sees %i tokens', (preset, parameters, receptiveField) => {
    const { modelConfig, tokenizer } = buildSettings(definition, { preset });
    expect(tokenizer).toBe('bert-base-uncased');
    using model = make(modelConfig as WaveNetConfig, 30_522);
    expect(model.parameterCount()).toBe(parameters);
    expect(model.receptiveField).toBe(receptiveField);
    expect(model.blockSize).toBe(16);
  });

  it('small-shakespeare has 4,692,032 parameters on 32,000 pieces and sees 65 of them', () => {
    const { modelConfig, tokenizer, split } = buildSettings(definition, {
      preset: 'small-shakespeare',
    });
    expect(tokenizer).toBe('shakespeare');
    expect(split).toEqual([0.9, 0.1, 0]);
    using model = make(modelConfig as WaveNetConfig, 32_000);
    expect(model.parameterCount()).toBe(4_692_032);
    expect(model.receptiveField).toBe(65);
  });

  it('are trained as published', () => {
    const { training } = buildSettings(definition, { preset: 'published' });
    expect(training.batchSize * training.gradAccumulation).toBe(200);
    expect(training).toMatchObject({
      optimizer: 'adamw',
      lr: 1e-3,
      weightDecay: 0.01,
      labelSmoothing: 0.05,
      warmupSteps: 1500,
      warmupFrom: 2e-5,
      schedule: 'cosine',
      minLr: 1e-7,
      clipNorm: 1,
    });
  });
});

const tiny = {
  blockSize: 40,
  nEmbd: 5,
  nResidual: 6,
  nGate: 7,
  nSkip: 8,
  nBlock: 3,
  nStack: 2,
  kernelSizes: [2, 3, 1],
  dilations: [1, 2, 3],
  initialKernel: 2,
} satisfies Partial<WaveNetConfig>;

describe('what it sees', () => {
  it('is its receptive field, and not a token more', () => {
    using model = make(tiny, 11);
    expect(model.receptiveField).toBe(1 + 1 + 2 * (1 + 4));
    manualSeed(5);
    const T = 30;
    const last = (changed: number) =>
      scope(() => {
        const ids = Int32Array.from({ length: T }, (_, t) => (7 * t) % 11);
        if (changed >= 0) ids[changed] = (ids[changed] + 1) % 11;
        const logits = noGrad(() => model.forward(tensor(ids, { shape: [1, T] })));
        return logits.narrow(1, T - 1, 1).dataSync();
      });
    const before = last(-1);
    const first = T - model.receptiveField;
    expect(last(first - 1)).toEqual(before);
    expect(last(first)).not.toEqual(before);
  });

  it.each(['none', 'layer', 'rms', 'group'] as const)(
    'is nothing of what comes later, norm=%s',
    (norm) => {
      using model = make({ ...tiny, nResidual: 8, norm, normGroups: 2 }, 11);
      const logits = (end: number) =>
        scope(() => {
          const ids = Int32Array.from({ length: 20 }, (_, t) => (t < 12 ? t % 11 : end));
          const y = noGrad(() => model.forward(tensor(ids, { shape: [1, 20] })));
          return Array.from(y.dataSync().subarray(0, 12 * 11));
        });
      const [one, other] = [logits(3), logits(8)];
      expect(one).toEqual(other);
    },
  );
});

describe('decoding', () => {
  it('with its past kept gives the logits of the whole forward', () => {
    using model = make(tiny, 11);
    const ids = Int32Array.from({ length: 35 }, (_, t) => (5 * t + (t >> 2)) % 11);
    using decoding = model.startDecoding()!;
    for (let end = 20; end <= ids.length; end += end === 26 ? 3 : 1) {
      const [whole, fed] = scope(() =>
        noGrad(() => {
          const seen = ids.slice(0, end);
          const y = model.forward(tensor(seen, { shape: [1, end] })).narrow(1, end - 1, 1);
          // First a prompt that is longer than the receptive field, then one by one, then three at once.
          const start = end === 20 ? 0 : end === 29 ? 26 : end - 1;
          return [y.dataSync(), decoding.feed(ids.slice(start, end)).dataSync()];
        }),
      );
      expect(fed).toHaveLength(11);
      fed.forEach((value, i) => {
        expect(Math.abs(value - whole[i])).toBeLessThan(1e-5);
      });
    }
  });

  it.each(['layer', 'rms', 'group', 'batch'] as const)('goes through norm=%s alike', (norm) => {
    for (const normPosition of ['before', 'after'] as const) {
      const widths = { nEmbd: 8, nResidual: 8, nGate: 8, nSkip: 8, normGroups: 4 };
      using model = make({ ...tiny, ...widths, norm, normPosition }, 11);
      const ids = Int32Array.from({ length: 20 }, (_, t) => (3 * t) % 11);
      const inputs = tensor(ids, { shape: [1, 20] });
      scope(() => model.forward(inputs)); // BatchNorm sees a training batch
      model.eval();
      const [whole, fed] = scope(() =>
        noGrad(() => {
          using decoding = model.startDecoding()!;
          const last = model.forward(inputs).narrow(1, 19, 1);
          return [last.dataSync(), decoding.feed(ids).dataSync()];
        }),
      );
      fed.forEach((value, i) => {
        expect(Math.abs(value - whole[i])).toBeLessThan(2e-5);
      });
    }
  });

  it('is left to the whole forward where BatchNorm needs a batch', () => {
    using model = make({ ...tiny, norm: 'batch', normInference: 'batch' }, 11);
    expect(model.startDecoding()).toBeUndefined();
    expect(generate(model, [1, 2, 3], { maxTokens: 3, seed: 1 })).toHaveLength(3);
  });

  it('leaves nothing behind', () => {
    using model = make(tiny, 11);
    const { backend } = model.output.weight;
    const buffers = backend.memory.buffers;
    expect(generate(model, [1, 2, 3], { maxTokens: 60, seed: 1 })).toHaveLength(60);
    expect(backend.memory.buffers).toBe(buffers);
  });
});

it('says which lists do not fit the blocks', () => {
  expect(() =>
    buildSettings(definition, { overrides: { nBlock: 3, dilations: [1, 2], kernelSizes: [2] } }),
  ).toThrow(
    'dilations: expected one number for each of the 3 blocks of a stack (nBlock), or one for all, got 2',
  );
});
