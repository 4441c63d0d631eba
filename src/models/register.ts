/** The kinds of model that have a name: ours, and those that others add. */
import * as z from 'zod';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { bigram } from './bigram.js';
import { gpt } from './gpt.js';
import { hierarchical } from './hierarchical.js';
import { llama } from './llama.js';
import { mlp } from './mlp.js';
import type { ModelDefinition } from './model.js';
import { wavenet } from './wavenet.js';

const registered = new Map<string, ModelDefinition>(
  // Simplest first. A model of ours joins by its name here.
  [bigram, mlp, hierarchical, wavenet, gpt, llama].map((definition) => [
    definition.name,
    definition as ModelDefinition,
  ]),
);

/** All kinds of model, by name, simplest first. */
export const models: ReadonlyMap<string, ModelDefinition> = registered;

/**
 * Makes a model of one's own known by its name, to the library and to every command: `train`, `sample`,
 * `eval`, `describe`, `--resume`. A command imports the file that calls this by `--import ./my-model.js`.
 *
 * ```ts
 * registerModel({
 *   name: 'mine',
 *   summary: 'what it is, in a line',
 *   source: 'where it comes from',
 *   schema: z.strictObject({ blockSize: z.int().min(1).default(8).describe('T: tokens it sees') }),
 *   presets: { small: { summary: '…', model: {}, tokenizer: 'char', training: { steps: 1000, batchSize: 32, lr: 0.01 } } },
 *   defaultPreset: 'small',
 *   create: (config, vocabSize) => new Mine(config, vocabSize),
 * });
 * ```
 *
 * Registering the same definition again does nothing.
 *
 * @throws UserError when the name is taken, or the definition is not complete.
 */
export function registerModel<Config extends object>(definition: ModelDefinition<Config>): void {
  checkDefinition(definition as ModelDefinition);
  const { name } = definition;
  const before = registered.get(name);
  if (before !== undefined && before !== (definition as unknown)) {
    throw new UserError(
      `registerModel: there is a model "${name}" already; give yours another name`,
    );
  }
  registered.set(name, definition as unknown as ModelDefinition);
}

const NAME = /^[a-z][a-z0-9-]*$/;

function checkDefinition(definition: ModelDefinition): void {
  if (typeof definition !== 'object' || definition === null) {
    throw new UserError(
      `registerModel: expected a model's definition, got ${describeValue(definition)}`,
    );
  }
  const { name, summary, source, schema, presets, defaultPreset, create } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new UserError(
      `registerModel: expected a name of lower-case letters, digits and hyphens, got ${describeValue(name)}`,
    );
  }
  const expect = (fits: boolean, what: string, got: unknown): void => {
    if (fits) return;
    throw new UserError(`registerModel: ${name}: expected ${what}, got ${describeValue(got)}`);
  };
  expect(typeof summary === 'string', 'a summary, a line of text', summary);
  expect(typeof source === 'string', 'a source, a line of text', source);
  expect(schema instanceof z.ZodObject, 'a schema made by z.strictObject({ … })', schema);
  expect(typeof create === 'function', 'create, a function (config, vocabSize) => model', create);
  expect(typeof presets === 'object' && presets !== null, 'presets by name', presets);
  expect(
    typeof defaultPreset === 'string' && Object.hasOwn(presets, defaultPreset),
    `defaultPreset to be one of ${Object.keys(presets).join(', ') || 'its presets'}`,
    defaultPreset,
  );
  for (const [key, preset] of Object.entries(presets)) {
    const { model, training, tokenizer } = preset ?? {};
    const complete =
      typeof model === 'object' && typeof training === 'object' && typeof tokenizer === 'string';
    expect(complete, `preset ${key} to have model, tokenizer and training`, preset);
    const parsed = schema.safeParse(model);
    if (!parsed.success) {
      const problem = z.prettifyError(parsed.error).replaceAll('\n', ' ');
      throw new UserError(
        `registerModel: ${name}: preset ${key} does not fit its schema: ${problem}`,
      );
    }
  }
}
