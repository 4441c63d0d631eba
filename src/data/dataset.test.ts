import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenizer } from '../tokenizers/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { loadDataset } from './dataset.js';
import type { TokenIds } from './token-ids.js';

const realDataDir = process.env['NANOGPT_DATA_DIR'];
let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-dataset-'));
  file = path.join(folder, 'text.txt');
  fs.writeFileSync(file, 'naïve text, ten times over.\n'.repeat(10));
  vi.stubEnv('NANOGPT_CACHE_DIR', path.join(folder, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('loadDataset', () => {
  it.each([65_539, 1.5, 'x', -1])(
    'trains on no id that is none: %j as unk_id of a tokenizer.json',
    async (id) => {
      const pieces = [
        ['<unk>', 0],
        ['a', -1],
        ['b', -2],
        [' ', -3],
      ];
      const tokenizer = path.join(folder, 'tokenizer.json');
      fs.writeFileSync(
        tokenizer,
        JSON.stringify({
          ...{ version: '1.0', added_tokens: [], normalizer: null, pre_tokenizer: null },
          ...{ post_processor: null, decoder: null },
          model: { type: 'Unigram', vocab: pieces, unk_id: id },
        }),
      );
      const data = path.join(folder, 'text.txt');
      fs.writeFileSync(data, 'a b ab ba z '.repeat(20));
      await expect(loadDataset({ data, tokenizer })).rejects.toThrow(UserError);
    },
  );

  it('gives splits of ids with the bytes they stand for, and what is worth writing down', async () => {
    const first = await loadDataset({ data: file, tokenizer: 'char' });
    const { tokenizer, splits, info, notices } = first;
    expect([splits.train, splits.validation, splits.test].map((s) => s.ids.length)).toEqual([
      224, 28, 28,
    ]);
    expect([splits.train, splits.validation, splits.test].map((s) => s.bytes)).toEqual([
      232, 29, 29,
    ]);
    expect(tokenizer.decode(splits.test.ids)).toBe('naïve text, ten times over.\n');
    expect(info).toMatchObject({ name: 'text.txt', bytes: 290, tokens: 280, tokenizer: 'char' });
    expect(info.vocabSize).toBe(tokenizer.vocabSize);
    expect(notices).toEqual([]);
    expect(JSON.parse(JSON.stringify(info))).toEqual(info);

    const second = await loadDataset({ data: file, tokenizer: 'char' });
    expect([info.cached, second.info.cached]).toEqual([false, true]);
    expect(second.splits.validation.ids).toEqual(splits.validation.ids);
  });

  it('takes a tokenizer that is already there, and says so where it does not fit', async () => {
    const tokenizer = await createTokenizer('char', { text: () => 'naïve text' });
    await expect(loadDataset({ data: file, tokenizer })).rejects.toThrow(UserError);
  });

  it('checks the split before it fetches anything', async () => {
    const split = [0.8, 0.1, 0.2] as const;
    await expect(
      loadDataset({ data: 'http://127.0.0.1:1/', tokenizer: 'char', split }),
    ).rejects.toThrow(UsageError);
  });
});

// The real corpora are read from NANOGPT_DATA_DIR and never fetched by a test.
describe.skipIf(!realDataDir)('tiny_shakespeare (skipped: NANOGPT_DATA_DIR is not set)', () => {
  it('gives the reference figure of the unigram in p50k_base: 6.592 nats', async () => {
    const { splits, info } = await loadDataset({ tokenizer: 'p50k_base' });
    expect([info.name, info.vocabSize, info.tokens]).toEqual(['tiny_shakespeare', 50_281, 338_022]);
    const { train, validation, test } = splits;
    expect(unigramLoss(train.ids, validation.ids, info.vocabSize)).toBeCloseTo(6.592, 3);
    expect(info.exactBytes).toBe(true);
    expect(train.bytes + validation.bytes + test.bytes).toBe(info.bytes);
    const again = await loadDataset({ tokenizer: 'p50k_base' });
    expect(again.info).toEqual({ ...info, cached: true });
  });

  it('gives the reference figures of the bigram in characters: 2.4546 and 2.4819', async () => {
    const { splits, info } = await loadDataset({ tokenizer: 'char', split: [0.9, 0.1, 0] });
    const { train, validation } = splits;
    expect(info.vocabSize).toBe(65);
    expect(bigramLoss(train.ids, train.ids, 65)).toBeCloseTo(2.4546, 4);
    expect(bigramLoss(train.ids, validation.ids, 65)).toBeCloseTo(2.4819, 4);
    expect([train.bytes, validation.bytes]).toEqual([1_003_854, 111_540]);
  });
});

/** Mean negative log-likelihood of `ids` under add-one counts of `train`. */
function unigramLoss(train: TokenIds, ids: TokenIds, vocabSize: number): number {
  const counts = new Float64Array(vocabSize).fill(1);
  for (const id of train) counts[id]!++;
  const total = train.length + vocabSize;
  let loss = 0;
  for (const id of ids) loss -= Math.log(counts[id]! / total);
  return loss / ids.length;
}

function bigramLoss(train: TokenIds, ids: TokenIds, vocabSize: number): number {
  const counts = new Float64Array(vocabSize * vocabSize).fill(1);
  const totals = new Float64Array(vocabSize).fill(vocabSize);
  for (let i = 0; i + 1 < train.length; i++) {
    counts[train[i]! * vocabSize + train[i + 1]!]!++;
    totals[train[i]!]!++;
  }
  let loss = 0;
  for (let i = 0; i + 1 < ids.length; i++) {
    loss -= Math.log(counts[ids[i]! * vocabSize + ids[i + 1]!]! / totals[ids[i]!]!);
  }
  return loss / (ids.length - 1);
}
