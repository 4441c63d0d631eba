import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Tokenizer as HuggingFace } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { createTokenizer, loadTokenizer } from '../registry.js';
import { wellFormed } from '../support.js';
import { GPT2_SPLIT, GPT4_SPLIT } from './split.js';
import { trainByteBpe } from './train.js';
import { ByteBpeTokenizer } from './trained.js';

const corpus = readFileSync(
  join(import.meta.dirname, '../../../test/goldens/tokenizers/corpus.txt'),
  'utf8',
);
const specials = ['<|endoftext|>', '<|pad|>'];

const wordsOf = (text: string) =>
  [...text.matchAll(new RegExp(GPT2_SPLIT, 'gu'))].map(([word]) => [...Buffer.from(word)]);

function countPairs(words: number[][]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) {
    for (let i = 0; i + 1 < word.length; i++) {
      const key = `${word[i]},${word[i + 1]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

describe('trainByteBpe', () => {
  it('joins the most frequent pair each time, as counting anew shows', () => {
    const text = corpus.slice(0, 3000);
    const settings = { vocabSize: 356, split: GPT2_SPLIT, specials: [] };
    const merges = trainByteBpe(text, settings);
    expect(merges.length).toBe(100);
    // Which of equally frequent pairs comes first is a matter of taste; how frequent they are is not.
    const words = wordsOf(text);
    for (const [n, [left, right]] of merges.entries()) {
      const counts = countPairs(words);
      expect(counts.get(`${left},${right}`)).toBe(Math.max(...counts.values()));
      for (const word of words) {
        for (let i = 0; i + 1 < word.length; i++) {
          if (word[i] === left && word[i + 1] === right) word.splice(i, 2, 256 + n);
        }
      }
    }
  });

  it('counts overlapping pairs once they are joined', () => {
    const merges = trainByteBpe('aaaa aaaa', { vocabSize: 300, split: GPT2_SPLIT, specials: [] });
    expect(merges).toEqual([
      [97, 97],
      [256, 256],
    ]);
  });

  it('refuses a vocabulary without room for bytes, and an empty corpus', () => {
    const settings = { vocabSize: 257, split: GPT2_SPLIT, specials };
    expect(() => trainByteBpe('a', settings)).toThrow('expected at least 258');
    expect(() => trainByteBpe('', { ...settings, vocabSize: 300 })).toThrow('corpus is empty');
  });
});

describe.each([
  ['GPT-2', GPT2_SPLIT],
  ['GPT-4', GPT4_SPLIT],
])('a byte-level BPE with the pattern of %s', (_, split) => {
  const ours = ByteBpeTokenizer.train(corpus, { vocabSize: 1000, split, specials });
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.nat(corpus.length - 1).map((from) => wellFormed(corpus.slice(from, from + 60))),
  );

  it('is read by the Hugging Face library, which encodes alike', async () => {
    const theirs = HuggingFace.fromString(ours.toJson());
    const original = async (text: string) => (await theirs.encode(text)).getIds();
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const ids = [...ours.encode(text)];
        expect(await original(text)).toEqual(ids);
        expect(ours.decode(ids)).toBe(text);
      }),
      { numRuns: 600 },
    );
    const special = 'one<|endoftext|>two';
    expect(await original(special)).toEqual([...ours.encode(special, { special: true })]);
  });

  it('is saved and loaded', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
    ours.save(dir);
    const loaded = await loadTokenizer(dir);
    expect(loaded.fingerprint).toBe(ours.fingerprint);
    expect(loaded.vocabSize).toBe(1000);
    expect(loaded.encode(corpus)).toEqual(ours.encode(corpus));
    expect((await createTokenizer(dir)).fingerprint).toBe(ours.fingerprint);
    // Taken as anyone's tokenizer.json, it goes through the library and comes to the same ids.
    const foreign = await createTokenizer(join(dir, 'tokenizer.json'));
    expect(foreign.encode('etaoin shrdlu')).toEqual(ours.encode('etaoin shrdlu'));
    const stream = foreign.decodeStream();
    const ids = ours.encode(corpus);
    const streamed = Array.from(ids, (id) => stream.push(id)).join('') + stream.end();
    expect(streamed === wellFormed(corpus)).toBe(true);
    expect(foreign.decode(ids) === wellFormed(corpus)).toBe(true);
  });
});

describe('ByteBpeTokenizer.fromJson', () => {
  const json = () => {
    const settings = { vocabSize: 300, split: GPT2_SPLIT, specials };
    return JSON.parse(ByteBpeTokenizer.train('low lower lowest low', settings).toJson());
  };
  const read = (value: unknown) => () => ByteBpeTokenizer.fromJson(JSON.stringify(value), 'x');

  it('refuses what it cannot have written', () => {
    expect(read(json())).not.toThrow();
    expect(() => ByteBpeTokenizer.fromJson('{', 'x')).toThrow('not valid JSON');
    expect(read({})).toThrow('it has no model');
    const far = json();
    far.model.vocab.a = 10 ** 12;
    expect(read(far)).toThrow('the id of "a"');
    const twice = json();
    twice.model.vocab.a = 98;
    expect(read(twice)).toThrow('id 98 is both');
    const unknown = json();
    unknown.model.merges[0] = ['q', 'no such'];
    expect(read(unknown)).toThrow('which is no token');
    const circle = json();
    circle.model.merges.reverse();
    expect(read(circle)).toThrow('was not written by this');
  });
});
