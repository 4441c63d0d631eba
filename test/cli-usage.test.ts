/** The command line, used wrongly, and asked for help. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, ROOT, SMALL, Workshop } from './run-cli.js';

let shop: Workshop;
beforeAll(() => {
  shop = new Workshop();
});
afterAll(() => shop[Symbol.dispose]());

describe('mistakes', () => {
  it.each<[string, (string | RegExp)[]]>([
    ['trian', [/unknown command 'trian'/, /Did you mean train\?/]],
    ['train mpl', [/unknown model "mpl"\. Did you mean "mlp"\?/]],
    ['train mlp --preset publshed', [/Did you mean "published"\?/]],
    ['train mlp --stesp 5', [/unknown option '--stesp'/, /Did you mean --steps\?/]],
    ['train mlp --set nHiden=5', [/Did you mean "nHidden"\?/]],
    ['train mlp --set nHidden=five', [/nHidden=five/]],
    ['train mlp --set nHidden', [/expected key=value/]],
    ['train mlp --lr 1 --set lr=2', [/lr is given twice/]],
    ['train mlp --steps five', [/--steps .* Expected a number, got "five"/]],
    ['train mlp --steps -5', [/Expected a whole number of at least 0/]],
    ['train mlp --split 0.5,0.1', [/fractions that sum to 1/]],
    ['train mlp --tokenizer chra', [/Did you mean "char"\?/]],
    ['train mlp --data tiny_shakespear', [/Did you mean tiny_shakespeare\?/]],
    ['train mlp bigram', [/too many arguments/]],
    ['train --resume nothing', [/there is no run "nothing"/]],
    ['sample', [/missing required argument 'run'/]],
    ['sample nothing', [/there is no run "nothing"/]],
    ['eval nothing --on validaton', [/Did you mean "validation"\?/]],
    ['describe mpl', [/unknown model or run "mpl"\. Did you mean "mlp"\?/]],
    ['describe --preset chars', [/--preset means nothing/]],
    ['doctor --threads 0', [/Expected a whole number of at least 1/]],
  ])('nanogpt %s', async (line, words) => {
    expectMessage(await shop.nanogpt(line.split(' ')), 2, ...words);
  });

  it('names the nearest run', async () => {
    await shop.json(['train', ...SMALL, '--steps', '1', '--out', 'runs/remarkable']);
    const ran = await shop.nanogpt(['sample', 'remarkble']);
    expectMessage(ran, 2, /Did you mean "remarkable"\?/);
    for (const args of [
      ['--checkpoint', 'newest'],
      ['--ids', '1,x'],
      ['--ids', '1', '--prompt', 'a'],
    ]) {
      expectMessage(await shop.nanogpt(['sample', 'remarkable', ...args]), 2);
    }
    expectMessage(await shop.nanogpt(['sample', 'remarkable', '--checkpoint', '77']), 1, /step 77/);
    expectMessage(await shop.nanogpt(['sample', 'remarkable', '--prompt', 'ж']), 1, /ж/);
    expectMessage(await shop.nanogpt(['sample', 'remarkable', '--ids', '9999']), 1, /9999/);
    expectMessage(await shop.nanogpt(['eval', 'remarkable', '--on', 'test']), 1, /no test part/);
  });

  it('says what is wrong with a run that fails', async () => {
    fs.writeFileSync(shop.path('empty.txt'), '');
    fs.writeFileSync(shop.path('file'), '');
    await shop.json(['train', ...SMALL, '--steps', '1', '--out', 'runs/taken']);
    const tries: [string[], RegExp][] = [
      [['--data', 'empty.txt'], /empty/],
      [['--out', 'file/run'], /cannot write .* is a file where a folder was expected/],
      [['--out', 'runs/taken'], /exists already/],
    ];
    for (const [options, words] of tries) {
      expectMessage(await shop.nanogpt(['train', ...SMALL, '--json', ...options]), 1, words);
    }
    const sgd = ['--set', 'optimizer=sgd', '--set', 'schedule=constant', '--lr', '1e30'];
    const diverged = await shop.nanogpt(['train', ...SMALL, ...sgd, '--out', 'runs/far', '--json']);
    expectMessage(diverged, 1, /became (NaN|Infinity|-Infinity) at step \d+/);
    const runs = await shop.json<Record<string, unknown>[]>(['runs']);
    expect(runs.find(({ name }) => name === 'far')).toMatchObject({ state: 'failed' });
  });
});

describe('help', () => {
  /** Prints what was imported, and the time that it took of the processor. */
  const spy = `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      'import fs from "node:fs"; export async function load(url, context, next) {' +
      ' fs.writeSync(2, url + "\\\\n"); return next(url, context); }'));`)}`;
  const clock = `data:text/javascript,${encodeURIComponent(`
    process.on('exit', () => {
      const { user, system } = process.cpuUsage();
      process.stderr.write(String((user + system) / 1000));
    });`)}`;

  it.each(['', 'train', 'sample', 'eval', 'describe', 'runs', 'doctor'])(
    'nanogpt %s --help answers at once',
    async (command) => {
      const args = [...(command ? [command] : []), '--help'];
      const { code, stdout, stderr } = await shop.nanogpt(args, { node: ['--import', spy] });
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: nanogpt ${command}`));
      const imported = stderr
        .trim()
        .split('\n')
        .filter((url) => url.startsWith('file:'));
      expect(imported.length).toBeGreaterThan(5);
      const packages = imported.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
      expect(new Set(packages)).toEqual(new Set(['commander']));
      const own = imported.flatMap((url) => /\/dist\/(\w+)\//.exec(url)?.[1] ?? []);
      expect(new Set(own)).toEqual(new Set(['cli', 'util']));
    },
  );

  it('takes less than 200 ms of the processor', async () => {
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { stderr } = await shop.nanogpt(['--help'], { node: ['--import', clock] });
      times.push(Number(stderr));
    }
    expect(Math.min(...times)).toBeGreaterThan(0);
    expect(Math.min(...times)).toBeLessThan(200);
  });

  it('prints the version, and help where nothing is asked', async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    expect(await shop.nanogpt(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
    const bare = await shop.nanogpt([]);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(bare.stdout).toMatch(/Usage: nanogpt/);
  });
});
