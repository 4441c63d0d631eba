/** What several tests train: a small text, and a small model with everything that is hard to resume. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { LoadedDataset, SplitFractions } from '../../src/data/index.js';
import { splitIds } from '../../src/data/index.js';
import type {
  LanguageModel,
  LossOptions,
  ModelDefinition,
  TrainingPreset,
} from '../../src/models/index.js';
import { Dropout, Embedding, Linear, Module } from '../../src/nn/index.js';
import { crossEntropy, type Tensor } from '../../src/tensor/index.js';
import { CharTokenizer } from '../../src/tokenizers/char.js';

/** A text that can be learned: numbers counted up, in words of a kind. */
export const TEXT = Array.from({ length: 700 }, (_, i) => `${i} is ${i * i}; `).join('');

export function dataset(split: SplitFractions = [0.8, 0.1, 0.1]): LoadedDataset {
  const tokenizer = CharTokenizer.fromText(`${TEXT}~`); // its last token never occurs
  const ids = splitIds(Uint16Array.from(tokenizer.encode(TEXT)), split);
  const part = (name: keyof typeof ids) => ({ ids: ids[name], bytes: ids[name].length });
  const splits = { train: part('train'), validation: part('validation'), test: part('test') };
  const info = (name: keyof typeof ids) => ({ tokens: ids[name].length, bytes: ids[name].length });
  return {
    tokenizer,
    splits,
    info: {
      name: 'squares',
      source: 'made',
      sha256: '0'.repeat(64),
      bytes: TEXT.length,
      tokens: TEXT.length,
      tokenizer: 'char',
      vocabSize: tokenizer.vocabSize,
      split,
      splits: { train: info('train'), validation: info('validation'), test: info('test') },
      exactBytes: true,
      cached: false,
    },
    notices: [],
  };
}

interface TinyConfig {
  blockSize: number;
  nEmbd: number;
  nHidden: number;
  dropout: number;
  outputStd: number;
}

/** Embedding, hidden layer with tanh and dropout, output: inputs (B, T), targets (B). */
export class Tiny extends Module implements LanguageModel {
  readonly target = 'next';
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly embedding: Embedding;
  readonly hidden: Linear;
  readonly dropout: Dropout;
  readonly output: Linear;

  constructor(
    config: TinyConfig,
    readonly vocabSize: number,
  ) {
    super();
    const { blockSize: T, nEmbd: C, nHidden: H } = config;
    this.blockSize = T;
    this.receptiveField = T;
    this.embedding = new Embedding(vocabSize, C);
    this.hidden = new Linear(T * C, H);
    this.dropout = new Dropout(config.dropout);
    this.output = new Linear(H, vocabSize);
    this.output.weight.scale_(config.outputStd);
  }

  forward(inputs: Tensor): Tensor {
    const x = this.embedding.forward(inputs).flatten(1); // (B, T) → (B, T·C)
    return this.output.forward(this.dropout.forward(this.hidden.forward(x).tanh())); // → (B, V)
  }

  loss(inputs: Tensor, targets: Tensor, options?: LossOptions): Tensor {
    return crossEntropy(this.forward(inputs), targets, options);
  }
}

const training: TrainingPreset = { steps: 60, batchSize: 8, lr: 0.01, evalBatches: 4 };

export const tiny: ModelDefinition<TinyConfig> = {
  name: 'tiny',
  summary: 'for tests',
  source: 'none',
  schema: z.strictObject({
    blockSize: z.int().default(4).describe('T'),
    nEmbd: z.int().default(6).describe('C'),
    nHidden: z.int().default(16).describe('H'),
    dropout: z.number().default(0.2).describe('p'),
    outputStd: z.number().default(1).describe('scale of the output weight'),
  }),
  defaultPreset: 'plain',
  presets: { plain: { summary: 'plain', model: {}, tokenizer: 'char', training } },
  create: (config, vocabSize) => new Tiny(config, vocabSize),
};

/** The definition as the registry would hand it out. */
export const tinyDefinition = tiny as unknown as ModelDefinition;

/** A new empty folder, removed by `using`. */
export function temporaryFolder(): { path: string } & Disposable {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-test-'));
  return {
    path: folder,
    [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}
