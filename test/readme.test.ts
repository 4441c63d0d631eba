/** README.md is true: its example runs as it stands, its commands and paths exist. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../src/cli/program.js';
import { settingKeys } from '../src/cli/settings.js';
import { DEFAULTS } from '../src/tokenizers/sentencepiece/spec.js';
import { ROOT, Workshop } from './run-cli.js';

const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}));
const shellLines = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.split('\n'))
  .flatMap((line) => line.replace(/\s#.*/, '').split('&&'))
  .map((line) => line.trim())
  .filter((line) => line !== '');

describe("README's example", () => {
  const example = blocks.find(({ language }) => language === 'ts')!.text;
  const run = promisify(execFile);
  /** Below the package, so that it finds itself under its own name. */
  const file = path.join(ROOT, 'build', `readme-${process.pid}`);

  it('is of 12 lines or so, passes the strict compiler, and runs', async () => {
    expect(example.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(13);
    using shop = new Workshop();
    fs.mkdirSync(path.dirname(file), { recursive: true });
    try {
      fs.writeFileSync(`${file}.mts`, example);
      const options = ['--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
      const tsc = path.join(ROOT, 'node_modules', '.bin', 'tsc');
      // It has no types of its own: what is left when it is compiled is the same text.
      await run(tsc, [...options, '--ignoreConfig', '--skipLibCheck', `${file}.mts`], {
        cwd: ROOT,
      });
      const { stdout } = await run(process.execPath, [`${file}.mjs`], {
        cwd: shop.folder,
        env: { ...process.env, NANOGPT_CACHE_DIR: shop.path('cache') },
      });
      const [first, ...rest] = stdout.split('\n');
      expect(first).toMatch(/^250 \d\.\d{3}$/);
      expect(rest.join('\n')).toMatch(/validation: \d\.\d{3} nats per character\nCall me/);
    } finally {
      for (const end of ['.mts', '.mjs']) fs.rmSync(file + end, { force: true });
    }
  });
});

describe("README's loop in plain JavaScript", () => {
  const example = blocks.find(({ language }) => language === 'js')!.text;

  async function outputOf(program: string): Promise<string> {
    const file = path.join(ROOT, 'build', `readme-${process.pid}-loop.mjs`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    try {
      fs.writeFileSync(file, program);
      return (await promisify(execFile)(process.execPath, [file], { cwd: ROOT })).stdout;
    } finally {
      fs.rmSync(file, { force: true });
    }
  }

  it('runs as it stands, and learns', async () => {
    expect(Number(/^loss (\S+),/.exec(await outputOf(example))![1])).toBeLessThan(1e-4);
  });

  it('keeps memory flat without scopes, as it says', async () => {
    // More rows and more steps: together they allocate some 2 GB.
    const grown = example
      .replace('randn(64, 3)', 'randn(65_536, 3)')
      .replace('i < 100; i++) step()', 'i < STEPS; i++) step()');
    expect(grown).toContain('randn(65_536');
    const peakAfter = async (steps: number): Promise<number> => {
      const end = `console.log('peak', process.resourceUsage().maxRSS / 1024)`;
      const output = await outputOf(`const STEPS = ${steps};\n${grown}\n${end}`);
      return Number(/^peak (\S+)$/m.exec(output)![1]);
    };
    expect((await peakAfter(2000)) - (await peakAfter(100))).toBeLessThan(50);
  });
});

describe("README's commands", () => {
  const program = buildProgram();
  const own = shellLines.filter((line) => line.startsWith('npx nanogpt'));

  it('cover every command', () => {
    const named = new Set(own.map((line) => line.split(' ')[2]));
    expect(program.commands.map((c) => c.name()).filter((name) => !named.has(name))).toEqual([]);
  });

  it.each(own)('%s', (line) => {
    const words = line.split(' ').slice(2);
    let command: Command = program;
    for (const word of words) {
      const next = command.commands.find((inner) => inner.name() === word);
      if (!next) break;
      command = next;
    }
    expect(command).not.toBe(program);
    const known = command.options.map(({ long }) => long);
    if (command.parent?.name() === 'tokenizer' && command.name() === 'train') {
      const originals = Object.keys(DEFAULTS).map((name) => name.replaceAll('_', '-'));
      for (const name of ['type', 'out', ...originals]) known.push(`--${name}`);
    }
    if (known.includes('--set')) {
      for (const key of settingKeys()) {
        known.push(`--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
      }
    }
    for (const word of words.filter((word) => word.startsWith('--'))) expect(known).toContain(word);
  });

  it('are scripts that package.json has', () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    for (const line of shellLines.filter((line) => line.startsWith('npm run '))) {
      expect(Object.keys(scripts)).toContain(line.split(' ')[2]);
    }
  });
});

describe("README's tree and links", () => {
  it('name what exists', () => {
    const tree = blocks.find(({ text }) => text.startsWith('kernels/'))!.text;
    let parent = '';
    for (const line of tree.trimEnd().split('\n')) {
      const [, margin, name] = /^( *)(\S+)/.exec(line)!;
      const place = margin === '' ? name! : path.join(parent, name!);
      if (margin === '') parent = name!;
      expect(fs.existsSync(path.join(ROOT, place)), place).toBe(true);
    }
    const folders = fs
      .readdirSync(path.join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .filter(({ name }) => fs.readdirSync(path.join(ROOT, 'src', name)).length > 0);
    const listed = [...tree.matchAll(/^ {2}(\w+)\/ /gm)].map(([, name]) => name!);
    expect(listed.sort()).toEqual(folders.map(({ name }) => name).sort());
    for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      expect(fs.existsSync(path.join(ROOT, target!)), target).toBe(true);
    }
  });
});
