/** Models as they are published, against their published mathematics (test/goldens/pretrained.py). */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import type { LanguageModel } from '../models/index.js';
import { noGrad, Scope, tensor } from '../tensor/index.js';
import { loadPretrained } from './load.js';
import { savePretrained } from './save.js';

const goldens = fileURLToPath(new URL('../../test/goldens/pretrained/', import.meta.url));
const { ids, logits } = JSON.parse(
  fs.readFileSync(path.join(goldens, 'expected.json'), 'utf8'),
) as {
  ids: number[];
  logits: Record<string, number[]>;
};

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

function logitsOf(model: LanguageModel, tokens = ids): Float32Array {
  using _all = new Scope();
  return noGrad(() =>
    model.forward(tensor(Int32Array.from(tokens), { shape: [1, tokens.length] })).dataSync(),
  ) as Float32Array;
}

/** The largest difference. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

describe('a published model', () => {
  const names = Object.keys(logits);

  it('of each kind is there', () => {
    expect(names.length).toBe(12);
  });

  for (const name of names) {
    it(`computes what it is said to: ${name}`, async () => {
      const { model, tokenizer, notices } = await loadPretrained(path.join(goldens, name));
      using _model = model;
      expect(model.training).toBe(false);
      expect(tokenizer).toBeUndefined();
      expect(notices).toEqual([]);
      expect(difference(logitsOf(model), logits[name]!)).toBeLessThan(2e-5);
    });
  }

  it('comes back the same from every way in which it is written', async () => {
    for (const name of names) {
      const { model, config } = await loadPretrained(path.join(goldens, name));
      using _model = model;
      const target = path.join(folder.path, name);
      const { family } = savePretrained(model, target);
      if (!/nanogpt|llama/.test(name)) expect(family).toBe(config.family);
      const back = await loadPretrained(target);
      using _back = back.model;
      expect(back.config.family).toBe(family);
      expect(difference(logitsOf(back.model), logitsOf(model))).toBeLessThan(1e-5);
      expect(back.notices).toEqual([]);
    }
  });

  it('written in its own type is the same file, tensor for tensor', async () => {
    for (const [name, dtype] of [
      ['llama', 'float16'],
      ['mistral', 'bfloat16'],
      ['smollm3', 'bfloat16'],
    ] as const) {
      const { model } = await loadPretrained(path.join(goldens, name));
      using _model = model;
      const target = path.join(folder.path, `${name}-again`);
      savePretrained(model, target, { dtype });
      const [a, b] = [path.join(goldens, name), target].map(read) as [Published, Published];
      expect(Object.keys(b.tensors).sort()).toEqual(Object.keys(a.tensors).sort());
      for (const [key, value] of Object.entries(a.tensors))
        expect([key, b.tensors[key]]).toEqual([key, value]);
      // Each key of the published configuration that says what is computed.
      const keys = [
        'model_type',
        'architectures',
        'hidden_size',
        'num_key_value_heads',
        'rms_norm_eps',
        'rope_theta',
        'vocab_size',
        'tie_word_embeddings',
        'no_rope_layers',
        'sliding_window',
        'intermediate_size',
      ];
      for (const key of keys)
        if (key in a.config) expect([key, b.config[key]]).toEqual([key, a.config[key]]);
      expect([b.config['dtype'], b.config['torch_dtype']]).toEqual([dtype, dtype]);
    }
  });

  it('of GPT-2 is written as it was: Conv1D, with the prefix of the whole model', async () => {
    const { model } = await loadPretrained(path.join(goldens, 'gpt2'));
    using _model = model;
    const target = path.join(folder.path, 'gpt2-again');
    savePretrained(model, target);
    const [a, b] = [path.join(goldens, 'gpt2'), target].map(read) as [Published, Published];
    const masks = Object.keys(a.tensors).filter((key) => key.endsWith('.attn.bias'));
    expect(Object.keys(b.tensors).length).toBe(Object.keys(a.tensors).length - masks.length);
    for (const [key, value] of Object.entries(b.tensors))
      expect(value).toEqual(a.tensors[key.replace('transformer.', '')]);
    for (const key of [
      'n_ctx',
      'n_positions',
      'n_embd',
      'n_head',
      'activation_function',
      'vocab_size',
    ]) {
      expect([key, b.config[key]]).toEqual([key, a.config[key]]);
    }
  });
});

describe('a smaller block or vocabulary', () => {
  it('keeps the first rows', async () => {
    for (const name of ['gpt2', 'llama', 'llama2c-untied.bin']) {
      const whole = await loadPretrained(path.join(goldens, name));
      const part = await loadPretrained(path.join(goldens, name), { blockSize: 8, vocabSize: 12 });
      using _a = whole.model;
      using _b = part.model;
      expect([part.model.blockSize, part.model.vocabSize]).toEqual([8, 12]);
      const [all, some] = [
        logitsOf(whole.model, ids.slice(0, 8)),
        logitsOf(part.model, ids.slice(0, 8)),
      ];
      const kept = Array.from(all).filter((_, i) => i % 19 < 12);
      expect(difference(some, kept)).toBeLessThan(1e-6);
    }
  });

  it('is never larger than what was published', async () => {
    const load = (options: object) => loadPretrained(path.join(goldens, 'gpt2'), options);
    await expect(load({ blockSize: 17 })).rejects.toThrow(
      /blockSize to be a whole number from 1 to 16, got 17/,
    );
    await expect(load({ vocabSize: 20 })).rejects.toThrow(/vocabSize .* from 1 to 19, got 20/);
  });
});

interface Published {
  config: Record<string, unknown>;
  tensors: Record<string, { dtype: string; shape: number[]; bytes: string }>;
}

/** A folder's configuration and its tensors' bytes, read independently. */
function read(where: string): Published {
  const bytes = fs.readFileSync(path.join(where, 'model.safetensors'));
  const length = Number(bytes.readBigUInt64LE());
  const { __metadata__, ...header } = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  expect(__metadata__).toEqual({ format: 'pt' });
  const tensors: Published['tensors'] = {};
  for (const [name, entry] of Object.entries(header)) {
    const { dtype, shape, data_offsets } = entry as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const [begin, end] = data_offsets.map((offset) => 8 + length + offset) as [number, number];
    tensors[name] = { dtype, shape, bytes: bytes.toString('hex', begin, end) };
  }
  return { config: JSON.parse(fs.readFileSync(path.join(where, 'config.json'), 'utf8')), tensors };
}
