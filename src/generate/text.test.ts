import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../models/index.js';
import { Module } from '../nn/index.js';
import { type Tensor, tensor } from '../tensor/index.js';
import { generate, generateChoices, generateText } from './index.js';

/** Writes the bytes of `text` one after the other, counting from the last one seen. */
class Reciter extends Module implements LanguageModel {
  readonly vocabSize = 256;
  readonly blockSize = 64;
  readonly receptiveField = 64;
  readonly target = 'all';
  constructor(readonly bytes: Uint8Array) {
    super();
  }
  forward(inputs: Tensor): Tensor {
    const [, T] = inputs.shape;
    const logits = new Float32Array(T! * 256);
    const next = this.bytes[(T! - 1) % this.bytes.length]!;
    logits[(T! - 1) * 256 + next] = 4;
    logits[(T! - 1) * 256 + 7] = 2;
    return tensor(logits, { shape: [1, T!, 256] });
  }
  loss(): Tensor {
    throw new Error('not for this test');
  }
}

const reciter = (text: string) => new Reciter(new TextEncoder().encode(text));

const tokenizer = {
  decodeStream() {
    const decoder = new TextDecoder();
    return {
      push: (id: number) => decoder.decode(Uint8Array.of(id), { stream: true }),
      end: () => decoder.decode(),
    };
  },
};

function write(text: string, options: object) {
  const pieces = [...generateText(reciter(text), tokenizer, [0], { temperature: 0, ...options })];
  return {
    text: pieces.map((piece) => piece.text).join(''),
    tokens: pieces.flatMap(({ id }) => (id === undefined ? [] : [id])),
    pieces,
  };
}

describe('generateText', () => {
  it('gives whole characters, and every token', () => {
    const { text, pieces } = write('añ€', { maxTokens: 6 });
    expect(text).toBe('añ€');
    expect(pieces.map((piece) => piece.text)).toEqual(['a', '', 'ñ', '', '', '€']);
    expect(write('añ€', { maxTokens: 5 }).text).toBe('añ\uFFFD');
  });

  it('stops at a text that stretches over tokens, and gives nothing of it', () => {
    const { text, tokens } = write('one two', { maxTokens: 30, stop: ['xyz', 'e t'] });
    expect(text).toBe('on');
    expect(tokens).toHaveLength(5); // up to the one that completed it
    expect(write('one two', { maxTokens: 4, stop: ['e t'] }).text).toBe('one ');
    expect(write('ñ', { maxTokens: 30, stop: ['ñ'] })).toMatchObject({
      text: '',
      tokens: [195, 177],
    });
  });

  it('refuses an empty stop before it writes anything', () => {
    expect(() => write('a', { stop: [''] })).toThrow(/stop: expected texts/);
  });

  it('names alternatives where they are asked for', () => {
    const { pieces, tokens } = write('ab', { maxTokens: 2, alternatives: 2 });
    expect(pieces.map(({ choice }) => choice?.id)).toEqual(tokens);
    expect(pieces[0]!.choice!.alternatives.map(({ id }) => id)).toEqual([97, 7]);
    expect(write('ab', { maxTokens: 2 }).pieces[0]).not.toHaveProperty('choice');
  });
});

describe('generateChoices', () => {
  it('says of each token what the model itself makes of it, whatever the temperature', () => {
    const model = reciter('ab');
    const options = { maxTokens: 20, seed: 5, temperature: 2, topK: 9, alternatives: 3 };
    const choices = [...generateChoices(model, [0], options)];
    expect(choices.map(({ id }) => id)).toEqual(generate(model, [0], options));
    const weights = [Math.exp(4), Math.exp(2), ...Array<number>(254).fill(1)];
    const total = weights.reduce((a, b) => a + b);
    const p = weights.map((weight) => weight / total);
    const entropy = p.reduce((sum, p) => sum - p * Math.log(p), 0);
    choices.forEach(({ id, probability, surprise, entropy: found, alternatives }, place) => {
      const expected = p[id === (place % 2 === 0 ? 97 : 98) ? 0 : id === 7 ? 1 : 2]!;
      expect(probability).toBeCloseTo(expected, 12);
      expect(surprise).toBeCloseTo(-Math.log(expected), 12);
      expect(found).toBeCloseTo(entropy, 12);
      // Of equals the lower id.
      expect(alternatives.map(({ id }) => id)).toEqual([place % 2 === 0 ? 97 : 98, 7, 0]);
      expect(alternatives.map(({ probability }) => probability)).toEqual(
        [0, 1, 2].map((i) => expect.closeTo(p[i]!, 12)),
      );
    });
    expect(new Set(choices.map(({ id }) => id)).size).toBeGreaterThan(1);
  });

  it.each([-1, 1.5, '3'])('refuses %j alternatives', (alternatives) => {
    const given = { alternatives: alternatives as number };
    expect(() => [...generateChoices(reciter('a'), [0], given)]).toThrow(/alternatives/);
  });
});
