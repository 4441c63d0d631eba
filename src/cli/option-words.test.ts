import { describe, expect, it } from 'vitest';
import { translateOptions } from './option-words.js';
import { buildProgram } from './program.js';
import { settingKeys } from './settings.js';

const translate = (line: string) =>
  translateOptions(buildProgram(), line.split(' '), async () => settingKeys());

describe('translateOptions', () => {
  it.each([
    ['train mlp --batch-size 64', 'train mlp --set batchSize=64'],
    ['train mlp --block-size=32 --lr 1', 'train mlp --set blockSize=32 --lr 1'],
    ['train mlp --batch_size 64', 'train mlp --set batchSize=64'],
    ['train mlp --batchSize 64', 'train mlp --set batchSize=64'],
    ['train mlp --learning-rate 0.1 --max-iters 5', 'train mlp --lr 0.1 --steps 5'],
    ['train mlp --iters=5 --dataset names', 'train mlp --steps=5 --data names'],
    ['train mlp --wd 0.1', 'train mlp --set weightDecay=0.1'],
    ['train gpt --n-layer 2 --n-head 2', 'train gpt --set nLayer=2 --set nHead=2'],
    ['train gpt --n-embd 8 --dropout 0.1', 'train gpt --set nEmbd=8 --set dropout=0.1'],
    ['train mlp --nesterov --steps 5', 'train mlp --set nesterov=true --steps 5'],
    ['--import a.js train mlp --wd 1', '--import a.js train mlp --set weightDecay=1'],
    ['describe mlp --n-hidden 7', 'describe mlp --set nHidden=7'],
    ['sample x --top_k 5 --max-new-tokens 9', 'sample x --top-k 5 --tokens 9'],
  ])('%s', async (line, expected) => {
    expect((await translate(line)).join(' ')).toBe(expected);
  });

  it.each(['train mlp --stesp 5', 'sample x --prompt --batch-size', 'runs', 'eval x --wd 1'])(
    'leaves %s to commander',
    async (line) =>
      expect((await translate(line)).slice(0, 3)).toEqual(line.split(' ').slice(0, 3)),
  );

  it('asks for the keys of what --import names', async () => {
    const asked: string[][] = [];
    const args = 'train mine --my-width 8 --import a.mjs --import=b.ts -- --import c.mjs'.split(
      ' ',
    );
    const translated = await translateOptions(buildProgram(), args, async (imports) => {
      asked.push(imports);
      return ['myWidth'];
    });
    expect(asked).toEqual([['a.mjs', 'b.ts']]);
    expect(translated.join(' ')).toBe(
      'train mine --set myWidth=8 --import a.mjs --import=b.ts -- --import c.mjs',
    );
  });

  it('loads no model for help and for options that there are', async () => {
    const load = () => Promise.reject(new Error('loaded'));
    for (const line of ['train --help', 'train mlp --steps 5 --lr=1', '--help', 'train -h']) {
      const args = line.split(' ');
      expect(await translateOptions(buildProgram(), args, load)).toEqual(args);
    }
  });

  it.each([
    ['epochs', /counted in steps: use --steps/],
    ['device', /on the CPU/],
    ['model', /nanogpt train mlp/],
    ['name', /--out names/],
  ])('answers --%s in one line', async (word, words) => {
    await expect(translate(`train mlp --${word} x`)).rejects.toThrow(words);
  });
});
