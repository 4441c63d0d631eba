/**
 * The package as others get it: packed, and used from an empty project in a folder with spaces.
 *
 * Always: the tarball's own files with this checkout's dependencies beside them, which takes no network. With
 * NANOGPT_TEST_INSTALL=1 npm itself installs it, from the registry or its cache; NANOGPT_TEST_NODES=20,22,24
 * does that under each of these versions of Node, from the registry's `node` package.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from './run-cli.js';

/** An install downloads and compiles, on a machine that may have other work. */
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 1_800_000 });

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt package '));
const TRAIN = ['train', 'mlp', '--preset', 'chars', '--steps', '20', '--data', 'text.txt'];
const SMALL = ['--set', 'nHidden=16', '--set', 'nEmbd=8', '--set', 'batchSize=8'];
let tarball: string;

interface Done {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A program run in a project, without what this process's own npm and vitest say in the environment. */
function run(cwd: string, program: string, args: readonly string[], env: object = {}): Done {
  const inherited = Object.entries(process.env).filter(([name]) => {
    // What certificates the network has is the machine's own business, and npm's.
    return !/^(npm_|NODE_(?!EXTRA_CA_CERTS$)|VITEST|NANOGPT_|INIT_CWD$|TEST$)/.test(name);
  });
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: {
      ...Object.fromEntries(inherited),
      NANOGPT_CACHE_DIR: path.join(folder, 'cache'),
      ...env,
    },
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

function ok(done: Done): Done {
  expect(done, `${done.stdout}${done.stderr}`).toMatchObject({ code: 0 });
  return done;
}

/** An empty project with a text to train on. */
function project(name: string): string {
  const target = path.join(folder, name);
  fs.mkdirSync(target);
  fs.writeFileSync(path.join(target, 'package.json'), '{ "private": true, "type": "module" }');
  const lines = Array.from({ length: 400 }, (_, i) => `Anna reads, number ${i}.\n`);
  fs.writeFileSync(path.join(target, 'text.txt'), lines.join(''));
  return target;
}

/** The project with the packed files in place, and the dependencies linked from here. */
function unpacked(name: string, links: readonly string[] = []): string {
  const target = project(name);
  const installed = path.join(target, 'node_modules', 'nanogpt');
  fs.mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1']);
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  for (const dependency of [...Object.keys(dependencies), ...links]) {
    const link = path.join(target, 'node_modules', dependency);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(ROOT, 'node_modules', dependency), link, 'junction');
  }
  return target;
}

const nanogpt = (cwd: string, args: readonly string[], env?: object): Done =>
  run(cwd, process.execPath, ['node_modules/nanogpt/dist/cli/main.js', ...args], env);

beforeAll(() => {
  const args = ['pack', ROOT, '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  tarball = path.join(folder, filename);
}, 60_000);
// Nine installs are some gigabytes of files.
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('the packed files', () => {
  let cwd: string;
  beforeAll(() => {
    cwd = unpacked('a project');
  });
  const kernels = () => path.join(cwd, 'node_modules', 'nanogpt', 'build', 'kernels');

  it('train without native kernels, and say in a line how to build them', () => {
    const { stdout, stderr } = ok(nanogpt(cwd, [...TRAIN, ...SMALL, '--json']));
    expect(JSON.parse(stdout)).toMatchObject({ steps: 20 });
    expect(stderr).toMatch(
      /^nanogpt: using the WebAssembly kernels; .* run `npm rebuild nanogpt`\n/,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('hold the kernels in WebAssembly, their sources, and nothing that they were built with', () => {
    const installed = path.join(cwd, 'node_modules', 'nanogpt');
    const built = fs.readdirSync(path.join(installed, 'dist', 'kernels')).sort();
    expect(built).toEqual(['nanogpt-relaxed.wasm', 'nanogpt.wasm']);
    for (const name of built) {
      const bytes = fs.readFileSync(path.join(installed, 'dist', 'kernels', name));
      expect(bytes.equals(fs.readFileSync(path.join(ROOT, 'dist', 'kernels', name)))).toBe(true);
    }
    expect(fs.readdirSync(path.join(installed, 'kernels', 'wasm')).sort()).toEqual([
      ...['build.mjs', 'system.c'],
    ]);
    const { dependencies } = JSON.parse(
      fs.readFileSync(path.join(installed, 'package.json'), 'utf8'),
    );
    expect(Object.keys(dependencies).filter((name) => name.includes('clang'))).toEqual([]);
  });

  it('say in a line that there is no compiler, and install all the same', () => {
    const build = 'node_modules/nanogpt/kernels/build.mjs';
    const { stderr } = ok(run(cwd, process.execPath, [build], { PATH: '', CC: '' }));
    expect(stderr).toMatch(
      /^nanogpt: native kernels not built \(no C compiler found[^\n]*`npm rebuild nanogpt`\.\n$/,
    );
    expect(fs.existsSync(kernels())).toBe(false);
  });

  it.skipIf(!fs.existsSync(path.join(ROOT, 'build', 'kernels', 'obj')))(
    'build their kernels, and train with them where nothing may be written',
    () => {
      // Object files are named by what goes into them: those of the checkout save a minute.
      fs.cpSync(path.join(ROOT, 'build', 'kernels', 'obj'), path.join(kernels(), 'obj'), {
        recursive: true,
      });
      ok(run(cwd, process.execPath, ['node_modules/nanogpt/kernels/build.mjs', '--strict']));
      const installed = path.join(cwd, 'node_modules', 'nanogpt');
      execFileSync('chmod', ['-R', 'a-w', installed]);
      try {
        const { stderr } = ok(
          nanogpt(cwd, [...TRAIN, ...SMALL, '--json'], { NANOGPT_BACKEND: 'native' }),
        );
        expect(stderr).not.toContain('using');
      } finally {
        execFileSync('chmod', ['-R', 'u+w', installed]);
      }
    },
  );

  it('run their studies, and list them with the verdicts that came along', () => {
    const tiny = ['study', 'init-depth', '--tiny', '--out', 'studies', '--json'];
    expect(JSON.parse(ok(nanogpt(cwd, tiny)).stdout).runs).toHaveLength(30);
    expect(fs.readdirSync(path.join(cwd, 'studies'))).toContain('init-depth-1.svg');
    expect(ok(nanogpt(cwd, ['study'])).stdout).toMatch(/init-depth +holds +5/);
    expect(fs.existsSync(path.join(cwd, 'node_modules', '@stdlib', 'stats-ttest'))).toBe(false);
  });

  it('run their examples', () => {
    const examples = path.join(cwd, 'node_modules', 'nanogpt', 'examples');
    expect(fs.readdirSync(examples).sort()).toEqual([
      ...['gpt.mjs', 'makemore.mjs', 'my-model.mjs', 'read-checkpoint.mjs', 'tensors.mjs'],
    ]);
    for (const name of fs.readdirSync(examples)) {
      fs.copyFileSync(path.join(examples, name), path.join(cwd, name));
    }
    const node = (...args: string[]) => ok(run(cwd, process.execPath, args)).stdout;
    const tensors = node('tensors.mjs');
    expect(tensors).toContain('slope  1.0487  by differences  1.0487');
    expect(tensors).toMatch(/the line: (2\.9|3\.0)\d x \+ -(0\.9|1\.0)\d\n$/);
    expect(node('gpt.mjs')).toMatch(/^by hand 0\.1\d+, by the library 0\.1\d+$/m);
    const makemore = node('makemore.mjs');
    expect(makemore.match(/^d\w+ +agrees with autograd$/gm)).toHaveLength(5);
    const losses = [...makemore.matchAll(/MLP, step \d+: ([\d.]+)/g)].map(([, loss]) =>
      Number(loss),
    );
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);

    const mine = ['train', 'log-bilinear', '--import', 'my-model.mjs', '--data', 'text.txt'];
    ok(nanogpt(cwd, [...mine, '--steps', '30', '--out', 'runs/mine']));
    ok(nanogpt(cwd, ['sample', 'mine', '--tokens', '5']));
    const read = node('read-checkpoint.mjs', 'runs/mine', 'my-model.mjs');
    expect(read).toMatch(/^mine, step-0000\d\d: log-bilinear, [\d,]+ parameters$/m);
    expect(read).toMatch(/^context\.weight +F32 64 × 512$/m);
  });

  it('have types that fit the smallest settings, with Node’s types and without', () => {
    fs.writeFileSync(
      path.join(cwd, 'flat.ts'),
      `import { tensor, z } from 'nanogpt';
       export const x: number = tensor([1, 2]).sum().itemSync() + z.int().parse(1);`,
    );
    const exported = Object.keys(
      JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).exports,
    ).filter(
      (name) => !['.', './package.json', './conformance', './kernels/*.wasm'].includes(name),
    );
    expect(exported).toHaveLength(17);
    const rooms = exported.map((name, i) => `export * as room${i} from 'nanogpt${name.slice(1)}';`);
    fs.writeFileSync(path.join(cwd, 'rooms.ts'), rooms.join('\n'));
    const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = path.join(cwd, 'node_modules', '@types');
    for (const withNode of [false, true]) {
      if (withNode) fs.symlinkSync(path.join(ROOT, 'node_modules', '@types'), types, 'junction');
      const compilerOptions = {
        ...{ module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false },
        types: withNode ? ['node'] : [],
      };
      const settings = { compilerOptions, files: ['flat.ts', 'rooms.ts'] };
      fs.writeFileSync(path.join(cwd, 'tsconfig.json'), JSON.stringify(settings));
      ok(run(cwd, process.execPath, [tsc, '-p', '.']));
    }
  });

  it('offer each room by its name, as the same objects', () => {
    const code = `
      import * as all from 'nanogpt';
      for (const room of ['tensor', 'nn', 'optim', 'tokenizers', 'data', 'models', 'generate', 'train', 'runs', 'formats', 'pretrained', 'observe']) {
        for (const [name, value] of Object.entries(await import('nanogpt/' + room))) {
          if (all[name] !== value) throw new Error(room + ': ' + name);
        }
      }`;
    ok(run(cwd, process.execPath, ['--input-type=module', '--eval', code]));
  });
});

describe('nanogpt/conformance', () => {
  it('tests a backend of somebody’s own', () => {
    const cwd = unpacked('a backend', ['vitest', 'fast-check']);
    const subject = (extra: string) => `
      import { ReferenceBackend } from 'nanogpt';
      import { backendSuite } from 'nanogpt/conformance';
      class Mine extends ReferenceBackend { ${extra} }
      backendSuite('my', () => new Mine());`;
    fs.writeFileSync(path.join(cwd, 'right.test.js'), subject(''));
    fs.writeFileSync(path.join(cwd, 'wrong.test.js'), subject('softmax = () => {};'));
    const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const only = process.env['NANOGPT_TEST_INSTALL'] ? [] : ['-t', 'softmax|goldens|PyTorch'];
    const test = (file: string) =>
      run(cwd, process.execPath, [vitest, 'run', file, '--reporter=json', ...only]);
    const right = JSON.parse(ok(test('right.test.js')).stdout);
    expect(right.numPassedTests).toBeGreaterThan(3);
    expect(right.numFailedTests).toBe(0);
    const wrong = test('wrong.test.js');
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.stdout).numFailedTests).toBeGreaterThan(0);
  });
});

const { NANOGPT_TEST_NODES: nodes, NANOGPT_TEST_INSTALL: install } = process.env;

describe.skipIf(!nodes && !install)('npm install', () => {
  const versions = nodes ? nodes.split(',') : [''];

  for (const version of versions) {
    describe(version === '' ? 'under this Node' : `under Node ${version}`, () => {
      let bin: string;
      /** In the environment of a shell that finds this version of Node first. */
      const shell = (cwd: string, line: string, env: object = {}): Done =>
        run(cwd, '/bin/sh', ['-c', line], { PATH: `${bin}:${process.env['PATH']}`, ...env });
      beforeAll(() => {
        bin = path.dirname(process.execPath);
        if (version === '') return;
        const cwd = project(`node ${version}`);
        ok(run(cwd, 'npm', ['install', '--no-audit', '--no-fund', `node@${version}`]));
        bin = path.join(cwd, 'node_modules', 'node', 'bin');
        expect(ok(shell(cwd, 'node -v')).stdout).toMatch(new RegExp(`^v${version}\\.`));
      });

      const INSTALL = `npm install --omit=dev --prefer-offline --no-audit --no-fund`;
      const train = `npx --no-install nanogpt ${TRAIN.join(' ')} ${SMALL.join(' ')} --json`;

      it('compiles, trains 20 steps, and again where nothing may be written', () => {
        const cwd = project(`compiled ${version}`);
        ok(shell(cwd, `${INSTALL} "${tarball}"`));
        execFileSync('chmod', ['-R', 'a-w', path.join(cwd, 'node_modules')]);
        const done = ok(shell(cwd, train));
        expect(JSON.parse(done.stdout)).toMatchObject({ steps: 20 });
        expect(done.stderr).not.toContain('using');
        execFileSync('chmod', ['-R', 'u+w', path.join(cwd, 'node_modules')]);
      });

      it('with --ignore-scripts trains in WebAssembly, until the kernels are built', () => {
        const cwd = project(`scripts ignored ${version}`);
        ok(shell(cwd, `${INSTALL} --ignore-scripts "${tarball}"`));
        expect(ok(shell(cwd, train)).stderr).toMatch(
          /using the WebAssembly kernels; .*`npm rebuild nanogpt`/,
        );
        ok(shell(cwd, 'npm rebuild nanogpt'));
        expect(ok(shell(cwd, train)).stderr).not.toContain('using');
      });

      it('without a compiler installs and trains, with one line', () => {
        const cwd = project(`no compiler ${version}`);
        ok(shell(cwd, `${INSTALL} "${tarball}"`, { CC: 'no-such-compiler' }));
        expect(ok(shell(cwd, train)).stderr.match(/using the WebAssembly kernels/g)).toHaveLength(
          1,
        );
      });
    });
  }
});
