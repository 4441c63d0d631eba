/** What strangers' files ask for: done as the original does it, or refused by name. */
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../registry.js';
import { HuggingFaceTokenizer } from './tokenizer.js';

type Json = Record<string, unknown>;

const open = (json: Json, config?: Json) =>
  new HuggingFaceTokenizer(
    { tokenizer: JSON.stringify(json), config: config && JSON.stringify(config) },
    'x',
  );
const added = (id: number, content: string, more: Json = {}) => ({ id, content, ...more });
const special = (id: number, content: string, more: Json = {}) =>
  added(id, content, { special: true, ...more });
const idsOf = (tokens: readonly string[]) => Object.fromEntries(tokens.map((t, id) => [t, id]));
const BYTES = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** As Llama 2's: characters with a mark for the space, bytes for the others. */
const llama: Json = {
  added_tokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
  normalizer: {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
  model: {
    type: 'BPE',
    unk_token: '<unk>',
    byte_fallback: true,
    fuse_unk: true,
    vocab: idsOf(['<unk>', '<s>', '</s>', ...BYTES, '▁', 'x', 'y', '<', '>', 's', '▁x']),
    merges: ['▁ x'],
  },
};
const words: Json = {
  pre_tokenizer: { type: 'WhitespaceSplit' },
  model: { type: 'WordLevel', unk_token: '<unk>', vocab: idsOf(['<unk>', 'to', 'be']) },
};
const pieces: Json = {
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['a', -1],
      ['b', -1],
      ['ab', -1.5],
    ],
  },
};
const model = (json: Json, more: Json) => ({
  ...json,
  model: { ...(json['model'] as Json), ...more },
});

describe('text around special tokens', () => {
  it('comes back as it was, and is no special token', () => {
    const tokenizer = open(llama);
    for (const text of ['x <s> y', '<s>', 'x</s> x', '<s><s> ']) {
      const ids = tokenizer.encode(text);
      expect(ids).not.toContain(1);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect([...tokenizer.encode('x<s>', { special: true })]).toEqual([265, 1]);
  });

  it('is no special token to a model that has it as a piece or a word either', () => {
    const unigram = { added_tokens: [special(4, '<s>')], ...model(pieces, {}) };
    const { vocab } = unigram.model as { vocab: [string, number][] };
    const withPiece = model(unigram, { vocab: [...vocab, ['<s>', 0]] });
    expect([...open(withPiece).encode('a<s>b')]).toEqual([1, 0, 2]);
    expect([...open(withPiece).encode('a<s>b', { special: true })]).toEqual([1, 4, 2]);
    const level = open({ ...words, added_tokens: [special(2, 'be')] });
    expect([...level.encode('to be')]).toEqual([1, 0]);
    expect([...level.encode('to be', { special: true })]).toEqual([1, 2]);
  });

  it('takes time in proportion to its length', async () => {
    const bert = await createTokenizer('bert-base-uncased');
    const started = performance.now();
    expect(bert.encode('[CLS]'.repeat(32_000)).length).toBe(4 * 32_000);
    const many = { ...llama, added_tokens: [...(llama['added_tokens'] as Json[])] };
    const reserved = Array.from({ length: 256 }, (_, i) => special(300 + i, `<|reserved_${i}|>`));
    many.added_tokens.push(...reserved);
    const text = 'x <|reserved_7|><|reserved_255|> y '.repeat(50_000);
    expect(open(many).encode(text, { special: true }).length).toBeGreaterThan(200_000);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

it('keeps U+FEFF in decoding bytes', () => {
  const tokenizer = open(llama);
  for (const text of ['\ufeffx', 'x\ufeff y', '\u0085']) {
    const ids = [...tokenizer.encode(text)];
    expect(tokenizer.decode(ids)).toBe(text);
    const stream = tokenizer.decodeStream();
    expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(text);
  }
});

it('cuts at what is white space to Unicode, as gpt2 does', () => {
  const byteLevel = open({
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    model: words['model'],
  });
  // A word that is not in the vocabulary is one id, so ids count words.
  const count = (text: string) => byteLevel.encode(text).length;
  expect(count('a \u0085b')).toBe(4);
  expect(count('a \ufeffb')).toBe(3);
  const split = { type: 'Split', pattern: { Regex: String.raw`\s+` }, behavior: 'Removed' };
  const regex = open({ ...words, pre_tokenizer: split });
  expect([...regex.encode('to\u0085be')]).toEqual([1, 2]);
  expect([...regex.encode('to\ufeffbe')]).toEqual([0]);
});

it('bert-base-uncased parts ideographs beyond U+20000 from what stands beside them', async () => {
  const bert = await createTokenizer('bert-base-uncased');
  expect([...bert.encode('a𠀀b')]).toEqual([...bert.encode('a 𠀀 b')]);
  expect([...bert.encode('a𠀀b')]).toEqual([1037, 100, 1038]);
});

describe('fields are done', () => {
  it('single_word, lstrip and rstrip', () => {
    const of = (more: Json) => open({ ...words, added_tokens: [added(3, 'or', more)] });
    expect([...of({ single_word: true }).encode('for or ore')]).toEqual([0, 3, 0]);
    expect([...of({}).encode('for')]).toEqual([0, 3]);
    const level = { ...words, pre_tokenizer: null };
    const stripping = (more: Json) => open({ ...level, added_tokens: [added(3, 'or', more)] });
    expect([...stripping({ lstrip: true, rstrip: true }).encode('to or be')]).toEqual([1, 3, 2]);
    expect([...stripping({ rstrip: true }).encode('to or be')]).toEqual([0, 3, 2]);
  });

  it("Unigram's byte_fallback", () => {
    const { vocab } = pieces['model'] as { vocab: [string, number][] };
    const all = [...vocab, ...BYTES.map((byte): [string, number] => [byte, -9])];
    const tokenizer = open(model(pieces, { byte_fallback: true, vocab: all }));
    expect([...tokenizer.encode('aé')]).toEqual([1, 4 + 0xc3, 4 + 0xa9]);
    expect([...open(model(pieces, {})).encode('aé')]).toEqual([1, 0]);
  });

  it('no decoder: tokens with a space between them', () => {
    expect(open(words).decode([1, 2])).toBe('to be');
  });

  it('no pre-tokenizer, on 400 kB of text', () => {
    const started = performance.now();
    expect(open(pieces).encode('ab'.repeat(200_000)).length).toBe(200_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('ids of unused tokens decode to nothing', () => {
    const holes = open(model(words, { vocab: { '<unk>': 0, to: 5 } }));
    expect(holes.vocabSize).toBe(6);
    expect(holes.decode([5, 3, 5])).toBe('to to');
    expect(holes.tokenToString(3)).toBe('<unused 3>');
  });

  it('ids that are bytes are streamed to the same text, however they go on', () => {
    const tokenizer = open(llama);
    const ids = [...'A', '\xc3', ...'xA'].map((c) => (c === 'x' ? 265 : 3 + c.charCodeAt(0)));
    const stream = tokenizer.decodeStream();
    expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(tokenizer.decode(ids));
  });
});

describe('what cannot be done is refused', () => {
  const refused = (json: Json) => expect(() => open(json));

  it('fields and types that are not known', () => {
    refused({ ...words, colour: 1 }).toThrow('the field "colour" is not supported');
    refused(model(words, { top: 1 })).toThrow('model: the field "top" is not supported');
    refused({ ...words, pre_tokenizer: { type: 'Digits', deep: true } }).toThrow(
      'pre_tokenizer: the field "deep" is not supported',
    );
    refused({ ...words, normalizer: { type: 'Sequence', normalizers: [{ type: 'X' }] } }).toThrow(
      'normalizer.normalizers[0]: the type "X" is not supported',
    );
    refused({ ...words, pre_tokenizer: { type: 'UnicodeScripts' } }).toThrow('not supported');
    refused({ ...words, added_tokens: [added(3, 'x', { strip: true })] }).toThrow(
      'added_tokens[0]: the field "strip" is not supported',
    );
    refused(model(llama, { dropout: 0.1 })).toThrow('model.dropout: expected none, got 0.1');
    refused({ ...words, version: '2.0' }).toThrow('expected 1.0');
  });

  it('values of another kind', () => {
    refused({ ...words, pre_tokenizer: { type: 'Digits', individual_digits: 1 } }).toThrow(
      'pre_tokenizer.individual_digits: expected true or false, got 1',
    );
    refused({ ...words, pre_tokenizer: { type: 'Punctuation', behavior: 'x' } }).toThrow(
      'expected one of Removed, Isolated',
    );
    refused(model(llama, { merges: ['x y'] })).toThrow(
      'makes "xy", which is not in the vocabulary',
    );
    refused(model(words, { vocab: [['a', 0]] })).toThrow('expected an id for each token');
    refused({ ...words, added_tokens: [added(3, 'be')] }).toThrow('has the ids 2 and 3');
    refused({ ...words, added_tokens: [added(3, '\ud800')] }).toThrow('is no text');
  });

  it.each([65_539, 1.5, -1, 'x', 4, true])('an unk_id of %j', (id) => {
    refused(model(pieces, { unk_id: id })).toThrow(
      `model.unk_id: expected a whole number below 4, the vocabulary's size, got ${JSON.stringify(id)}`,
    );
  });

  it('text that grows without end', () => {
    const more = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(1000) };
    const normalizer = { type: 'Sequence', normalizers: [more, more, more, more] };
    expect(() => open({ ...pieces, normalizer }).encode('a')).toThrow(
      'x: what its tokenizer.json makes of a text of 1 characters is too large',
    );
  });

  it('text that the vocabulary cannot express, when it comes', () => {
    const tokenizer = open(model(pieces, { unk_id: null }));
    expect([...tokenizer.encode('ab')]).toEqual([3]);
    expect(() => tokenizer.encode('abc')).toThrow('x: "c" is not in the vocabulary');
  });

  it('a file that is nested without end', () => {
    const deep = `${'{"type":"Sequence","normalizers":['.repeat(20_000)}${']}'.repeat(20_000)}`;
    const tokenizer = JSON.stringify(words).replace('{', `{"normalizer":${deep},`);
    expect(() => new HuggingFaceTokenizer({ tokenizer }, 'x')).toThrow('nested too deeply');
  });
});
