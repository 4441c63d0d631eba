import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../models/index.js';
import { Module } from '../nn/index.js';
import { currentBackend, isGradEnabled, type Tensor, tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { type Decoding, generate, generateTokens } from './generate.js';

/** Predicts the sum of what it sees, modulo V, and remembers what that was. */
class Adder extends Module implements LanguageModel {
  readonly seen: number[][] = [];
  readonly modes: boolean[] = [];
  constructor(
    readonly vocabSize: number,
    readonly blockSize: number,
    readonly target: 'next' | 'all',
    readonly receptiveField = blockSize,
  ) {
    super();
  }
  forward(inputs: Tensor): Tensor {
    const ids = [...inputs.dataSync()];
    this.seen.push(ids);
    this.modes.push(this.training || isGradEnabled());
    const [, T] = inputs.shape;
    const rows = this.target === 'all' ? T! : 1;
    const logits = new Float32Array(rows * this.vocabSize);
    logits[(rows - 1) * this.vocabSize + (ids.reduce((a, b) => a + b) % this.vocabSize)] = 5;
    const shape = this.target === 'all' ? [1, rows, this.vocabSize] : [1, this.vocabSize];
    return tensor(logits, { shape });
  }
  loss(): Tensor {
    throw new Error('not for this test');
  }
}

describe('generate', () => {
  it('gives a next model exactly its window, padded on the left and then sliding', () => {
    const model = new Adder(10, 3, 'next');
    const ids = generate(model, [4, 5], { maxTokens: 3, temperature: 0, pad: 1 });
    expect(model.seen).toEqual([
      [1, 4, 5],
      [4, 5, 0],
      [5, 0, 9],
    ]);
    expect(ids).toEqual([0, 9, 4]);
  });

  it('gives a model of all positions what there is, up to its block', () => {
    const model = new Adder(10, 3, 'all');
    generate(model, [4], { maxTokens: 4, temperature: 0 });
    expect(model.seen).toEqual([[4], [4, 4], [4, 4, 8], [4, 8, 6]]);
  });

  it('gives no more than the receptive field', () => {
    const model = new Adder(10, 8, 'all', 2);
    generate(model, [1, 2, 3], { maxTokens: 2, temperature: 0 });
    expect(model.seen).toEqual([
      [2, 3],
      [3, 5],
    ]);
  });

  it('begins from the pad where there is no prompt', () => {
    const model = new Adder(10, 3, 'all');
    generate(model, [], { maxTokens: 1, temperature: 0, pad: 7 });
    expect(model.seen).toEqual([[7]]);
  });

  it('runs without gradients and dropout, and puts the mode back, when the caller leaves early too', () => {
    const model = new Adder(10, 3, 'all').train();
    for (const _ of generateTokens(model, [1])) break;
    expect(model.training).toBe(true);
    expect(model.modes).toEqual([false]);
  });

  it('stops after a stop token, which it gives', () => {
    const model = new Adder(10, 3, 'all');
    expect(generate(model, [4], { temperature: 0, stopAt: [8] })).toEqual([4, 8]);
  });

  it('penalises what prompt and text have already, but not the stand-in for no prompt', () => {
    const options = { maxTokens: 3, temperature: 0, repetitionPenalty: 10 };
    const model = new Adder(10, 1, 'all');
    model.forward = () => tensor([3, 2, 1, 0, 0, 0, 0, 0, 0, 0].map(Number), { shape: [1, 1, 10] });
    expect(generate(model, [0], options)).toEqual([1, 2, 0]);
    expect(generate(model, [], options)).toEqual([0, 1, 2]);
  });

  it('keeps no memory', () => {
    const model = new Adder(50, 3, 'next');
    const { buffers } = currentBackend().memory;
    generate(model, [1], { maxTokens: 20 });
    expect(currentBackend().memory.buffers).toBe(buffers);
  });

  it("leaves decoding to a model's own way, token by token, and disposes of it", () => {
    const fed: number[][] = [];
    let disposed = 0;
    class Remembering extends Adder {
      startDecoding(): Decoding {
        let sum = 0;
        return {
          feed: (ids) => {
            fed.push([...ids]);
            for (const id of ids) sum += id;
            return tensor(Float32Array.from({ length: 10 }, (_, id) => (id === sum % 10 ? 1 : 0)));
          },
          [Symbol.dispose]: () => void disposed++,
        };
      }
    }
    expect(
      generate(new Remembering(10, 3, 'all'), [4, 5], { maxTokens: 3, temperature: 0 }),
    ).toEqual([9, 8, 6]);
    expect(fed).toEqual([[4, 5], [9], [8]]);
    expect(disposed).toBe(1);
  });

  it('refuses ids outside the vocabulary, and impossible lengths', () => {
    const model = new Adder(10, 3, 'all');
    expect(() => generate(model, [10])).toThrow(/token ids from 0 to 9, got 10/);
    expect(() => generate(model, [0.5])).toThrow(UserError);
    expect(() => generate(model, [1], { pad: 99 })).toThrow(/got 99/);
    expect(() => generate(model, [1], { stopAt: [10] })).toThrow(/stopAt: .* from 0 to 9, got 10/);
    expect(() => generate(model, [1], { maxTokens: -1 })).toThrow(/maxTokens/);
    expect(model.training).toBe(true);
  });
});
