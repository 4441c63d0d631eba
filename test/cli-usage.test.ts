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
    ['train mlp --set nHidden=', [/nHidden=: expected a number, got nothing\./]],
    ['train mlp --set nHidden=1e16', [/nHidden=1e16: expected a whole number of at most \d{16},/]],
    ['train mlp --out runs/-x', [/run name "-x": expected letters/]],
    ['train mlp --data names --out runs/ü', [/run name "ü": expected letters/]],
    [`train mlp --data text.txt --out runs/${'x'.repeat(101)}`, [/at most 100 characters/]],
    ['train mlp --lr 1 --set lr=2', [/lr is given twice/]],
    ['train mlp --batch-size five', [/batchSize=five/]],
    ['train mlp --n-head 4', [/unknown setting of mlp "nHead"/]],
    ['train mlp --epochs 4', [/--epochs: training is counted in steps: use --steps\./]],
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
    ['describe --preset chars', [/--preset does not apply/]],
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

  it('advises to go on with nothing that is no run', async () => {
    fs.mkdirSync(shop.path('full'));
    fs.writeFileSync(shop.path('full', 'a'), '');
    const train = (...out: string[]) => shop.nanogpt(['train', ...SMALL, '--out', ...out]);
    expectMessage(await train(''), 2, /--out: expected the run's folder, got nothing/);
    expectMessage(await shop.nanogpt(['train', '--resume', '']), 2, /there is no run ""/);
    for (const out of ['.', 'full', 'text.txt', '/dev/full', '/dev']) {
      const ran = await train(out);
      expectMessage(ran, 2, /exists already, and is no run/);
      expect(ran.stderr).not.toContain('--resume');
    }
    expectMessage(await train('/dev/full/run'), 1, /a file stands|is a file where a folder/);
    expectMessage(await train('/proc/nanogpt/run'), 1, /cannot write/);
    expect(fs.readdirSync(shop.path('full'))).toEqual(['a']);
  });

  it('says before it takes any memory that a model does not fit', async () => {
    for (const set of ['nHidden=1e15', 'nLayer=1e5', 'batchSize=1e9']) {
      const args = ['train', 'mlp', '--preset', 'chars', '--data', 'text.txt', '--set', set];
      const ran = await shop.nanogpt(args);
      expectMessage(ran, 1, /training needs .* of memory, and this machine has .* Lower /);
    }
    // Describing takes none of it.
    const described = await shop.nanogpt(['describe', 'mlp', '--set', 'nEmbd=1e12']);
    expect(described).toMatchObject({ code: 0, stderr: '' });
    expect(described.stdout).toMatch(
      /memory +[\d.,]+ \wB to train, more than the .* of this machine/,
    );
    const parts = ['describe', 'mlp', '--set', 'nLayer=1e8', '--set', 'nHidden=1'];
    expectMessage(await shop.nanogpt(parts), 1, /of memory/);
  });

  it('trains on no other data than was asked for, unless none was', async () => {
    const env = { https_proxy: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
    const args = ['train', 'mlp', '--preset', 'chars', '--steps', '1', '--out'];
    const node = [
      '--import',
      `data:text/javascript,globalThis.fetch = () => Promise.reject(new TypeError("no network"))`,
    ];
    const asked = await shop.nanogpt([...args, 'runs/asked', '--data', 'tiny_shakespeare'], {
      env,
      node,
    });
    expectMessage(asked, 1, /could not reach/);
    const described = await shop.nanogpt(['describe', 'gpt'], { env, node });
    expect(described.code).toBe(0);
    expect(described.stderr).toMatch(/using moby_dick/);
    const any = await shop.nanogpt([...args, 'runs/any', '--json'], { env, node });
    expect(any.stderr).toMatch(/using moby_dick/);
    const config = JSON.parse(fs.readFileSync(shop.path('runs', 'any', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ data: 'moby_dick', dataset: { name: 'moby_dick' } });
    // The text of a run that is begun with was asked for, too.
    fs.cpSync(shop.path('runs', 'any'), shop.path('runs', 'own'), { recursive: true });
    const file = shop.path('runs', 'own', 'config.json');
    fs.writeFileSync(file, JSON.stringify({ ...config, data: 'tiny_shakespeare' }));
    const on = ['train', '--init-from', 'runs/own', '--steps', '1', '--out', 'runs/on'];
    const none = { ...env, NANOGPT_DATA_DIR: undefined };
    const begun = await shop.nanogpt(on, { env: none, node });
    expectMessage(begun, 1, /could not reach.*Set NANOGPT_DATA_DIR/);
    expect(fs.existsSync(shop.path('runs', 'on'))).toBe(false);
    expect(await shop.nanogpt(['eval', 'any', '--json'], { env, node })).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  it('ends with one line when its folder, or the one above it, vanishes while it trains', async () => {
    const endless = ['train', ...SMALL, '--steps', '100000000', '--out'];
    const disturb = async (out: string, action: () => void) => {
      let isDone = false;
      return shop.nanogpt([...endless, out], {
        watch(_child, { stdout }) {
          if (isDone || !stdout.includes('val ')) return;
          isDone = true;
          action();
        },
      });
    };
    const renamed = await disturb('vanishing/one', () =>
      fs.renameSync(shop.path('vanishing', 'one'), shop.path('vanishing', 'two')),
    );
    const replaced = await disturb('vanishing/three', () => {
      fs.renameSync(shop.path('vanishing'), shop.path('vanished'));
      fs.writeFileSync(shop.path('vanishing'), '');
    });
    for (const { code, stderr } of [renamed, replaced]) {
      expect(stderr).toMatch(/^nanogpt: .*: this folder is no longer there: .*\n$/);
      expect(code).toBe(1);
    }
  });

  it('says what is wrong with a run that fails', async () => {
    fs.writeFileSync(shop.path('empty.txt'), '');
    fs.writeFileSync(shop.path('file'), '');
    await shop.json(['train', ...SMALL, '--steps', '1', '--out', 'runs/taken']);
    const tries: [string[], RegExp][] = [
      [['--data', 'empty.txt'], /empty/],
      [['--out', 'file/run'], /cannot write .* is a file where a folder was expected/],
    ];
    for (const [options, words] of tries) {
      expectMessage(await shop.nanogpt(['train', ...SMALL, '--json', ...options]), 1, words);
    }
    const again = await shop.nanogpt(['train', ...SMALL, '--json', '--out', 'runs/taken']);
    expectMessage(again, 2, /this run exists already/);
    const sgd = ['--set', 'optimizer=sgd', '--set', 'schedule=constant', '--lr', '1e30'];
    const diverged = await shop.nanogpt(['train', ...SMALL, ...sgd, '--out', 'runs/far', '--json']);
    expectMessage(diverged, 1, /became (NaN|Infinity|-Infinity) at step \d+/);
    const runs = await shop.json<Record<string, unknown>[]>(['runs']);
    expect(runs.find(({ name }) => name === 'far')).toMatchObject({ state: 'failed' });
  });
});

describe('help', () => {
  /** Prints what was imported. */
  const spy = `data:text/javascript,${encodeURIComponent(`
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(
      'import fs from "node:fs"; export async function load(url, context, next) {' +
      ' fs.writeSync(2, url + "\\\\n"); return next(url, context); }'));`)}`;

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
      expect(imported.length).toBeLessThan(40); // each file is time before the first line
      const packages = imported.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
      expect(new Set(packages)).toEqual(new Set(['commander']));
      const own = imported.flatMap((url) => /\/dist\/(\w+)\//.exec(url)?.[1] ?? []);
      // Whether a launcher started this is a look at the environment.
      expect(new Set(own)).toEqual(new Set(['cli', 'distributed', 'util']));
    },
  );

  it('prints the version, and help where nothing is asked', async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    expect(await shop.nanogpt(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
    const bare = await shop.nanogpt([]);
    expect(bare).toMatchObject({ code: 0, stderr: '' });
    expect(bare.stdout).toMatch(/Usage: nanogpt/);
  });
});
