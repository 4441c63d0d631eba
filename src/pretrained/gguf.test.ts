import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEXT, temporaryFolder } from '../../test/suites/fixtures.js';
import { smallTokenizer } from '../../test/suites/small-tokenizer.js';
import { GgufFile, type GgufValue, gguf, writeGguf } from '../formats/index.js';
import { type LanguageModel, Llama, type LlamaConfig, MLP, WaveNet } from '../models/index.js';
import { manualSeed, noGrad, Scope, tensor } from '../tensor/index.js';
import { CharTokenizer } from '../tokenizers/char.js';
import type { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';
import { loadPretrained } from './load.js';
import { savePretrained } from './save.js';
import { saveGguf } from './save-gguf.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
let tokenizer: SentencePieceTokenizer;
beforeAll(async () => {
  folder = temporaryFolder();
  file = path.join(folder.path, 'model.gguf');
  tokenizer = await smallTokenizer();
});
afterAll(() => folder[Symbol.dispose]());

const base = { blockSize: 16, nLayer: 2, nHead: 4, nEmbd: 32, nHidden: 40 };
const ids = [3, 1, 4, 1, 5, 9, 2, 6];
function logitsOf(model: LanguageModel): Float32Array {
  using _all = new Scope();
  return noGrad(() =>
    model.forward(tensor(Int32Array.from(ids), { shape: [1, 8] })).dataSync(),
  ) as Float32Array;
}
const difference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
const made = (config: Partial<LlamaConfig>, vocabSize = tokenizer.vocabSize): Llama => {
  manualSeed(1);
  return new Llama(config, vocabSize);
};

describe('a Llama as GGUF', () => {
  const cases: [string, Partial<LlamaConfig>][] = [
    ['llama', { ...base, nKvHead: 2 }],
    ['llama', { ...base, ropeLayout: 'interleaved', tiedHead: true }],
    ['llama', { ...base, ropeScaling: { kind: 'linear', factor: 2 } }],
    [
      'llama',
      {
        ...base,
        ropeScaling: {
          kind: 'llama3',
          factor: 8,
          lowFreqFactor: 1,
          highFreqFactor: 4,
          originalMaxPositions: 8,
        },
      },
    ],
    ['qwen2', { ...base, qkvBias: true }],
    ['qwen3', { ...base, qkNorm: true, headDim: 6 }],
    ['smollm3', { ...base, nLayer: 4, noRopeLayers: [3] }],
  ];
  for (const [architecture, config] of cases) {
    it(`comes back the same: ${architecture} ${JSON.stringify(config)}`, async () => {
      using model = made(config);
      expect(saveGguf(model, file, { tokenizer })).toMatchObject({ architecture, notices: [] });
      const back = await loadPretrained(file);
      using loaded = back.model;
      expect(back.config.family).toBe(architecture);
      expect(difference(logitsOf(loaded), logitsOf(model))).toBeLessThan(1e-5);
      const text = 'and 16 is  é😀\n';
      expect([...back.tokenizer!.encode(text)]).toEqual([...tokenizer.encode(text)]);
      expect(back.tokenizer!.decode(back.tokenizer!.encode(text))).toBe(text);
      expect([back.tokenizer!.bosId, back.tokenizer!.eosId]).toEqual([
        tokenizer.bosId,
        tokenizer.eosId,
      ]);
    });
  }

  it('has the rows of q and k as neighbours, k by its own number of heads', () => {
    using model = made({ ...base, nKvHead: 2 });
    saveGguf(model, file, { tokenizer });
    using source = new GgufFile(file);
    const weight = model.h[0]!.attn.cAttn.weight.dataSync(); // rows: q of 4 heads, k of 2, v of 2
    const row = (values: ArrayLike<number>, i: number) =>
      Array.from(values).slice(i * 32, i * 32 + 32);
    for (const [name, first, heads] of [
      ['attn_q', 0, 4],
      ['attn_k', 32, 2],
    ] as const) {
      const stored = new Float32Array(heads * 8 * 32);
      source.readFloats(`blk.0.${name}.weight`, 0, stored);
      for (let head = 0; head < heads; head++) {
        for (let pair = 0; pair < 4; pair++) {
          for (const second of [0, 1]) {
            const apart = first + head * 8 + pair + 4 * second;
            expect(row(stored, head * 8 + 2 * pair + second)).toEqual(row(weight, apart));
          }
        }
      }
    }
    const values = new Float32Array(16 * 32);
    source.readFloats('blk.0.attn_v.weight', 0, values);
    expect([...values]).toEqual([...weight.slice(48 * 32)]);
    expect(source.metadata.get('llama.attention.head_count_kv')).toEqual({ type: 'u32', value: 2 });
  });

  it('stores matrices in the type asked for where rows allow, vectors in float32', () => {
    using model = made(base);
    saveGguf(model, file, { tokenizer, dtype: 'q8_0' });
    using source = new GgufFile(file);
    const typeOf = (name: string) => source.tensors.get(name)!.dtype;
    expect(typeOf('blk.0.attn_q.weight')).toBe('Q8_0');
    expect(typeOf('blk.0.attn_norm.weight')).toBe('F32');
    expect(typeOf('blk.0.ffn_down.weight')).toBe('F16'); // rows of 40
  });

  it('is refused where llama.cpp has no such model, or would end the process', async () => {
    fs.rmSync(file, { force: true });
    const refused = (config: Partial<LlamaConfig>, more: object = {}) => {
      using model = made(config, (more as { tokenizer?: CharTokenizer }).tokenizer?.vocabSize);
      return () => saveGguf(model, file, { tokenizer, ...more });
    };
    expect(refused({ ...base, window: 4, parallel: true })).toThrow(/parallel=true, window=4/);
    expect(refused({ ...base, activation: 'geglu' })).toThrow(/activation=geglu/);
    expect(refused({ ...base, noRopeLayers: [0] })).toThrow(/noRopeLayers=0/);
    const bare = await smallTokenizer({ byte_fallback: false, vocab_size: 60 });
    expect(refused(base, { tokenizer: bare })).toThrow(
      /lacks 256 of the 256 byte pieces .*--byte-fallback/,
    );
    const endless = await smallTokenizer({ eos_id: -1 });
    expect(refused(base, { tokenizer: endless })).toThrow(/no piece that ends a text/);
    expect(refused(base, { tokenizer: CharTokenizer.fromText(TEXT) })).toThrow(
      /expected a SentencePiece tokenizer of type bpe, got char/,
    );
    using mlp = new MLP({ blockSize: 4 } as never, 300);
    expect(() => saveGguf(mlp, file, { tokenizer })).toThrow(/llama.cpp has no such model/);
    expect(fs.existsSync(file)).toBe(false);
  });

  it('says what llama.cpp does otherwise', async () => {
    using model = made(base);
    const normal = await smallTokenizer({
      normalization_rule_name: 'nmt_nfkc',
      remove_extra_whitespaces: true,
    });
    const { notices } = saveGguf(model, file, { tokenizer: normal });
    expect(notices.join()).toMatch(
      /without its normalization \(nmt_nfkc\) and leaving out repeated spaces/,
    );
  });
});

describe('a GGUF of somebody else', () => {
  const write = (edit: (keys: Map<string, GgufValue>) => void) => {
    using model = made(base);
    saveGguf(model, file, { tokenizer });
    using source = new GgufFile(file);
    const keys = new Map(source.metadata);
    edit(keys);
    const tensors = [...source.tensors].map(([name, { shape }]) => {
      const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
      source.readFloats(name, 0, values);
      return [name, { shape, type: 'F32', chunks: () => [values] }] as const;
    });
    writeGguf(file, keys, new Map(tensors));
  };

  it('of a tokenizer that is not read has none, and a notice', async () => {
    write((keys) => keys.set('tokenizer.ggml.model', gguf.string('gpt2')));
    const { model, tokenizer: found, notices } = await loadPretrained(file);
    model.dispose();
    expect(found).toBeUndefined();
    expect(notices.join()).toMatch(/its tokenizer is of the kind "gpt2"/);
  });

  const cases: [string, (keys: Map<string, GgufValue>) => void, RegExp][] = [
    [
      'of another architecture',
      (k) => k.set('general.architecture', gguf.string('gemma3')),
      /"gemma3" are not understood; expected one of llama, qwen2/,
    ],
    [
      'without a size',
      (k) => k.delete('llama.embedding_length'),
      /llama.embedding_length: expected a number above 0/,
    ],
    ['of too many layers', (k) => k.set('llama.block_count', gguf.u32(4e9)), /4000000000 layers/],
    [
      'of layers it lacks',
      (k) => k.set('llama.block_count', gguf.u32(3)),
      /it lacks blk.2.attn_norm.weight/,
    ],
    ['of half a layer', (k) => k.set('llama.block_count', gguf.f32(1.5)), /nLayer/],
    [
      'of rotary positions in a part of each head',
      (k) => k.set('llama.rope.dimension_count', gguf.u32(2)),
      /llama.rope.dimension_count is 2, of heads of \d+: .* not understood/,
    ],
    [
      'of other rotary positions',
      (k) => k.set('llama.rope.scaling.type', gguf.string('yarn')),
      /"yarn" is not understood/,
    ],
    [
      'of scores that are missing',
      (k) => k.set('tokenizer.ggml.scores', gguf.f32s([1])),
      /300 tokens, 1 scores and 300 types/,
    ],
  ];
  for (const [what, edit, expected] of cases) {
    it(`${what} is refused`, async () => {
      write(edit);
      await expect(loadPretrained(file)).rejects.toThrow(expected);
    });
  }
});

describe("nanogpt's own form", () => {
  it('holds any model, and explains itself', async () => {
    manualSeed(1);
    const models = [
      new MLP({ blockSize: 8, nEmbd: 4, nHidden: 8, norm: 'batch' } as never, 40),
      new WaveNet({ blockSize: 8 } as never, 40),
      new Llama({ ...base, parallel: true, logitSoftcap: 15 }, 40),
    ];
    for (const [i, model] of models.entries()) {
      using _model = model.eval();
      const target = path.join(folder.path, `own-${i}`);
      const saved = savePretrained(model, target, {
        dtype: i === 0 ? 'float16' : 'float32',
      });
      expect(saved.family).toBeUndefined();
      const config = JSON.parse(fs.readFileSync(path.join(target, 'config.json'), 'utf8'));
      expect(Object.keys(config.meaning)).toEqual(Object.keys(config.settings));
      expect(Object.values(config.meaning).every((text) => (text as string).length > 3)).toBe(true);
      expect(Object.keys(config.tensors)).toEqual([...model.stateDict().keys()]);
      expect(config.source.length).toBeGreaterThan(10);
      expect(() => savePretrained(model, target)).toThrow(/is there already, and not empty/);
      const back = await loadPretrained(target);
      using loaded = back.model;
      expect(difference(logitsOf(loaded), logitsOf(model))).toBeLessThan(i === 0 ? 5e-3 : 1e-6);
    }
  });

  it('is refused where settings and weights do not fit, before memory is taken', async () => {
    using model = new MLP({ blockSize: 8 } as never, 40);
    const target = path.join(folder.path, 'lies');
    savePretrained(model, target);
    const at = path.join(target, 'config.json');
    const config = JSON.parse(fs.readFileSync(at, 'utf8'));
    const write = (more: object) => fs.writeFileSync(at, JSON.stringify({ ...config, ...more }));
    write({ settings: { ...config.settings, nHidden: 2 ** 40 } });
    await expect(loadPretrained(target)).rejects.toThrow(
      /of another shape .*weight: expected|more than this machine/,
    );
    write({ model: 'toString' });
    await expect(loadPretrained(target)).rejects.toThrow(/there is no model "toString" here/);
    write({ settings: { ...config.settings, nHidden: 'x' } });
    await expect(loadPretrained(target)).rejects.toThrow(/its settings do not fit mlp: nHidden/);
  });
});
