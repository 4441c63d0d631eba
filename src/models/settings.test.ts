import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { tensor } from '../tensor/index.js';
import {
  bigram,
  CountedBigram,
  GPT,
  Hierarchical,
  LearnedBigram,
  MLP,
  models,
  WaveNet,
} from './index.js';

describe('a model that is made by hand', () => {
  it.each([
    ['MLP', MLP],
    ['GPT', GPT],
    ['WaveNet', WaveNet],
    ['Hierarchical', Hierarchical],
    ['LearnedBigram', LearnedBigram],
    ['CountedBigram', CountedBigram],
  ])('names settings that do not fit: %s', (name, Model) => {
    const make = Model as unknown as new (config: unknown, vocabSize: unknown) => object;
    expect(() => new make(null, 5)).toThrow(`${name}: expected options`);
    expect(() => new make({ blockSize: 'x' }, 5)).toThrow(`${name}: blockSize: `);
    expect(() => new make({ blocksize: 4 }, 5)).toThrow(`${name}: Unrecognized key`);
    expect(() => new make({}, 0)).toThrow(`${name}: expected vocabSize to be a whole number`);
  });

  it('has the defaults of what is left out', () => {
    const model = new MLP({ nEmbd: 2, nHidden: 3 } as never, 5);
    expect(model.config).toEqual(models.get('mlp')!.schema.parse({ nEmbd: 2, nHidden: 3 }));
  });
});

describe('every setting of a model', () => {
  it.each([...models.values()])('of $name has a meaning', ({ schema }) => {
    const { shape } = schema as z.ZodObject;
    const mute = Object.entries(shape).filter(([, field]) => !(field as z.ZodType).description);
    expect(mute.map(([key]) => key)).toEqual([]);
  });
});

describe('a counted bigram', () => {
  const fresh = () => new CountedBigram(bigram.schema.parse({}), 3);

  it('counts and scores no id outside its vocabulary, which would be another pair', () => {
    const model = fresh();
    model.fit([0, 1, 2, 1]);
    const ids = tensor(Int32Array.of(0, 1), { shape: [1, 2] });
    const beyond = tensor(Int32Array.of(0, 3), { shape: [1, 2] });
    expect(model.loss(ids, ids).itemSync()).toBeGreaterThan(0);
    expect(() => model.fit([0, 5, 1])).toThrow('from 0 to 2, got 5 at position 1');
    expect(() => model.forward(beyond)).toThrow('from 0 to 2, got 3 at position 1');
    expect(() => model.loss(ids, beyond)).toThrow('from 0 to 2, got 3 at position 1');
    expect(() => model.loss(ids, tensor(Int32Array.of(0)))).toThrow('a target for each input');
    expect(() => model.forward(tensor([0.5]))).toThrow('expected int32 indices');
  });

  it('of more tokens than fit in memory is named', () => {
    const config = bigram.schema.parse({});
    expect(() => new CountedBigram(config, 1e15)).toThrow('a table of 1000000000000000 tokens');
  });

  it('loads pairs of its vocabulary, in order, or nothing', () => {
    const model = fresh();
    model.fit([0, 1, 2, 1]);
    const before = model.pairs.dataSync();
    const state = (pairs: number[]) =>
      new Map([
        ['pairs', tensor(Int32Array.from(pairs), { shape: [pairs.length / 2, 2] })],
        ['counts', tensor(new Int32Array(pairs.length / 2).fill(1))],
      ]);
    for (const bad of [
      [0, 7],
      [9, 0],
      [1, 1, 0, 1],
      [-1, 0],
    ]) {
      expect(() => model.loadStateDict(state(bad))).toThrow(/^bigram: expected (token ids|pairs)/);
    }
    expect(model.pairs.dataSync()).toEqual(before);
    model.loadStateDict(state([0, 2, 2, 0]));
    expect([...model.pairs.dataSync()]).toEqual([0, 2, 2, 0]);
  });
});
