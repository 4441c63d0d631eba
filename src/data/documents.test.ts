import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import { Generator } from '../util/random.js';
import { loadDataset } from './dataset.js';
import { DocumentPass } from './document-pass.js';
import { DocumentSampler } from './document-sampler.js';
import { passOf, samplerOf } from './examples.js';
import { type Batch, WindowSampler } from './sampler.js';
import { SPLIT_NAMES } from './split.js';

/** ab. c. def. with '.' = 0 */
const IDS = Uint16Array.of(1, 2, 0, 3, 0, 4, 5, 6, 0);
const EXAMPLES = ['... 1', '..1 2', '.12 0', '... 3', '..3 0', '... 4', '..4 5', '.45 6', '456 0'];

const shown = ({ rows, blockSize: T, inputs, targets }: Batch) =>
  Array.from({ length: rows }, (_, row) => {
    const block = Array.from(inputs.subarray(row * T, (row + 1) * T), (id) => id || '.');
    return `${block.join('')} ${targets[row]}`;
  });

const options = { batchSize: 4, blockSize: 3, boundary: 0 };

describe('DocumentPass', () => {
  it('predicts every token and every closing boundary once, from its document alone', () => {
    const pass = new DocumentPass(IDS, options);
    expect([pass.tokens, pass.batches]).toEqual([9, 3]);
    for (let i = 0; i < 2; i++) expect(Array.from(pass, shown).flat()).toEqual(EXAMPLES);
  });

  it('visits examples spread over the split when told to be short', () => {
    const pass = new DocumentPass(IDS, { ...options, batchSize: 3, maxBatches: 1 });
    expect([pass.tokens, pass.batches]).toEqual([3, 1]);
    expect(Array.from(pass, shown).flat()).toEqual([EXAMPLES[0], EXAMPLES[3], EXAMPLES[6]]);
  });

  it('refuses what are no documents', () => {
    const of = (ids: number[], more = {}) =>
      new DocumentPass(Uint16Array.from(ids), { ...options, ...more });
    expect(() => of([], { name: 'test' })).toThrow(/the test split has no documents/);
    expect(() => of([1, 0, 2])).toThrow(/expected its last document to end with the boundary/);
    expect(() => of([1, 0], { batchSize: 0 })).toThrow(UserError);
  });
});

describe('DocumentSampler', () => {
  it('draws every example equally often', () => {
    const sampler = new DocumentSampler(IDS, { ...options, batchSize: 900 }, new Generator(4));
    const counts = new Map(EXAMPLES.map((example) => [example, 0]));
    for (let step = 0; step < 10; step++) {
      for (const example of shown(sampler.next())) counts.set(example, counts.get(example)! + 1);
    }
    expect([...counts.keys()]).toEqual(EXAMPLES);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(4 * Math.sqrt(889));
  });

  it('can be entered anywhere, and continues from a saved state', () => {
    const make = (batchSize: number, generator: Generator) =>
      new DocumentSampler(IDS, { ...options, batchSize }, generator);
    const whole = make(6, new Generator(9, 1));
    whole.next();
    const state = JSON.parse(JSON.stringify(whole.state()));
    const second = shown(whole.next());
    const position = 2 * (6 + 3); // row 3 of step 1: two words an example
    expect(shown(make(3, Generator.fromState({ seed: 9, stream: 1, position })).next())).toEqual(
      second.slice(3),
    );
    const resumed = make(6, new Generator(0));
    resumed.restore(state);
    expect(shown(resumed.next())).toEqual(second);
  });
});

describe('samplerOf and passOf', () => {
  it('pad documents for a model with one target, and read them as a text for others', () => {
    const source = { ids: IDS, boundary: 0 };
    const window = { batchSize: 2, blockSize: 3 };
    const generator = new Generator(0);
    expect(samplerOf(source, { ...window, target: 'next' }, generator)).toBeInstanceOf(
      DocumentSampler,
    );
    expect(samplerOf(source, { ...window, target: 'all' }, generator)).toBeInstanceOf(
      WindowSampler,
    );
    expect(passOf(source, { ...window, target: 'next' }).tokens).toBe(9);
    expect(passOf(source, { ...window, target: 'all' }).tokens).toBe(8);
    expect(passOf({ ids: IDS }, { ...window, target: 'next' }).tokens).toBe(6);
  });
});

const realDataDir = process.env['NANOGPT_DATA_DIR'];
let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-documents-'));
  vi.stubEnv('NANOGPT_CACHE_DIR', path.join(folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('loadDataset of documents', () => {
  const letters = Array.from({ length: 10 }, (_, i) => 'abcdefghij'[i]!);
  const write = (text: string) => {
    const file = path.join(folder, 'lines.txt');
    fs.writeFileSync(file, text);
    return file;
  };

  it('shuffles lines as Python does, and splits them by their number', async () => {
    const data = write(`${letters.join('\r\n')}\n\n`);
    const load = () => loadDataset({ data, documents: true, tokenizer: 'char' });
    const { splits, tokenizer, info } = await load();
    // random.Random(42).shuffle(list(range(10)))
    const order = [7, 3, 2, 8, 5, 6, 9, 4, 0, 1].map((i) => `${letters[i]}\n`);
    const text = SPLIT_NAMES.map((name) => tokenizer.decode(splits[name].ids));
    expect(text).toEqual([order.slice(0, 8).join(''), order[8], order[9]]);
    expect(SPLIT_NAMES.map((name) => splits[name].bytes)).toEqual([16, 2, 2]);
    expect(splits.train.boundary).toBe(0);
    expect(info).toMatchObject({
      vocabSize: 11,
      tokens: 20,
      documents: { boundary: 0, shuffleSeed: 42, splits: { train: 8, validation: 1, test: 1 } },
    });
    const again = await load();
    expect(again.info).toEqual({ ...info, cached: true });
    expect(again.splits).toEqual(splits);
    const plain = await loadDataset({ data, tokenizer: 'char' });
    expect(plain.info.documents).toBeUndefined();
    expect(plain.splits.train.boundary).toBeUndefined();
  });

  it('never lets a token reach over a boundary', async () => {
    const data = write('a cat\na dog\nthe end\na cat sat\n');
    const split = [0.5, 0.5, 0] as const;
    const { splits, tokenizer } = await loadDataset({
      data,
      documents: true,
      tokenizer: 'gpt2',
      split,
    });
    const { ids, boundary } = splits.train;
    expect(tokenizer.decode([boundary!])).toBe('\n');
    expect(ids.filter((id) => id === boundary)).toHaveLength(2);
    expect(ids.at(-1)).toBe(boundary);
    expect(splits.test.ids).toHaveLength(0);
  });

  it('refuses a text without lines, and a tokenizer without a boundary', async () => {
    const empty = { data: write('\n\n'), documents: true, tokenizer: 'char' };
    await expect(loadDataset(empty)).rejects.toThrow(/expected documents, a line each/);
    const tokenizer = await createTokenizer('char', { text: () => 'abc' });
    const data = write('abc\ncab\n');
    await expect(loadDataset({ data, documents: true, tokenizer })).rejects.toThrow(UserError);
  });

  describe.skipIf(!realDataDir)('names (skipped: NANOGPT_DATA_DIR is not set)', () => {
    it('are split as published', async () => {
      const { splits, tokenizer, info } = await loadDataset({ data: 'names', tokenizer: 'char' });
      const sizes = SPLIT_NAMES.map((name) => splits[name].ids.length);
      expect(sizes).toEqual([182_625, 22_655, 22_866]);
      expect([tokenizer.encode('\naz').join(), info.vocabSize]).toEqual(['0,1,26', 27]);
      const lines = SPLIT_NAMES.map((name) => tokenizer.decode(splits[name].ids).split('\n'));
      expect(lines[0]!.slice(0, 4)).toEqual(['yuheng', 'diondre', 'xavien', 'jori']);
      expect(lines[0]!.slice(-2)).toEqual(['holdan', '']);
      expect([lines[1]![0], lines[1]!.at(-2)]).toEqual(['amay', 'hayla']);
      expect([lines[2]![0], lines[2]!.at(-2)]).toEqual(['mustafa', 'yovani']);
    });
  });
});
