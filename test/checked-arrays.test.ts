/** The tokenizers with typed arrays that throw where a write would be lost. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withCheckedArrays } from './checked-arrays.js';

const goldens = join(import.meta.dirname, 'goldens/tokenizers');
const ideographs = readFileSync(join(goldens, 'ideographs.txt'), 'utf8');

it('throws where a write would be lost, and else changes nothing', async () => {
  await withCheckedArrays(async () => {
    const array = new Int32Array(2);
    array[1] = 7;
    expect(() => (array[2] = 1)).toThrow('write to 2 in an array of 2');
    expect(() => (array.subarray(1)[1] = 1)).toThrow('write to 1 in an array of 1');
    expect(() => (array[-1] = 1)).toThrow('write to -1');
    expect([...array]).toEqual([0, 7]);
    expect([...Uint8Array.of(1, 2).map((x) => 2 * x)]).toEqual([2, 4]);
  });
  expect(() => (new Int32Array(2)[2] = 1)).not.toThrow();
});

it('SentencePiece loses no write, in training and encoding', async () => {
  const settings = { model_type: 'bpe', vocab_size: 3300, character_coverage: 1 };
  const encoded = async () => {
    const { train } = await import('../src/tokenizers/sentencepiece/train.js');
    const { SentencePieceTokenizer } = await import('../src/tokenizers/sentencepiece/tokenizer.js');
    const identity = { ...settings, normalization_rule_name: 'identity' };
    const { model, vocab } = await train(identity, {}, ideographs);
    const texts = [ideographs.slice(0, 3000), 'x'.repeat(700), 'ab '.repeat(300)];
    const unigram = readFileSync(join(goldens, 'unigram-bytes.model'));
    const ids = [model, unigram].map((bytes) => {
      const tokenizer = new SentencePieceTokenizer(Uint8Array.from(bytes), 'm');
      return texts.map((text) => [...tokenizer.encode(text)]);
    });
    return { vocab, ids };
  };
  const checked = await withCheckedArrays(encoded);
  expect(checked).toEqual(await encoded());
});

it('byte-level BPE loses no write, in training and encoding', async () => {
  const text = `${ideographs.slice(0, 6000)}${'ab'.repeat(300)}`;
  const encoded = async () => {
    const { ByteBpeTokenizer } = await import('../src/tokenizers/bytes/trained.js');
    const { GPT4_SPLIT } = await import('../src/tokenizers/bytes/split.js');
    const tokenizer = ByteBpeTokenizer.train(text, {
      vocabSize: 900,
      split: GPT4_SPLIT,
      specials: ['<|endoftext|>'],
    });
    return [tokenizer.toJson(), ...tokenizer.encode(`${text}${'q'.repeat(400)}`)];
  };
  expect(await withCheckedArrays(encoded)).toEqual(await encoded());
});
