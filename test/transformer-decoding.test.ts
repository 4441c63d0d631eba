/** Decoding with a cache of keys and values gives what the whole text, gone through anew, would. */
import { describe, expect, it } from 'vitest';
import {
  GPT,
  generate,
  Llama,
  manualSeed,
  noGrad,
  scope,
  type Tensor,
  type Transformer,
  type TransformerConfig,
  tensor,
} from '../src/index.js';
import { words } from './golden-words.js';

const V = 65;
const text = Int32Array.from(words('decoding', 150), (word) => word % V);

/** Logits (V) of what follows the text. */
function follow(model: Transformer, ids: Int32Array): Float32Array {
  return scope(() => {
    const logits = noGrad(() => model.forward(tensor(ids, { shape: [1, ids.length] }))); // (1, T, V)
    return logits.dataSync().slice(-V) as Float32Array;
  });
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));
}

/** Large weights, so that what a token sees matters. */
function lively<M extends Transformer>(model: M): M {
  for (const p of model.parameters()) if (p.ndim === 2) p.scale_(8);
  return model.eval();
}

const SIZE = { blockSize: 16, nLayer: 3, nHead: 4, nEmbd: 32 };

const CASES: [string, Partial<TransformerConfig>][] = [
  ['GPT', {}],
  ['GPT with sinusoids', { position: 'sinusoidal' }],
  ['GPT with the norm after', { normPlace: 'after', nLayer: 2 }],
  ['GPT without positions', { position: 'none' }],
  ['Llama', { norm: 'rms', position: 'rotary', activation: 'swiglu', nKvHead: 2 }],
  ['Mistral', { norm: 'rms', position: 'rotary', window: 5 }],
  ['Qwen 3', { norm: 'rms', position: 'rotary', qkNorm: true, headDim: 12 }],
  [
    'all tricks',
    {
      ...{ norm: 'rms', position: 'rotary', qkNorm: true, residualScalars: true },
      ...{ valueEmbeddings: true, logitSoftcap: 5, parallel: true },
    },
  ],
];

describe.each(CASES)('%s', (_, settings) => {
  it('gives the logits of the whole text, a token or several at a time', () => {
    manualSeed(3);
    using model = lively(new GPT({ ...SIZE, ...settings }, V));
    for (const pieces of [[1, 1, 1, 1, 1, 1], [6, 1, 1, 4, 1, 3], [16], [15, 1]]) {
      using decoding = model.startDecoding();
      let at = 0;
      for (const count of pieces) {
        const logits = scope(() =>
          noGrad(() => decoding.feed(text.subarray(at, at + count))).dataSync(),
        );
        at += count;
        expect(difference(logits, follow(model, text.subarray(0, at)))).toBeLessThan(2e-4);
      }
    }
  });

  it('goes on when the block is full', () => {
    manualSeed(4);
    const config = { ...SIZE, ...settings };
    using model = lively(new GPT(config, V));
    const slides = settings.position === 'rotary' || settings.position === 'none';
    // With relative positions each token sees the blockSize positions that end with it: a window in a longer text.
    using longer = new GPT({ window: 16, ...config, blockSize: slides ? 200 : 16 }, V);
    longer.loadStateDict(model.stateDict());
    longer.eval();
    for (const first of [1, 40]) {
      using decoding = model.startDecoding();
      for (let at = 0; at < text.length; ) {
        const count = at === 0 ? first : 1;
        const logits = scope(() =>
          noGrad(() => decoding.feed(text.subarray(at, at + count))).dataSync(),
        );
        at += count;
        const seen = text.subarray(slides ? 0 : Math.max(0, at - 16), at);
        expect(difference(logits, follow(longer, seen)), `after ${at}`).toBeLessThan(5e-4);
      }
    }
  });
});

it('writes the same text as without a cache, and leaves no memory behind', () => {
  manualSeed(5);
  using model = lively(new Llama({ ...SIZE, nKvHead: 2 }, V));
  const { buffers } = model.wte.weight.backend.memory;
  const ids = generate(model, text.subarray(0, 3), { maxTokens: 12, temperature: 0 });
  expect(model.wte.weight.backend.memory.buffers).toBe(buffers);
  const plain = [...text.subarray(0, 3)];
  for (let i = 0; i < 12; i++) {
    const logits = follow(model, Int32Array.from(plain));
    plain.push(logits.indexOf(Math.max(...logits)));
  }
  expect(ids).toEqual(plain.slice(3));
});

it.each<[string, Partial<TransformerConfig>]>([
  ['learned positions', {}],
  ['rotary positions', { position: 'rotary', nKvHead: 2 }],
])(
  'writes the same text with the cache and without, past the end of the block: %s',
  (_, config) => {
    manualSeed(8);
    using model = lively(new GPT({ ...SIZE, ...config }, V));
    for (const temperature of [0, 1]) {
      const options = { maxTokens: 60, temperature, seed: 3 };
      const cached = generate(model, text.subarray(0, 30), options);
      expect(generate(model, text.subarray(0, 30), { ...options, cache: false })).toEqual(cached);
    }
  },
);

it('is GPT’s when the settings say so, from the same weights', () => {
  manualSeed(6);
  const rest = { bias: false, norm: 'layer', activation: 'gelu', tiedHead: true } as const;
  using asGPT = new GPT({ ...SIZE, bias: false }, V);
  using asLlama = new Llama({ ...SIZE, ...rest, position: 'learned' }, V);
  asLlama.loadStateDict(asGPT.stateDict());
  const ids = text.subarray(0, 16);
  expect(follow(asLlama, ids)).toEqual(follow(asGPT, ids));
});

it('makes a gated feed-forward layer as large as the other', () => {
  const count = (config: Partial<TransformerConfig>): number => {
    using model = new GPT({ nEmbd: 384, nHead: 6, nLayer: 1, ...config }, V);
    return model.parameterCount();
  };
  const plain = count({});
  expect(count({ activation: 'swiglu' }) / plain).toBeCloseTo(1, 3);
  expect(count({ activation: 'reluSquared' })).toBe(plain);
});

it.each<[string, Partial<TransformerConfig>, string]>([
  [
    'heads that do not divide',
    { nHead: 4, nKvHead: 3 },
    'expected nHead that nKvHead divides, got 4 and 3',
  ],
  ['odd rotary heads', { position: 'rotary', nEmbd: 12, nHead: 4 }, 'headDim 3'],
  ['an unknown activation', { activation: 'swish' }, 'activation'],
])('refuses %s', (_, config, message) => {
  expect(() => new GPT(config, V)).toThrow(message);
});

function largest(x: Tensor): number {
  return scope(() => x.abs().max().itemSync());
}

it('begins projections at 0 where asked, and logits within the softcap', () => {
  using model = new GPT({ ...SIZE, zeroProjections: true, logitSoftcap: 2 }, V);
  for (const block of model.h) {
    expect(largest(block.attn.cProj.weight)).toBe(0);
    expect(largest(block.mlp.cProj.weight)).toBe(0);
  }
  model.wte.weight.scale_(1e4);
  expect(Math.max(...follow(model, text.subarray(0, 5)).map(Math.abs))).toBeLessThanOrEqual(2);
});
