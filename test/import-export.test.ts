/** `nanogpt import`, `export` and `train --init-from`, as a user runs them; and what loading costs. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, ROOT, SMALL, Workshop } from './run-cli.js';

let shop: Workshop;
const SPLIT = ['--split', '0.8,0.1,0.1'];
const LLAMA = [
  ...['train', 'llama', '--preset', 'char', '--data', 'text.txt', '--steps', '30'],
  ...[
    '--block-size',
    '16',
    '--n-layer',
    '2',
    '--n-head',
    '4',
    '--n-kv-head',
    '2',
    '--n-embd',
    '32',
  ],
  ...['--batch-size', '8', '--warmup-steps', '0'],
];
interface Scored {
  loss: number;
}
const lossOf = async (run: string): Promise<number> =>
  (await shop.json<Scored>(['eval', run])).loss;

const exportRun = (run: string, format: string, out: string) =>
  shop.json(['export', run, '--format', format, '--out', out]);

beforeAll(async () => {
  shop = new Workshop();
  const ok = async (...args: string[]) => {
    const ran = await shop.nanogpt(args);
    if (ran.code !== 0) throw new Error(`nanogpt ${args.join(' ')}\n${ran.stderr}`);
  };
  await ok(
    'tokenizer',
    'train',
    '--type',
    'bpe',
    '--input',
    'text.txt',
    '--vocab-size',
    '320',
    '--byte-fallback',
    '--out',
    'my',
  );
  await ok(...LLAMA, ...SPLIT, '--tokenizer', 'my.model', '--out', 'runs/llama');
  await ok('train', ...SMALL, ...SPLIT, '--out', 'runs/mlp');
}, 60_000);
afterAll(() => shop[Symbol.dispose]());

describe('export and import', () => {
  it('of a Llama as one GGUF file, and back: the same loss', async () => {
    const exported = await exportRun('runs/llama', 'gguf', 'my.gguf');
    expect(exported).toMatchObject({ family: 'llama', dtype: 'float32', path: 'my.gguf' });
    const imported = await shop.json([
      'import',
      'my.gguf',
      '--out',
      'runs/gguf',
      '--data',
      'text.txt',
    ]);
    expect(imported).toMatchObject({ model: 'llama', vocabSize: 320 });
    // The vocabulary is the same; its normalization is not part of the file, so that a text may have other tokens.
    const sample = ['--ids', '300,301', '--tokens', '20'];
    const [a, b] = await Promise.all(
      ['runs/llama', 'runs/gguf'].map((run) =>
        shop.json<{ tokens: number[] }>(['sample', run, ...sample]),
      ),
    );
    expect(b!.tokens).toEqual(a!.tokens);
  }, 30_000);

  it('of a Llama as transformers has it, with its tokenizer, and back: the same loss', async () => {
    const exported = await exportRun('runs/llama', 'safetensors', 'folder');
    expect(exported).toMatchObject({ family: 'llama' });
    expect(fs.readdirSync(shop.path('folder')).sort()).toEqual([
      ...['config.json', 'model.safetensors', 'nanogpt-tokenizer.json', 'tokenizer.model'],
      'tokenizer_config.json',
    ]);
    await shop.json(['import', 'folder', '--out', 'runs/folder', '--data', 'text.txt']);
    expect(await lossOf('runs/folder')).toBeCloseTo(await lossOf('runs/llama'), 5);
  }, 30_000);

  it('of an MLP in a form of its own, and back: the same loss', async () => {
    const exported = await exportRun('runs/mlp', 'safetensors', 'mlp');
    expect(exported).toMatchObject({ family: 'nanogpt-mlp' });
    await shop.json(['import', 'mlp', '--out', 'runs/mlp-again', '--data', 'text.txt']);
    expect(await lossOf('runs/mlp-again')).toBeCloseTo(await lossOf('runs/mlp'), 5);
  }, 30_000);

  it('are refused in a line where something does not fit', async () => {
    const cases: [string[], 1 | 2, RegExp][] = [
      [
        ['export', 'runs/mlp', '--format', 'gguf', '--out', 'x.gguf'],
        1,
        /expected a llama, got MLP/,
      ],
      [
        ['export', 'runs/llama', '--format', 'onnx', '--out', 'x'],
        2,
        /expected safetensors or gguf/,
      ],
      [
        ['export', 'runs/llama', '--format', 'safetensors', '--dtype', 'q8_0', '--out', 'x'],
        2,
        /expected one of float32, float16, bfloat16/,
      ],
      [
        ['export', 'runs/llama', '--format', 'gguf', '--out', 'text.txt'],
        2,
        /text.txt: is there already/,
      ],
      [['import', 'runs/llama', '--out', 'runs/x'], 2, /is a run already/],
      [['import', 'my.model', '--out', 'runs/x'], 1, /expected a folder, or a file of the kind/],
      [['import', 'nowhere', '--out', 'runs/x'], 2, /not a name on the Hugging Face hub/],
    ];
    await Promise.all(
      cases.map(async ([args, code, words]) =>
        expectMessage(await shop.nanogpt(args), code, words),
      ),
    );
    for (const name of ['x.gguf', 'x', 'runs/x'])
      expect(fs.existsSync(shop.path(name))).toBe(false);
  }, 60_000);
});

describe('an imported model', () => {
  it('is listed as such, and as stopped or finished once it was trained on', async () => {
    await exportRun('runs/llama', 'safetensors', 'listed');
    await shop.json(['import', 'listed', '--data', 'text.txt', '--out', 'runs/listed']);
    const state = async () =>
      (await shop.json<{ name: string; state: string }[]>(['runs'])).find(
        ({ name }) => name === 'listed',
      )?.state;
    expect(await state()).toBe('imported');
    await shop.json(['train', '--resume', 'runs/listed', '--steps', '2']);
    expect(await state()).toBe('finished');
  }, 60_000);

  it('asks for a text where the usual one has characters that its tokenizer has not', async () => {
    fs.writeFileSync(shop.path('few.txt'), 'abba baab\n'.repeat(200));
    const gpt = ['train', 'gpt', '--preset', 'names', '--data', 'few.txt', '--tokenizer', 'char'];
    await shop.json([...gpt, '--steps', '1', '--out', 'runs/few']);
    await exportRun('runs/few', 'safetensors', 'few');
    const ran = await shop.nanogpt(['import', 'few', '--out', 'runs/fewer']);
    expectMessage(ran, 2, /give the text that it was made for with --data/);
    expect(fs.existsSync(shop.path('runs/fewer'))).toBe(false);
    await shop.json(['import', 'few', '--data', 'few.txt', '--out', 'runs/fewer']);
  }, 60_000);
});

describe('train --init-from', () => {
  it('begins with the weights of a run, and resumes from them', async () => {
    const before = await lossOf('runs/llama');
    const common = ['--data', 'text.txt', '--warmup-steps', '0', '--block-size', '16'];
    // A rate at which nothing moves: what is scored is what it began with.
    await shop.json([
      'train',
      '--init-from',
      'runs/llama',
      ...common,
      '--steps',
      '1',
      '--lr',
      '1e-30',
      '--min-lr',
      '0',
      '--out',
      'runs/tuned',
    ]);
    expect(await lossOf('runs/tuned')).toBeCloseTo(before, 5);
    const on = await shop.json<{ validation: Scored }>([
      'train',
      '--init-from',
      'llama',
      ...common,
      '--steps',
      '40',
      '--lr',
      '0.003',
      '--out',
      'runs/better',
    ]);
    expect(on.validation.loss).toBeLessThan(before);
  }, 60_000);

  it('goes on from there, and not from the seed, when it was ended before its first checkpoint', async () => {
    const run = 'runs/ended';
    await shop.json([
      'train',
      '--init-from',
      'runs/llama',
      '--data',
      'text.txt',
      '--steps',
      '0',
      '--out',
      run,
    ]);
    expect(fs.readdirSync(shop.path(run, 'checkpoints'))).toContain('step-000000');
    await shop.json([
      'train',
      '--resume',
      run,
      '--steps',
      '1',
      '--lr',
      '1e-30',
      '--min-lr',
      '0',
      '--warmup-steps',
      '0',
    ]);
    expect(await lossOf(run)).toBeCloseTo(await lossOf('runs/llama'), 5);
  }, 60_000);

  it('is refused in a line for another vocabulary, another kind, or another shape', async () => {
    const from = ['train', '--init-from', 'runs/llama', '--data', 'text.txt'];
    const cases: [string[], RegExp][] = [
      [[...from, '--tokenizer', 'gpt2'], /cannot go on with gpt2 \(50257\): another vocabulary/],
      [
        [...from, '--tokenizer', 'char'],
        /char makes its vocabulary from a text.*another vocabulary/,
      ],
      [['train', 'mlp', ...from.slice(1)], /holds a model of the kind llama, not mlp/],
      [[...from, '--n-layer', '3'], /nLayer is 2 .* cannot change/],
      [[...from, '--resume', 'runs/llama'], /give one/],
    ];
    await Promise.all(
      cases.map(async ([args, words]) => expectMessage(await shop.nanogpt(args), 2, words)),
    );
  }, 60_000);
});

describe('the average of the weights', () => {
  it('is exported, and begun with, by --ema', async () => {
    const averaged = [...LLAMA, ...SPLIT, '--tokenizer', 'my.model', '--ema-decay', '0.95'];
    await shop.json([...averaged, '--out', 'runs/averaged']);
    const { loss } = await shop.json<Scored>(['eval', 'runs/averaged', '--ema']);
    expect(Math.abs(loss - (await lossOf('runs/averaged')))).toBeGreaterThan(1e-3);

    const from = ['--init-from', 'runs/averaged', '--ema', '--data', 'text.txt', '--steps', '0'];
    await shop.json(['train', ...from, '--out', 'runs/begun']);
    expect(await lossOf('runs/begun')).toBeCloseTo(loss, 5);

    const kept = ['--format', 'safetensors', '--out', 'averaged', '--ema'];
    await shop.json(['export', 'runs/averaged', ...kept]);
    await shop.json(['import', 'averaged', '--data', 'text.txt', '--out', 'runs/imported']);
    const on = ['--init-from', 'runs/imported', '--data', 'text.txt', ...SPLIT, '--steps', '0'];
    await shop.json(['train', ...on, '--out', 'runs/again']);
    expect(await lossOf('runs/again')).toBeCloseTo(loss, 5);
  }, 120_000);

  it('is missed in a line where none was kept, or none can be', async () => {
    const none = /holds no average of weights/;
    const cases: [string[], 1 | 2, RegExp][] = [
      [['export', 'runs/llama', '--format', 'gguf', '--out', 'none.gguf', '--ema'], 1, none],
      [['train', '--init-from', 'runs/llama', '--ema', '--out', 'runs/none'], 1, none],
      [['train', '--ema'], 2, /--ema.*goes with --init-from/],
      [['train', '--resume', 'runs/llama', '--ema'], 2, /--ema.*goes with --init-from/],
    ];
    for (const [args, code, words] of cases) {
      expectMessage(await shop.nanogpt(args), code, words);
    }
    expect(fs.existsSync(shop.path('runs/none'))).toBe(false);
  }, 60_000);
});

describe('loading', () => {
  it('needs little more memory than the weights', () => {
    const index = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
    const folder = JSON.stringify(shop.path('large'));
    const run = (program: string) =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: ROOT,
        encoding: 'utf8',
      });
    run(`
      import { GPT, Llama, savePretrained } from ${index};
      const shape = { blockSize: 64, nLayer: 8, nHead: 8, nEmbd: 512 };
      savePretrained(new GPT({ ...shape, bias: true }, 3000), ${folder} + '-gpt', { dtype: 'float16' });
      savePretrained(new Llama(shape, 3000), ${folder} + '-llama', { dtype: 'bfloat16' });`);
    for (const name of ['gpt', 'llama']) {
      const printed = run(`
        import { loadPretrained, zeros } from ${index};
        zeros(8);
        const before = process.memoryUsage().rss;
        const { model } = await loadPretrained(${folder} + '-${name}');
        const peak = process.resourceUsage().maxRSS * 1024;
        console.log(JSON.stringify({ more: peak - before, weights: model.parameterCount() * 4 }));`);
      const { more, weights } = JSON.parse(printed) as { more: number; weights: number };
      expect(weights).toBeGreaterThan(100e6);
      expect(more).toBeLessThan(weights + 48e6); // a stretch and its like, and one whole tensor to be transposed
    }
  }, 60_000);
});
