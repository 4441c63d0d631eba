import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CharTokenizer } from './char.js';
import { createTokenizer, loadTokenizer } from './registry.js';

const text = 'To be, or not to be:\nthat is the 🙂 question é';

describe('char', () => {
  it('numbers the characters of the text by code point and comes back', () => {
    const char = CharTokenizer.fromText(text);
    const characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    expect(char.vocabSize).toBe(characters.length);
    expect(characters.map((_, id) => char.tokenToString(id))).toEqual(characters);
    const ids = char.encode(text);
    expect(ids.length).toBe([...text].length);
    expect(char.decode(ids)).toBe(text);
    const stream = char.decodeStream();
    expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe(text);
  });

  it('names unknown characters, how often and where', () => {
    const char = CharTokenizer.fromText('abc\n');
    expect(() => char.encode('ab\nxbxé')).toThrow(
      "2 characters that are not among the 4 of the vocabulary: 'x' (U+0078) 2 times, " +
        "first at line 2, column 1; 'é' (U+00E9) once, at line 2, column 4",
    );
    expect(() => char.encode('\u200b')).toThrow('U+200B once, at line 1, column 1');
    expect(() => char.encode('a\ud800b')).toThrow('U+FFFD');
  });

  it('refuses an empty text, ids out of range, and tokens that it has not', () => {
    expect(() => CharTokenizer.fromText('')).toThrow('the text is empty');
    const char = CharTokenizer.fromText('ab');
    expect(() => char.decode([2])).toThrow('token id 2 is out of range');
    expect(() => char.decode([0.5])).toThrow('token id 0.5 is out of range');
    expect(() => char.decodeStream().push(-1)).toThrow('token id -1 is out of range');
    expect(() => char.encode('a', { bos: true })).toThrow('no begin-of-text token');
    expect(() => new CharTokenizer(['a', 'bc'])).toThrow('must be one character');
    expect(() => new CharTokenizer(['a', 'a'])).toThrow("'a' (U+0061) is in the vocabulary twice");
  });

  it('is saved and loaded with the same ids and fingerprint', async () => {
    const dir = join(mkdtempSync(join(tmpdir(), 'nanogpt-')), 'tokenizer');
    const char = await createTokenizer('char', { text: () => text });
    char.save(dir);
    const loaded = await loadTokenizer(dir);
    expect(loaded.fingerprint).toBe(char.fingerprint);
    expect(loaded.encode(text)).toEqual(char.encode(text));
    expect(CharTokenizer.fromText(`${text}z`).fingerprint).not.toBe(char.fingerprint);
  });
});
