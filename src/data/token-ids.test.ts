import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../util/errors.js';
import { Generator } from '../util/random.js';
import { DocumentSampler } from './document-sampler.js';
import { WindowSampler } from './sampler.js';
import { encodeCached } from './token-cache.js';
import { encodeDocumentsHere, packIds, type TokenIds } from './token-ids.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-ids-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** What a tokenizer that is damaged, or somebody's own, may give. */
function giving(ids: ArrayLike<unknown>, vocabSize = 1000) {
  const encode = () => ids as Uint32Array;
  return { name: 'odd', vocabSize, fingerprint: 'f', encode };
}
const text = { text: 'to be', sha256: 'x' };

describe('packing', () => {
  it.each([
    ['65539, which is 3 in 16 bits', 65_539, '65539'],
    ['-1', -1, '-1'],
    ['a fraction', 1.5, '1.5'],
    ['text', 'x', '"x"'],
    ['text that is a number', '3', '"3"'],
    ['NaN', Number.NaN, 'NaN'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['the first beyond the vocabulary', 1000, '1000'],
  ])('refuses %s, naming tokenizer, id and position, and keeps nothing', async (_, id, shown) => {
    const expected = new UserError(
      `odd: gave the text the id ${shown} at position 2; expected whole numbers from 0 to 999, ` +
        'the ids of its vocabulary. The tokenizer is damaged.',
    );
    const ids = [1, 2, id, 3];
    expect(() => packIds(giving(ids), ids as number[])).toThrow(expected);
    await expect(encodeCached(text, giving(ids), { folder })).rejects.toThrow(expected);
    await expect(encodeCached(text, giving(ids), { folder: null })).rejects.toThrow(expected);
    expect(fs.readdirSync(folder)).toEqual([]);
    expect(() => encodeDocumentsHere(['emma'], giving(ids), 0)).toThrow(
      /odd: gave document "emma" the id .* at position 2;/,
    );
    expect(() => encodeDocumentsHere(['emma'], giving([1]), id as number)).toThrow(UserError);
  });

  it('refuses a vocabulary that is no size', () => {
    for (const size of [0, 1.5, Number.NaN, 2 ** 31 + 1]) {
      expect(() => packIds(giving([0], size), [0])).toThrow(/expected a vocabulary of 1 to 2\^31/);
    }
  });

  it('keeps the largest ids as they are, in both widths', () => {
    for (const [size, type] of [
      [2 ** 16, Uint16Array],
      [2 ** 16 + 1, Uint32Array],
      [2 ** 31, Uint32Array],
    ] as const) {
      const packed = packIds(giving([], size), [0, size - 1]);
      expect(packed).toBeInstanceOf(type);
      expect([...packed]).toEqual([0, size - 1]);
    }
  });

  it('does not believe a cached file whose ids are beyond the vocabulary', async () => {
    const ids = Uint32Array.of(1, 2, 70_000);
    await encodeCached(text, giving(ids, 70_001), { folder });
    const [name] = fs.readdirSync(folder);
    const file = path.join(folder, name!);
    const bytes = fs.readFileSync(file);
    bytes.writeUInt32LE(70_000, 12); // the header's vocabulary, with which its last id is none
    fs.writeFileSync(file, bytes);
    const { cached } = await encodeCached(text, giving([1, 2, 3], 70_000), { folder });
    expect(cached).toBe(false);
  });
});

describe('samplers', () => {
  it('take no list of numbers that nobody has looked at', () => {
    const list = [0, 1.5, 70_000, 0] as unknown as TokenIds;
    const options = { batchSize: 1, blockSize: 1, boundary: 0, target: 'next' as const };
    const words = /expected token ids in a Uint16Array or Uint32Array, got Array/;
    expect(() => new WindowSampler(list, options, new Generator(1))).toThrow(words);
    expect(() => new DocumentSampler(list, options, new Generator(1))).toThrow(words);
  });

  it('refuse a batch that no array holds, in one line', () => {
    const options = { batchSize: 1e9, blockSize: 1000 };
    const ids = Uint16Array.of(1, 2, 3);
    expect(() => new WindowSampler(ids, options, new Generator(1))).toThrow(
      /^a batch of 1000000000 blocks of 1000 tokens: expected at most/,
    );
  });
});
