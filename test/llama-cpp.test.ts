/**
 * GGUF files against llama.cpp itself: the same distribution of the next token, and the same tokens of a text.
 *
 * Skipped unless NANOGPT_TEST_LLAMA_CPP names a folder; node-llama-cpp is installed there (71 MB, CPU alone) when it
 * is not there yet:
 *
 *     NANOGPT_TEST_LLAMA_CPP=build/llama-cpp npx vitest run test/llama-cpp.test.ts
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LanguageModel, Llama, type LlamaConfig } from '../src/models/index.js';
import { type GgufDType, loadPretrained, saveGguf } from '../src/pretrained/index.js';
import { manualSeed, noGrad, randn, Scope, tensor } from '../src/tensor/index.js';
import type { SentencePieceTokenizer } from '../src/tokenizers/sentencepiece/tokenizer.js';
import { temporaryFolder } from './suites/fixtures.js';
import { smallTokenizer } from './suites/small-tokenizer.js';

const folder = process.env['NANOGPT_TEST_LLAMA_CPP'];
const peer = fileURLToPath(new URL('llama-cpp-peer.mjs', import.meta.url));
/** The largest difference of a probability: llama.cpp keeps keys and values in float16. */
const BOUND = 2e-3;

/** Its optional packages for other processors would be 700 MB. */
function install(into: string): void {
  if (fs.existsSync(path.join(into, 'node_modules', 'node-llama-cpp'))) return;
  fs.mkdirSync(into, { recursive: true });
  fs.writeFileSync(path.join(into, 'package.json'), '{"private":true}\n');
  const packages = [
    'node-llama-cpp@3.22.1',
    `@node-llama-cpp/${process.platform}-${process.arch}@3.22.1`,
  ];
  execFileSync('npm', ['install', '--omit=optional', '--no-audit', '--no-fund', ...packages], {
    cwd: into,
  });
}

describe.skipIf(!folder)('a GGUF file in llama.cpp', () => {
  let scratch: ReturnType<typeof temporaryFolder>;
  let tokenizer: SentencePieceTokenizer;
  beforeAll(async () => {
    install(path.resolve(folder!));
    scratch = temporaryFolder();
    tokenizer = await smallTokenizer({}, '\nthe quick brown fox jumps over the lazy dog\n');
  }, 300_000);
  afterAll(() => scratch?.[Symbol.dispose]());

  const base = { blockSize: 64, nLayer: 2, nHead: 4, nEmbd: 64, nHidden: 96 };
  const cases: [string, Partial<LlamaConfig>, GgufDType][] = [
    ['llama, shared keys and values', { ...base, nKvHead: 2 }, 'float32'],
    [
      'llama, odd widths, tied',
      { ...base, nEmbd: 36, nHead: 6, nKvHead: 3, nHidden: 44, tiedHead: true },
      'float32',
    ],
    ['llama, neighbours as pairs', { ...base, nKvHead: 1, ropeLayout: 'interleaved' }, 'float32'],
    [
      'llama, linear scaling',
      { ...base, ropeScaling: { kind: 'linear', factor: 2 }, ropeTheta: 500 },
      'float32',
    ],
    [
      "llama, Llama 3's scaling",
      {
        ...base,
        ropeTheta: 300,
        ropeScaling: {
          kind: 'llama3',
          factor: 8,
          lowFreqFactor: 1,
          highFreqFactor: 4,
          originalMaxPositions: 24,
        },
      },
      'float32',
    ],
    ['llama, norms without gains', { ...base, normGain: false }, 'float32'],
    ['llama, in 16 bits', { ...base, nKvHead: 2 }, 'float16'],
    ['llama, in bfloat16', { ...base, nKvHead: 2 }, 'bfloat16'],
    ['llama, in 8 bits', { ...base, nKvHead: 2 }, 'q8_0'],
    ['qwen2', { ...base, nKvHead: 2, qkvBias: true, tiedHead: true }, 'float32'],
    [
      'qwen3, heads of a width of their own',
      { ...base, nKvHead: 2, qkNorm: true, headDim: 24 },
      'float32',
    ],
    ['smollm3', { ...base, nLayer: 4, noRopeLayers: [3] }, 'float32'],
  ];
  const text = '7 is 49; the quick brown fox é 😀 \n  jumps';
  const distribution = (model: LanguageModel, ids: readonly number[]): Float32Array => {
    using _all = new Scope();
    const inputs = tensor(Int32Array.from(ids), { shape: [1, ids.length] });
    return noGrad(() => model.forward(inputs).softmax(-1).dataSync()) as Float32Array;
  };
  const difference = (a: Float32Array, b: Float32Array): number =>
    a.reduce((most, p, i) => Math.max(most, Math.abs(p - b[i]!)), 0);

  for (const [name, config, dtype] of cases) {
    it(`gives the same distribution: ${name}`, async () => {
      using model = new Llama(config, tokenizer.vocabSize);
      sharpen(model);
      const file = path.join(scratch.path, 'model.gguf');
      saveGguf(model, file, { tokenizer, dtype });
      const ids = [...tokenizer.encode(text)].slice(0, 40);
      const args = [peer, path.resolve(folder!), file, JSON.stringify(ids), text];
      const output = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' });
      const { probabilities, tokens } = JSON.parse(output.trim().split('\n').at(-1)!) as {
        probabilities: Record<string, number>[];
        tokens: number[];
      };
      expect(tokens).toEqual([...tokenizer.encode(text)]);
      const theirs = Float32Array.from(
        probabilities.flatMap((step) =>
          Array.from({ length: tokenizer.vocabSize }, (_, id) => step[id] ?? 0),
        ),
      );
      // As it is stored: in 8 bits they are not the same weights.
      const { model: stored } = await loadPretrained(file);
      using _stored = stored;
      const ours = distribution(stored, ids);
      const worst = difference(ours, theirs);
      if (process.env['NANOGPT_TEST_VERBOSE']) {
        const largest = ours.reduce((most, p) => Math.max(most, p), 0);
        console.log(
          `${name}: ${worst.toExponential(1)} at most; the likeliest ${largest.toFixed(2)}`,
        );
      }
      // In these two llama.cpp rounds what the weights are multiplied by as coarsely.
      const coarser = { q8_0: 20, bfloat16: 5, float32: 1, float16: 1 }[dtype];
      expect(worst).toBeLessThan(coarser * BOUND);
      // The bound tells one order of rotary pairs from the other.
      const ropeLayout = config.ropeLayout === 'interleaved' ? 'half' : 'interleaved';
      using other = new Llama({ ...config, ropeLayout }, tokenizer.vocabSize);
      other.loadStateDict(model.stateDict());
      expect(difference(distribution(other, ids), theirs)).toBeGreaterThan(5 * BOUND);
    }, 60_000);
  }
});

/** Weights larger than at first, so that the distributions are far from even; biases and gains that differ. */
function sharpen(model: LanguageModel): void {
  using _all = new Scope();
  manualSeed(3);
  noGrad(() => {
    for (const [path, parameter] of model.stateDict()) {
      if (parameter.ndim === 1)
        parameter.copy_(parameter.add(randn([...parameter.shape]).mul(0.3)));
      else
        parameter.copy_(randn([...parameter.shape]).mul(/^(wte|lmHead)/.test(path) ? 0.25 : 0.1));
    }
  });
}
