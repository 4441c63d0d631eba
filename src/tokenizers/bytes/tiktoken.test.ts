import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as harmony from 'gpt-tokenizer/encoding/o200k_harmony';
import * as gptTokenizer from 'gpt-tokenizer/encoding/p50k_base';
import { getEncoding } from 'js-tiktoken';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../registry.js';
import { GPT2_SPLIT, GPT4_SPLIT } from './split.js';
import { TiktokenTokenizer } from './tiktoken.js';
import { TIKTOKEN_NAMES } from './tiktoken-names.js';

/** Characters where JavaScript's `\s`, or case without regard to `ſ`, is not what tiktoken means. */
const DIFFERENT = /[\u0085\ufeff\u017f]/;
/** Scripts, marks, white space, digits, contractions, emoji and raw code points, mixed. */
const piece = fc.oneof(
  fc.constantFrom("'s", "'LL", ' ', '  ', '\n', '\r\n', '\t', '\u3000', '\u00a0', '!?', '12345'),
  fc.constantFrom('नमस्ते', 'שלום', '漢字かな', 'é', 'e\u0301', '👩‍👩‍👧', 'ǅ', 'ⅷ', '<|endoftext|>'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.stringMatching(/^[A-Za-z' ]{0,8}$/),
);
const anyText = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));

const numRuns = Number(process.env['NANOGPT_FUZZ'] ?? 1000);
const timeout = 7_200_000;

describe('tiktoken encodings', () => {
  it('p50k_base has 50,281 ids, and encodes as published', async () => {
    const p50k = await TiktokenTokenizer.load('p50k_base');
    expect(p50k.vocabSize).toBe(50_281);
    expect([...p50k.encode('hello world')]).toEqual([31373, 995]);
    // Runs of spaces are what p50k_base adds to GPT-2: seven of them, then ' if'.
    expect([...p50k.encode('        if x:')]).toEqual([50262, 611, 2124, 25]);
    expect(p50k.tokenToString(50280)).toBe(' '.repeat(25));
    expect(p50k.tokenToString(50256)).toBe('<|endoftext|>');
  });

  // js-tiktoken has no o200k_harmony; its ordinary tokens are those of o200k_base.
  const known = TIKTOKEN_NAMES.filter((name) => name !== 'o200k_harmony');

  it.each(known)('fuzz: %s agrees with js-tiktoken on any text', { timeout }, async (name) => {
    const ours = await TiktokenTokenizer.load(name);
    const theirs = getEncoding(name);
    const cl100k = name === 'cl100k_base';
    fc.assert(
      fc.property(anyText, (raw) => {
        // js-tiktoken has an older pattern of cl100k_base, which differs in white space at the end.
        const text = cl100k ? `${raw}.` : raw;
        fc.pre(!DIFFERENT.test(text));
        const ids = ours.encode(text);
        expect([...ids]).toEqual(theirs.encode(text, [], []));
        expect(ours.decode(ids)).toBe(text);
        const stream = ours.decodeStream();
        expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe(text);
      }),
      { numRuns },
    );
  });

  it('fuzz: agrees with gpt-tokenizer', { timeout }, async () => {
    const p50k = await TiktokenTokenizer.load('p50k_base');
    const plain = { disallowedSpecial: new Set<string>() };
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!DIFFERENT.test(text));
        expect([...p50k.encode(text)]).toEqual(gptTokenizer.encode(text, plain));
      }),
      { numRuns },
    );
    const ours = await TiktokenTokenizer.load('o200k_harmony');
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!DIFFERENT.test(text));
        expect([...ours.encode(text)]).toEqual(harmony.encode(text, plain));
      }),
      { numRuns },
    );
  });

  it('knows white space as Unicode does, not as JavaScript does', () => {
    const words = (text: string) => text.match(new RegExp(GPT2_SPLIT, 'gu'));
    expect(words('a \u0085b')).toEqual(['a', ' ', '\u0085', 'b']);
    expect(words('a \ufeffb')).toEqual(['a', ' \ufeff', 'b']);
    expect('x\u017fy'.match(new RegExp(GPT4_SPLIT, 'gu'))).toEqual(['x\u017fy']);
    expect("1'\u017fy".match(new RegExp(GPT4_SPLIT, 'gu'))).toEqual(['1', "'\u017f", 'y']);
  });

  it('reads special tokens as text unless asked', async () => {
    const p50k = await TiktokenTokenizer.load('p50k_base');
    const text = 'a<|endoftext|>b';
    expect([...p50k.encode(text)]).not.toContain(50256);
    expect(p50k.decode(p50k.encode(text))).toBe(text);
    expect([...p50k.encode(text, { special: true })]).toEqual([64, 50256, 65]);
    expect([...p50k.encode('a', { bos: true, eos: true })]).toEqual([50256, 64, 50256]);
  });

  it('reads those special tokens that are allowed, and refuses those that are disallowed', async () => {
    const cl100k = await TiktokenTokenizer.load('cl100k_base');
    const theirs = getEncoding('cl100k_base');
    const text = 'a<|endoftext|>b<|fim_prefix|><|endoftext|>';
    const both = ['<|endoftext|>', '<|fim_prefix|>'];
    for (const allowed of [[], ['<|fim_prefix|>'], both, 'all'] as const) {
      const list = allowed === 'all' ? allowed : [...allowed];
      expect([...cl100k.encode(text, { allowedSpecial: list })]).toEqual(
        theirs.encode(text, list, []),
      );
      const strict = { allowedSpecial: list, disallowedSpecial: 'all' as const };
      const all = allowed === 'all' || allowed.length === 2;
      if (all) expect(cl100k.encode(text, strict)).toEqual(cl100k.encode(text, { special: true }));
      else {
        expect(() => theirs.encode(text, list)).toThrow('not allowed');
        expect(() => cl100k.encode(text, strict)).toThrow(
          'cl100k_base: the text has the disallowed special token "<|endoftext|>"; allow it',
        );
      }
    }
    const only = (disallowedSpecial: string[]) => () =>
      cl100k.encode('<|fim_suffix|>', { disallowedSpecial });
    expect(only(['<|fim_suffix|>'])).toThrow('disallowed');
    expect(only(['<|endoftext|>'])).not.toThrow();
    expect(only(['<|end|>'])).toThrow(
      'cl100k_base: "<|end|>" is not a special token; it has <|endoftext|>, <|fim_prefix|>',
    );
  });

  it('has the special tokens of each encoding', async () => {
    const ids = async (name: (typeof TIKTOKEN_NAMES)[number], text: string) => {
      const tokenizer = await TiktokenTokenizer.load(name);
      return [tokenizer.vocabSize, ...tokenizer.encode(text, { special: true })];
    };
    expect(await ids('r50k_base', '<|endoftext|>')).toEqual([50_257, 50_256]);
    const fim = '<|fim_prefix|><|fim_middle|><|fim_suffix|>';
    expect(await ids('p50k_edit', fim)).toEqual([50_284, 50_281, 50_282, 50_283]);
    const message = '<|start|><|channel|><|message|><|end|><|return|><|call|><|reserved_201087|>';
    expect(await ids('o200k_harmony', message)).toEqual([
      201_088, 200_006, 200_005, 200_008, 200_007, 200_002, 200_012, 201_087,
    ]);
    const harmony = await TiktokenTokenizer.load('o200k_harmony');
    expect(harmony.decode([199_998, 200_018])).toBe('<|startoftext|><|endofprompt|>');
  });

  it('refuses ids out of range and survives lone surrogates and broken characters', async () => {
    const p50k = await TiktokenTokenizer.load('p50k_base');
    expect(() => p50k.decode([50281])).toThrow('token id 50281 is out of range');
    expect(() => p50k.decode([Number.NaN])).toThrow('out of range');
    expect(p50k.encode('a\ud800b')).toEqual(p50k.encode('a\ufffdb'));
    const [first, ...rest] = p50k.encode('🙂');
    const stream = p50k.decodeStream();
    expect(stream.push(first!)).toBe('');
    expect(rest.map((id) => stream.push(id)).join('')).toBe('🙂');
    const broken = p50k.decodeStream();
    broken.push(first!);
    expect(broken.end()).toBe('\ufffd');
    expect(p50k.tokenToString(first!)).toBe('<0xF0><0x9F>');
    // An id that is a hole in the vocabulary is in range, but stands for nothing.
    const cl100k = await TiktokenTokenizer.load('cl100k_base');
    expect(() => cl100k.decode([100270])).toThrow('is not used by this vocabulary');
  });

  it('takes a run of 200,000 letters in a moment', async () => {
    const p50k = await TiktokenTokenizer.load('p50k_base');
    const text = 'ab'.repeat(100_000);
    const started = performance.now();
    expect(p50k.decode(p50k.encode(text))).toBe(text);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('is saved and loaded', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
    const p50k = await TiktokenTokenizer.load('p50k_base');
    p50k.save(dir);
    expect((await loadTokenizer(dir)).fingerprint).toBe(p50k.fingerprint);
  });
});
