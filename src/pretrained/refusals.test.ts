/** What is not understood, broken or hostile is said in words, naming the key or the tensor. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { type TensorToWrite, writeSafetensors } from '../formats/index.js';
import { SafetensorsFile } from '../formats/safetensors.js';
import { UserError } from '../util/errors.js';
import { loadPretrained } from './load.js';

const goldens = fileURLToPath(new URL('../../test/goldens/pretrained/', import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
let target: string;
beforeAll(() => {
  folder = temporaryFolder();
  target = path.join(folder.path, 'model');
});
afterAll(() => folder[Symbol.dispose]());

/** A golden with some keys of its configuration set, or taken away (undefined). */
function change(name: string, keys: Record<string, unknown>): void {
  fs.rmSync(target, { recursive: true, force: true });
  fs.cpSync(path.join(goldens, name), target, { recursive: true });
  const file = path.join(target, 'config.json');
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...keys }));
}

/** A golden with its tensors changed. */
function changeTensors(name: string, edit: (tensors: Map<string, TensorToWrite>) => void): void {
  change(name, {});
  const file = path.join(target, 'model.safetensors');
  const tensors = new Map<string, TensorToWrite>();
  {
    using source = new SafetensorsFile(file);
    for (const [key, { shape }] of source.tensors) {
      const values = source.read(key) as Float32Array;
      tensors.set(key, { shape, type: 'F32', chunks: () => [values] });
    }
  }
  edit(tensors);
  writeSafetensors(file, tensors);
}

async function problem(where = target): Promise<string> {
  try {
    (await loadPretrained(where)).model.dispose();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  return 'none';
}

async function noticesOf(): Promise<string> {
  const { model, notices } = await loadPretrained(target);
  model.dispose();
  return notices.join('\n');
}

describe('a config.json', () => {
  const cases: [string, string, Record<string, unknown>, RegExp][] = [
    [
      'of another family',
      'llama',
      { model_type: 'mamba' },
      /family "mamba" .* expected one of gpt2, llama, mistral, qwen2, qwen3, smollm3, gpt_neox/,
    ],
    ['of no family', 'llama', { model_type: undefined }, /model_type: expected text, got/],
    ['without a size', 'llama', { hidden_size: undefined }, /hidden_size: expected a whole number/],
    [
      'with a size of 2^60',
      'llama',
      { hidden_size: 2 ** 60 },
      /hidden_size: expected a whole number from 1 to 16777216/,
    ],
    [
      'with a billion layers',
      'llama',
      { num_hidden_layers: 1e9 },
      /num_hidden_layers: expected a whole number from 1 to 10000/,
    ],
    [
      'with layers that the file lacks',
      'llama',
      { num_hidden_layers: 9000 },
      /it lacks model.layers.2.input_layernorm.weight.* and \d+ more/,
    ],
    [
      'with heads that do not fit',
      'llama',
      { num_key_value_heads: 3 },
      /nHead that nKvHead divides, got 4 and 3/,
    ],
    [
      'with a text for a number',
      'llama',
      { vocab_size: '19' },
      /vocab_size: expected a whole number .* got "19"/,
    ],
    [
      'with another activation',
      'llama',
      { hidden_act: 'xielu' },
      /hidden_act "xielu" is not understood; expected one of silu/,
    ],
    [
      'with another activation, of GPT-2',
      'gpt2',
      { activation_function: 'toString' },
      /"toString" is not understood/,
    ],
    [
      'with other rotary positions',
      'llama',
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /"yarn" is not understood; expected default, linear, dynamic or llama3/,
    ],
    [
      'with partial rotary positions',
      'llama',
      { partial_rotary_factor: 0.5 },
      /partial_rotary_factor=0.5 is not understood/,
    ],
    [
      'with biases of attention alone',
      'llama',
      { attention_bias: true },
      /attention_bias=true with mlp_bias=false is not understood/,
    ],
    [
      'with windows here and there',
      'qwen2',
      { use_sliding_window: true },
      /sliding window in some layers alone/,
    ],
    [
      'with layers of other kinds',
      'qwen3',
      { layer_types: ['linear_attention', 'full_attention'] },
      /layer_types: expected full_attention/,
    ],
    [
      'with too few rotary flags',
      'smollm3',
      { no_rope_layers: [1, 0] },
      /no_rope_layers: expected 4 numbers/,
    ],
    [
      'with attention scaled otherwise',
      'gpt2',
      { scale_attn_by_inverse_layer_idx: true },
      /scale_attn_by_inverse_layer_idx=true is not understood/,
    ],
    [
      'with an odd number of turned numbers',
      'gpt-neox',
      { rotary_pct: 0.4 },
      /rotary_pct: expected a share of a head's 8 numbers that is even/,
    ],
    [
      'with biases of all but attention',
      'gpt-neox',
      { attention_bias: false },
      /attention_bias=false is not understood/,
    ],
    ['of a run', 'gpt2', { format: 'nanogpt-run' }, /is a run of nanogpt/],
  ];
  for (const [what, name, keys, expected] of cases) {
    it(`${what} is refused`, async () => {
      change(name, keys);
      expect(await problem()).toMatch(expected);
    });
  }

  it('that is no JSON, or endless, is refused', async () => {
    change('llama', {});
    const file = path.join(target, 'config.json');
    fs.writeFileSync(file, '{"a":'.repeat(5000));
    expect(await problem()).toMatch(/nested more than/);
    fs.writeFileSync(file, ' '.repeat(5_000_000));
    expect(await problem()).toMatch(/more than the limit of 4194304 bytes/);
  });

  it('with a key that nobody knows is a warning where it is on, and nothing where it is off', async () => {
    change('llama', { use_magic: true, use_more_magic: false, magic: null, magic_scale: 0 });
    expect(await noticesOf()).toMatch(/config.json: use_magic: not understood and passed over/);
  });

  it('of either spelling says the same', async () => {
    change('llama-sharded', {
      rope_parameters: undefined,
      rope_theta: 300,
      rope_scaling: { type: 'linear', factor: 2 },
    });
    const { model: a } = await loadPretrained(target);
    const { model: b } = await loadPretrained(path.join(goldens, 'llama-sharded'));
    const configOf = (model: unknown) => (model as { config: unknown }).config;
    expect(configOf(a)).toEqual(configOf(b));
    a.dispose();
    b.dispose();
  });
});

describe('weights', () => {
  const norm = 'model.layers.0.input_layernorm.weight';
  const cases: [string, (tensors: Map<string, TensorToWrite>) => void, RegExp][] = [
    ['that lack a tensor', (t) => t.delete(norm), /it lacks model.layers.0.input_layernorm.weight/],
    ['that have one more', (t) => t.set('extra', t.get(norm)!), /it has besides extra/],
    [
      'of another shape',
      (t) => t.set(norm, { ...t.get(norm)!, shape: [4, 4] }),
      /of another shape .*input_layernorm.weight: expected \(16\), got \(4, 4\)/,
    ],
  ];
  for (const [what, edit, expected] of cases) {
    it(`${what} are refused`, async () => {
      changeTensors('llama', edit);
      expect(await problem()).toMatch(expected);
    });
  }

  it('of whole numbers are refused', async () => {
    change('llama', {});
    const file = path.join(target, 'model.safetensors');
    const text = fs.readFileSync(file, 'latin1').replace('"dtype": "F16"', '"dtype": "I16"');
    fs.writeFileSync(file, text, 'latin1');
    expect(await problem()).toMatch(/tensor "model.embed_tokens.weight" is of type I16/);
  });

  it('that are not there are refused, saying what is', async () => {
    change('llama', {});
    fs.rmSync(path.join(target, 'model.safetensors'));
    fs.writeFileSync(path.join(target, 'pytorch_model.bin'), '');
    expect(await problem()).toMatch(
      /neither model.safetensors nor .*pytorch_model.bin is not read here/,
    );
  });
});

describe('a .bin of llama2.c', () => {
  let file: string;
  let good: Buffer;
  beforeEach(() => {
    file = path.join(folder.path, 'model.bin');
    good = fs.readFileSync(path.join(goldens, 'llama2c-tied.bin'));
  });
  const set = (at: number, value: number) => (bytes: Buffer) => {
    bytes.writeInt32LE(value, at);
    return bytes;
  };
  const cases: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ['that is empty', () => Buffer.alloc(0), /not a model of llama2.c: 0 bytes/],
    [
      'that is cut short',
      (bytes) => bytes.subarray(0, bytes.length - 4),
      /ask for 17436 bytes, and it has 17432/,
    ],
    ['of negative sizes', set(0, -16), /make no sense/],
    ['of sizes that lie', set(4, 2 ** 31 - 1), /ask for \d+ bytes/],
    ['of a later version', set(0, 0x616b3432), /of version 24; version 0 is read/],
  ];
  for (const [what, edit, expected] of cases) {
    it(`${what} is refused`, async () => {
      fs.writeFileSync(file, edit(good));
      expect(await problem(file)).toMatch(expected);
    });
  }
});

it('what names nothing is said to', async () => {
  expect(await problem('nowhere')).toMatch(
    /model "nowhere": no such file, and not a name on the Hugging Face hub/,
  );
  expect(await problem('nowhere.gguf')).toMatch(/there is no such file/);
  expect(await problem(folder.path)).toMatch(/holds no model: it has no config.json/);
  expect(await problem(fileURLToPath(import.meta.url))).toMatch(
    /expected a folder, or a file of the kind/,
  );
});
