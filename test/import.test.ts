/** `--import`: models, tokenizers and datasets of the user's own, on every command. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, ROOT, Workshop } from './run-cli.js';

let shop: Workshop;
const TRAIN = ['train', 'log-bilinear', '--data', 'text.txt', '--steps', '20'];
const IMPORT = ['--import', 'mine.mjs'];

/** A file of the user's own in the workshop, where no package is installed. */
function write(name: string, text: string): void {
  fs.mkdirSync(path.dirname(shop.path(name)), { recursive: true });
  fs.writeFileSync(shop.path(name), text);
}

function configOf(run: string) {
  return JSON.parse(fs.readFileSync(shop.path('runs', run, 'config.json'), 'utf8'));
}

beforeAll(async () => {
  shop = new Workshop();
  fs.copyFileSync(path.join(ROOT, 'examples', 'my-model.mjs'), shop.path('mine.mjs'));
  await shop.json([...TRAIN, ...IMPORT, '--out', 'runs/one']);
});
afterAll(() => shop[Symbol.dispose]());

describe('a run with a model of the user’s own', () => {
  it('writes down the file that registered it', () => {
    expect(configOf('one').imports).toEqual([
      {
        path: fs.realpathSync(shop.path('mine.mjs')),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });

  it('is sampled, scored, described and continued without naming the file again', async () => {
    const sampled = await shop.json<{ tokens: number[] }>(['sample', 'one', '--tokens', '5']);
    expect(sampled.tokens).toHaveLength(5);
    expect((await shop.json(['eval', 'one']))['loss']).toBeGreaterThan(0);
    expect(await shop.json(['describe', 'one'])).toMatchObject({ model: 'log-bilinear' });
    expect(await shop.json(['train', '--resume', 'one', '--steps', '30'])).toMatchObject({
      steps: 30,
      stepsTaken: 10,
    });
    expect((await shop.nanogpt(['runs'])).stdout).toMatch(/one +log-bilinear chars/);
  });

  it('says when the file has changed', async () => {
    const changed = await shop.json([...TRAIN, '--import', 'mine.mjs', '--out', 'runs/two']);
    expect(changed).toMatchObject({ model: 'log-bilinear' });
    const before = fs.readFileSync(shop.path('mine.mjs'), 'utf8');
    write('mine.mjs', `${before}\n// and more\n`);
    const ran = await shop.nanogpt(['describe', 'two']);
    write('mine.mjs', before);
    expect(ran.stderr).toBe('nanogpt: mine.mjs has changed since the run was made.\n');
    expect(ran.code).toBe(0);
  });

  it('finds the file where --import says it is now, and remembers that', async () => {
    await shop.json([...TRAIN, ...IMPORT, '--out', 'runs/three']);
    fs.renameSync(shop.path('mine.mjs'), shop.path('moved.mjs'));
    const lost = await shop.nanogpt(['sample', 'three']);
    await shop.json(['train', '--resume', 'three', '--steps', '22', '--import', 'moved.mjs']);
    const found = await shop.nanogpt(['sample', 'three', '--tokens', '3']);
    fs.renameSync(shop.path('moved.mjs'), shop.path('mine.mjs'));
    expectMessage(lost, 1, 'mine.mjs, and that file is not there', '--import FILE');
    expect(found.code).toBe(0);
    expect(configOf('three').imports).toMatchObject([
      { path: expect.stringMatching(/moved\.mjs$/) },
    ]);
  });

  it('never runs code from its own folder unasked', async () => {
    fs.cpSync(shop.path('runs/one'), shop.path('runs/strange'), { recursive: true });
    write('runs/strange/evil.mjs', 'import fs from "node:fs"; fs.writeFileSync("hacked", "");');
    const file = fs.realpathSync(shop.path('runs/strange/evil.mjs'));
    const link = shop.path('link.mjs');
    fs.symlinkSync(file, link);
    for (const named of [file, link, path.relative(shop.folder, file)]) {
      const config = { ...configOf('strange'), imports: [{ path: named, sha256: '' }] };
      write('runs/strange/config.json', JSON.stringify(config));
      const others = named === file ? [['eval'], ['describe'], ['train', '--resume']] : [];
      for (const command of [['sample'], ...others]) {
        expectMessage(await shop.nanogpt([...command, 'strange']), 1, '--import');
      }
    }
    expect(fs.existsSync(shop.path('hacked'))).toBe(false);
  });
});

describe('--import', () => {
  it('stands before the command’s name or after it, more than once', async () => {
    write(
      'data.mjs',
      `import { registerDataset } from 'nanogpt/data';
       registerDataset({ name: 'abc', description: 'letters', read: () => 'abc '.repeat(500) });`,
    );
    const args = ['--import', 'data.mjs', 'train', 'log-bilinear', ...IMPORT];
    const run = ['--data', 'abc', '--steps', '2', '--out', 'runs/abc'];
    expect(await shop.json([...args, ...run])).toMatchObject({ steps: 2 });
    expect(configOf('abc').imports).toHaveLength(2);
    expect((await shop.json(['eval', 'abc']))['tokens']).toBeGreaterThan(100);
    const all = await shop.nanogpt(['describe', '--import', 'data.mjs', ...IMPORT]);
    expect(all.stdout).toMatch(/log-bilinear: .*Mnih[\s\S]*abc +letters/);
  });

  it('makes the settings of a model of the user’s own options', async () => {
    const own = fs.readFileSync(shop.path('mine.mjs'), 'utf8').replaceAll('nEmbd', 'myWidth');
    write('width.mjs', own);
    const width = ['--my-width', '12', '--import', 'width.mjs'];
    await shop.json([...TRAIN, ...width, '--out', 'runs/width']);
    expect(configOf('width').modelConfig).toEqual({ blockSize: 8, myWidth: 12 });
    const before = ['--import=width.mjs', 'describe', 'log-bilinear', '--data', 'text.txt'];
    expect(await shop.json([...before, '--my_width=4'])).toMatchObject({ config: { myWidth: 4 } });
    const unknown = await shop.nanogpt([...TRAIN, ...IMPORT, '--my-width', '12']);
    expectMessage(unknown, 2, "unknown option '--my-width'");
  });

  it('gives every command a tokenizer of the user’s own', async () => {
    write(
      'words.mjs',
      `import fs from 'node:fs';
       import { registerTokenizer, saveTokenizerFolder, tokenizerFingerprint } from 'nanogpt/tokenizers';
       const make = (list) => ({
         kind: 'lines', name: 'lines', vocabSize: list.length, bosId: undefined, eosId: undefined,
         fingerprint: tokenizerFingerprint('lines', ...list),
         encode: (text) => Uint32Array.from(text.match(/\\w+|\\W/g) ?? [], (word) => list.indexOf(word)),
         decode: (ids) => Array.from(ids, (id) => list[id]).join(''),
         decodeStream: () => ({ push: (id) => list[id], end: () => '' }),
         tokenToString: (id) => list[id],
         save: (dir) => saveTokenizerFolder(dir, { kind: 'lines', name: 'lines', list }),
       });
       registerTokenizer({
         name: 'lines', summary: 'words and blanks',
         create: ({ text }) => make([...new Set(text().match(/\\w+|\\W/g))]),
         load: (dir, { list }) => make(list),
       });`,
    );
    const encoded = await shop.json<{ ids: number[]; tokens: string[] }>([
      ...['tokenizer', 'encode', '--tokenizer', 'lines', '--data', 'text.txt', 'Anna reads'],
      ...['--import', 'words.mjs'],
    ]);
    expect(encoded.tokens).toEqual(['Anna', ' ', 'reads']);
    const with_ = ['--tokenizer', 'lines', '--import', 'words.mjs', '--out', 'runs/words'];
    await shop.json([...TRAIN, ...IMPORT, ...with_]);
    const args = ['sample', 'words', '--tokens', '4', '--prompt', 'Anna reads'];
    expect((await shop.json<{ tokens: number[] }>(args)).tokens).toHaveLength(4);
  });

  it('says in one line what is wrong with the file', async () => {
    write('throws.mjs', 'import "nanogpt";\n\nnull.x;\n');
    write('taken.mjs', `import { registerModel } from 'nanogpt';\nregisterModel({ name: 'A' });\n`);
    write('lost.mjs', `import 'no-such-package';\n`);
    write('broken.mjs', 'const = 3;\n');
    write('mine.py', '');
    const cases: [string, 1 | 2, string | RegExp][] = [
      ['throws.mjs', 1, /throws\.mjs:3: TypeError: Cannot read properties of null/],
      ['taken.mjs', 1, 'taken.mjs: registerModel: expected a name of lower-case letters'],
      ['lost.mjs', 1, "lost.mjs: Cannot find package 'no-such-package'"],
      ['broken.mjs', 1, /broken\.mjs.*SyntaxError/],
      ['mine.py', 2, '--import mine.py: expected a .js, .mjs or .ts file'],
      ['none.mjs', 2, '--import none.mjs: there is no such file'],
      ['runs', 2, '--import runs: is not a file'],
    ];
    for (const [file, code, words] of cases) {
      expectMessage(await shop.nanogpt(['describe', '--import', file]), code, words);
    }
  });

  it('takes TypeScript where this Node does, and says so where it does not', async () => {
    write(
      'typed.ts',
      `import { registerDataset } from 'nanogpt';
      registerDataset({ name: 'typed', description: 'of types', read: (): string => 'abc' });`,
    );
    const ran = await shop.nanogpt(['describe', '--import', 'typed.ts']);
    const { typescript } = process.features as { typescript?: unknown };
    if (typescript) expect(ran.stdout).toContain('of types');
    else expectMessage(ran, 2, 'does not run TypeScript');
  });

  it('lays a fault in imported code at its own door', async () => {
    const model = fs.readFileSync(shop.path('mine.mjs'), 'utf8');
    write('faulty.mjs', model.replace('return linear(', 'undefined.x; return linear('));
    const ran = await shop.nanogpt([...TRAIN, '--import', 'faulty.mjs', '--out', 'runs/faulty']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/TypeError: .*\n +at .*faulty\.mjs/);
    expect(ran.stderr).toMatch(
      /nanogpt: this was thrown by faulty\.mjs:\d+, which --import brought in\.\n$/,
    );
  });
});
