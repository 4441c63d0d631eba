import { describe, expect, it } from 'vitest';
import { GPT2_SPLIT } from '../bytes/split.js';
import { ByteBpeTokenizer } from '../bytes/trained.js';
import { CharTokenizer } from '../char.js';
import { createTokenizer } from '../registry.js';
import { inspectionPage } from './html.js';
import { inspect, ruleOfThumb, shortToken } from './inspect.js';

const text = 'low lower lowest\nnew newer newest <b>&"\n'.repeat(20);

describe('inspect', () => {
  it('counts', () => {
    const byte = ByteBpeTokenizer.train(text, { vocabSize: 280, split: GPT2_SPLIT, specials: [] });
    const seen = inspect(byte, text, { word: 'lowest', sample: 'low new' });
    const ids = byte.encode(text);
    expect(seen).toMatchObject({ words: 140, bytes: text.length, tokens: ids.length });
    expect(seen.bytesPerToken).toBe(text.length / ids.length);
    expect(seen.tokensPerWord).toBe(ids.length / 140);
    const used = new Set(ids.subarray(0, Math.floor(ids.length * 0.8)));
    expect(seen.unused).toBe(byte.vocabSize - used.size);
    expect(seen.isLossless).toBe(true);
    expect(seen.sample.map((token) => token.text).join('')).toBe('low new');
    expect(seen.longest[0]!.characters).toBeGreaterThanOrEqual(seen.longest[1]!.characters);
  });

  it('replays the merges of a word to its tokens', async () => {
    const p50k = await createTokenizer('p50k_base');
    const { word } = inspect(p50k, 'to be', { word: 'honorificabilitudinitatibus' });
    let parts = [...'honorificabilitudinitatibus'];
    for (const { left, right } of word.steps) {
      const at = parts.findIndex((part, i) => part === left && parts[i + 1] === right);
      expect(at).toBeGreaterThanOrEqual(0);
      parts = [...parts.slice(0, at), left + right, ...parts.slice(at + 2)];
    }
    expect(parts).toEqual(word.tokens);
    const ranks = word.steps.map((step) => step.rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    // " t" is the first pair that GPT-2 learnt.
    expect(p50k.mergeSteps!(' t')).toEqual([{ left: ' ', right: 't', rank: 0 }]);
  });

  it('shows long runs short, and says how many tokens three words take', () => {
    expect(shortToken(` ${'-'.repeat(64)}\n`)).toBe('␣-×64⏎');
    const seen = inspect(CharTokenizer.fromText('a b c'), 'a b c', { word: 'a', sample: 'a' });
    expect(ruleOfThumb(seen)).toBe('5.0 tokens for 3 words (the rule of thumb says 4)');
  });

  it('has no merges where a tokenizer merges nothing', () => {
    expect(inspect(CharTokenizer.fromText(text), text, { word: 'low' }).word).toEqual({
      text: 'low',
      steps: [],
      tokens: ['l', 'o', 'w'],
    });
  });
});

describe('inspectionPage', () => {
  it('is one page, with everything escaped and nothing fetched', () => {
    const char = CharTokenizer.fromText(text);
    const page = inspectionPage([inspect(char, text, { word: 'low' })], '<a> & b');
    expect(page).toContain('<title>Tokenizers on &lt;a&gt; &amp; b</title>');
    expect(page).toContain('<span title="');
    expect(page).not.toContain('<b>');
    expect(page).not.toMatch(/<script|https?:|@import|url\(/);
  });
});
