import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer, loadTokenizer, registerTokenizer, TOKENIZER_NAMES } from './registry.js';
import { saveFolder } from './save-folder.js';
import { train } from './sentencepiece/train.js';
import { fingerprintOf } from './support.js';
import type { Tokenizer } from './tokenizer.js';

describe('createTokenizer', () => {
  it('names the nearest valid name', async () => {
    await expect(createTokenizer('p50kbase')).rejects.toThrow('Did you mean "p50k_base"?');
    await expect(createTokenizer('chars')).rejects.toThrow('Did you mean "char"?');
    await expect(createTokenizer('zzzzzzzzzzzzzzz')).rejects.toThrow(/^(?!.*Did you mean).*char/);
  });

  it("takes the names of OpenAI's models", async () => {
    const encodings = {
      'gpt-4o': 'o200k_base',
      'gpt-4o-2024-08-06': 'o200k_base',
      'o3-mini': 'o200k_base',
      'gpt-4': 'cl100k_base',
      'gpt-4-32k': 'cl100k_base',
      'gpt-3.5-turbo': 'cl100k_base',
      'text-davinci-003': 'p50k_base',
      'text-davinci-edit-001': 'p50k_edit',
      davinci: 'r50k_base',
      'gpt-2': 'gpt2',
      'gpt-oss-120b': 'o200k_harmony',
    };
    for (const [model, encoding] of Object.entries(encodings)) {
      expect((await createTokenizer(model)).name).toBe(encoding);
    }
    await expect(createTokenizer('gpt-6')).rejects.toThrow("one of OpenAI's models (gpt-4o)");
  });

  it('says that char needs a text', async () => {
    await expect(createTokenizer('char')).rejects.toThrow('needs the training text');
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe', async () => {
    const pipe = join(mkdtempSync(join(tmpdir(), 'nanogpt-')), 'pipe.model');
    execFileSync('mkfifo', [pipe]);
    await expect(createTokenizer(pipe)).rejects.toThrow('is a pipe: expected a file');
    await expect(train({ input: [pipe], model_type: 'bpe' })).rejects.toThrow(
      'is a pipe: expected a file',
    );
  });
});

describe('loadTokenizer', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
  const manifest = (content: string) => writeFileSync(join(dir, 'nanogpt-tokenizer.json'), content);

  it('refuses what is not a tokenizer', async () => {
    await expect(loadTokenizer(join(dir, 'none'))).rejects.toThrow('contains no saved tokenizer');
    manifest('{');
    await expect(loadTokenizer(dir)).rejects.toThrow('is not valid JSON');
    manifest('null');
    await expect(loadTokenizer(dir)).rejects.toThrow('does not describe a tokenizer');
    manifest('{"format":"nanogpt-tokenizer","version":2,"kind":"char","name":"char"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('version 2');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"char","name":"char"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('no list of characters');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"rune","name":"rune"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('unknown kind of tokenizer "rune"');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"tiktoken","name":"p51k"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('unknown encoding: p51k');
  });
});

describe('registerTokenizer', () => {
  /** Words: an id for each different one of the text. */
  const words = (list: readonly string[]): Tokenizer => ({
    kind: 'words',
    name: 'my-words',
    vocabSize: list.length,
    bosId: undefined,
    eosId: undefined,
    fingerprint: fingerprintOf('words', ...list),
    encode: (text) => Uint32Array.from(text.split(' '), (word) => list.indexOf(word)),
    decode: (ids) => Array.from(ids, (id) => list[id]).join(' '),
    decodeStream: () => ({ push: (id) => `${list[id]} `, end: () => '' }),
    tokenToString: (id) => list[id]!,
    save: (dir) => saveFolder(dir, { kind: 'words', name: 'my-words' }, { list: list.join('\n') }),
  });
  const definition = {
    name: 'my-words',
    kind: 'words',
    summary: 'a token a word',
    create: ({ text }: { text: () => string }) => words([...new Set(text().split(' '))]),
    load: (dir: string) => words(readFileSync(join(dir, 'list'), 'utf8').split('\n')),
  };

  it('makes a tokenizer known by its name, and by its kind in a folder', async () => {
    registerTokenizer(definition);
    registerTokenizer(definition);
    expect(TOKENIZER_NAMES['my-words']).toBe('a token a word');
    const made = await createTokenizer('my-words', { text: () => 'to be or not to be' });
    expect([...made.encode('not to be')]).toEqual([3, 0, 1]);
    const dir = join(mkdtempSync(join(tmpdir(), 'nanogpt-')), 'saved');
    made.save(dir);
    const loaded = await loadTokenizer(dir);
    expect(loaded.fingerprint).toBe(made.fingerprint);
    expect(loaded.decode([3, 0])).toBe('not to');
    await expect(createTokenizer('my-words')).rejects.toThrow('needs the training text');
    await expect(createTokenizer('my-word')).rejects.toThrow('Did you mean "my-words"?');
  });

  it('says what is taken, and what is missing', async () => {
    const cases: [object | null, string][] = [
      [null, 'expected a name of lower-case letters, digits, - and _, got undefined'],
      [{ ...definition }, 'there is a tokenizer "my-words" already'],
      [{ ...definition, name: 'char' }, 'there is a tokenizer "char" already'],
      [{ ...definition, name: 'gpt-4o' }, 'there is a tokenizer "gpt-4o" already'],
      [{ ...definition, name: 'x' }, 'x: there is a kind "words" already'],
      [{ ...definition, name: 'x', kind: 'char' }, 'x: there is a kind "char" already'],
      [
        { ...definition, name: 'x', load: 3 },
        'x: expected load, a function (dir) => tokenizer, got 3',
      ],
    ];
    for (const [wrong, message] of cases) {
      expect(() => registerTokenizer(wrong as never)).toThrow(message);
    }
    expect(TOKENIZER_NAMES).not.toHaveProperty('x');
    registerTokenizer({ ...definition, name: 'half', kind: 'half', create: () => ({}) as never });
    await expect(createTokenizer('half')).rejects.toThrow(
      'tokenizer half: its create(): expected vocabSize, a whole number, got undefined',
    );
  });
});
