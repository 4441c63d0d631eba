import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bigram, type ModelDefinition, models, registerModel } from './index.js';

const mine = (changes: object = {}) =>
  ({
    name: 'mine',
    summary: 'a test',
    source: 'here',
    schema: z.strictObject({ blockSize: z.int().min(1).default(8) }),
    presets: {
      small: {
        summary: 'small',
        model: {},
        tokenizer: 'char',
        training: { steps: 1, batchSize: 1, lr: 1 },
      },
    },
    defaultPreset: 'small',
    create: () => bigram.create({ ...bigram.schema.parse({}) }, 3),
    ...changes,
  }) as unknown as ModelDefinition;

describe('registerModel', () => {
  it('makes a model known by its name, once', () => {
    const definition = mine();
    registerModel(definition);
    registerModel(definition);
    expect(models.get('mine')).toBe(definition);
    expect([...models.keys()].at(0)).toBe('bigram'); // simplest first
    expect([...models.keys()].at(-1)).toBe('mine');
    expect(() => registerModel(mine())).toThrow('registerModel: there is a model "mine" already');
    expect(() => registerModel(mine({ name: 'mlp' }))).toThrow('there is a model "mlp" already');
  });

  it('says what is missing', () => {
    const cases: [unknown, string][] = [
      [null, "expected a model's definition, got null"],
      [
        mine({ name: 'My Model' }),
        'expected a name of lower-case letters, digits and hyphens, got "My Model"',
      ],
      [mine({ name: 'a', schema: {} }), 'a: expected a schema made by z.strictObject'],
      [
        mine({ name: 'a', create: 3 }),
        'a: expected create, a function (config, vocabSize) => model, got 3',
      ],
      [
        mine({ name: 'a', defaultPreset: 'big' }),
        'a: expected defaultPreset to be one of small, got "big"',
      ],
      [
        mine({ name: 'a', presets: { small: {} } }),
        'a: expected preset small to have model, tokenizer and training',
      ],
      [
        mine({
          name: 'a',
          presets: { small: { model: { blockSize: 0 }, tokenizer: 'char', training: {} } },
        }),
        'a: preset small does not fit its schema',
      ],
    ];
    for (const [definition, message] of cases) {
      expect(() => registerModel(definition as ModelDefinition)).toThrow(message);
    }
    expect(models.has('a')).toBe(false);
  });
});
