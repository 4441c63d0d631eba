import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../util/errors.js';
import { createTokenizer, loadTokenizer } from '../registry.js';
import { HuggingFaceTokenizer } from './tokenizer.js';

const scratch = () => mkdtempSync(join(tmpdir(), 'nanogpt-'));

describe('bert-base-uncased', () => {
  it('has 30,522 pieces and encodes as published', async () => {
    const bert = await createTokenizer('bert-base-uncased');
    expect(bert.vocabSize).toBe(30_522);
    expect([bert.bosId, bert.eosId]).toEqual([101, 102]);
    expect([...bert.encode('I like strawberries')]).toEqual([1045, 2066, 13137, 20968]);
    expect([...bert.encode('Hello, world!', { bos: true, eos: true })]).toEqual([
      101, 7592, 1010, 2088, 999, 102,
    ]);
    expect(bert.decode([13137, 20968])).toBe('strawberries');
    expect(Array.from([0, 1, 100, 103], (id) => bert.tokenToString(id))).toEqual([
      '[PAD]',
      '[unused0]',
      '[UNK]',
      '[MASK]',
    ]);
  });

  it('reads special tokens as text unless asked, checks ids, streams', async () => {
    const bert = await createTokenizer('bert-base-uncased');
    expect([...bert.encode('a [SEP] b')]).not.toContain(102);
    expect([...bert.encode('a [SEP] b', { special: true })]).toEqual([1037, 102, 1038]);
    expect(() => bert.decode([30_522])).toThrow('out of range');
    const ids = [...bert.encode('unaffable strawberries, and naïve 漢 words.')];
    const stream = bert.decodeStream();
    expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(bert.decode(ids));
  });

  it('streams a long text in proportion to its length, and the same', async () => {
    const bert = await createTokenizer('bert-base-uncased');
    const words = "the quick (brown) fox isn't unaffable, is it? naïve 漢字 strawberries. do n't ";
    const ids = bert.encode(words.repeat(400));
    expect(ids.length).toBeGreaterThan(8000);
    const started = performance.now();
    const stream = bert.decodeStream();
    const text = Array.from(ids, (id) => stream.push(id)).join('') + stream.end();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(text === bert.decode(ids)).toBe(true);
  });

  it('is saved with its vocabulary and loaded', async () => {
    const dir = scratch();
    const bert = await createTokenizer('bert-base-uncased');
    bert.save(dir);
    const loaded = await loadTokenizer(dir);
    expect(loaded.name).toBe('bert-base-uncased');
    expect(loaded.fingerprint).toBe(bert.fingerprint);
    expect(loaded.eosId).toBe(102);
  });
});

const words = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    vocab: { '[UNK]': 0, to: 1, be: 2 },
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
  },
};

describe('broken tokenizer.json', () => {
  const open = (json: unknown) => () =>
    new HuggingFaceTokenizer({ tokenizer: JSON.stringify(json) }, 'x');
  const withVocab = (vocab: unknown) => ({ ...words, model: { ...words.model, vocab } });

  it('is refused for what is wrong with it', () => {
    expect(open(words)).not.toThrow();
    expect(() => new HuggingFaceTokenizer({ tokenizer: '{"a"' }, 'x')).toThrow('not valid JSON');
    expect(open([])).toThrow('expected an object');
    expect(open({ ...words, model: 1 })).toThrow('it has no model');
    expect(open(withVocab(undefined))).toThrow('no vocabulary');
    expect(open(withVocab({}))).toThrow('the vocabulary is empty');
    expect(open(withVocab({ a: -1 }))).toThrow('the id of "a" is -1');
    expect(open(withVocab({ a: 2 ** 40 }))).toThrow('the id of "a"');
    expect(open(withVocab({ a: 16_000_000 }))).toThrow('in a vocabulary of 1 tokens');
    expect(open(withVocab({ a: 0, b: 0 }))).toThrow('id 0 is both');
    expect(open({ ...words, added_tokens: 3 })).toThrow('added_tokens is not a list');
    expect(open({ ...words, added_tokens: [{ id: 0 }] })).toThrow('a token is not a string');
    const merges = (list: unknown) => ({ ...words, model: { ...words.model, merges: list } });
    expect(open(merges([['to']]))).toThrow('merge 0 is not a pair');
    expect(open(merges(['to nowhere']))).toThrow('joins "nowhere", which is no token');
    expect(open({ ...words, pre_tokenizer: { type: 'Nonsense' } })).toThrow('cannot be used');
  });

  it('is refused or used, never more, when it is changed at random', () => {
    const text = JSON.stringify(words);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, change) => {
        try {
          const tokenizer = `${text.slice(0, at)}${change}${text.slice(at + change.length)}`;
          new HuggingFaceTokenizer({ tokenizer }, 'x').encode('to be or not');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});

describe('by name on the hub', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is fetched once, kept, and refused where it is not there or broken', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      const file = /^\/me\/(\w+)\/resolve\/main\/tokenizer\.json$/.exec(request.url!)?.[1];
      if (file === 'words') response.end(JSON.stringify(words));
      else if (file === 'broken') response.end('{"model":{}}');
      else response.writeHead(request.url!.includes('private') ? 401 : 404).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const { port } = server.address() as AddressInfo;
      vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${port}`);
      const cacheDir = scratch();
      for (let i = 0; i < 2; i++) {
        const tokenizer = await createTokenizer('me/words', { cacheDir });
        expect([...tokenizer.encode('to be or')]).toEqual([1, 2, 0]);
      }
      expect(asked.length).toBe(2); // the tokenizer and its configuration, once
      await expect(createTokenizer('me/none', { cacheDir })).rejects.toThrow('no tokenizer.json');
      await expect(createTokenizer('me/private', { cacheDir })).rejects.toThrow('not public');
      await expect(createTokenizer('me/broken', { cacheDir })).rejects.toThrow('no vocabulary');
      await expect(createTokenizer('me/broken', { cacheDir })).rejects.toThrow('no vocabulary');
    } finally {
      server.close();
    }
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    await expect(createTokenizer('me/words')).rejects.toThrow('Without a network, give the path');
  });
});

describe('by path', () => {
  it('opens files and folders, and says what is missing', async () => {
    const dir = scratch();
    await expect(createTokenizer(dir)).rejects.toThrow('contains no tokenizer');
    await expect(createTokenizer(join(dir, 'no.json'))).rejects.toThrow('no such file');
    await expect(createTokenizer('sentencepiece:no.model')).rejects.toThrow('cannot read no.model');
    writeFileSync(join(dir, 'tokenizer.json'), JSON.stringify(words));
    expect((await createTokenizer(dir)).vocabSize).toBe(3);
    const model = join(import.meta.dirname, '../../../test/goldens/tokenizers/unigram.model');
    for (const spec of [model, `sentencepiece:${model}`]) {
      expect((await createTokenizer(spec)).vocabSize).toBe(700);
    }
  });
});
