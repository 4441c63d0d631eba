/** Running the built command line as a user would, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/** The package's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Ran {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** On top of the environment, or undefined to take out of it. */
  env?: Record<string, string | undefined>;
  /** Another program than the command line. */
  main?: string;
  /** Arguments of Node itself. */
  node?: string[];
  /** What standard input is: a file's path, or a pipe that nobody writes to. Default: nothing. */
  input?: string | 'pipe';
  /** Called with the process as soon as there is one. */
  started?: (child: ChildProcess) => void;
  /** Called with the process and all that came so far, whenever more comes. */
  watch?: (child: ChildProcess, ran: Ran) => void;
}

/** A folder for runs, with a cache, a small text and a built package of its own. */
export class Workshop implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-cli-'));
  readonly #main = this.installPackage('package', { kernels: true });

  constructor() {
    fs.writeFileSync(path.join(this.folder, 'text.txt'), smallText());
  }

  /**
   * A copy of the package as it is built now, so that a build meanwhile does not disturb; returns its
   * command line. Without `kernels`, as on a machine without a C compiler.
   */
  installPackage(name: string, { kernels }: { kernels: boolean }): string {
    const target = this.path(name);
    fs.mkdirSync(target);
    fs.cpSync(path.join(ROOT, 'dist'), path.join(target, 'dist'), { recursive: true });
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(target, 'package.json'));
    for (const folder of ['node_modules', ...(kernels ? ['build'] : [])]) {
      fs.symlinkSync(path.join(ROOT, folder), path.join(target, folder), 'junction');
    }
    return path.join(target, 'dist', 'cli', 'main.js');
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  nanogpt(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { env, main = this.#main, node = [], watch, input, started } = options;
    const stdin = input === undefined || input === 'pipe' ? undefined : fs.openSync(input, 'r');
    const child = spawn(process.execPath, [...node, main, ...args], {
      cwd: this.folder,
      env: {
        ...process.env,
        NANOGPT_CACHE_DIR: this.path('cache'),
        NANOGPT_DATA_DIR: undefined,
        NANOGPT_BACKEND: undefined,
        NANOGPT_THREADS: undefined,
        NANOGPT_BLAS: undefined,
        ...env,
      },
      stdio: [stdin ?? (input === 'pipe' ? 'pipe' : 'ignore'), 'pipe', 'pipe'],
    });
    if (stdin !== undefined) fs.closeSync(stdin);
    started?.(child);
    return new Promise((resolve, reject) => {
      const ran: Ran = { code: null, signal: null, stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream]!.setEncoding('utf8').on('data', (text: string) => {
          ran[stream] += text;
          watch?.(child, ran);
        });
      }
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ ...ran, code, signal }));
    });
  }

  /** The one JSON value on standard output of a command that succeeds. */
  async json<T = Record<string, unknown>>(args: readonly string[], options?: RunOptions) {
    const ran = await this.nanogpt([...args, '--json'], options);
    if (ran.code !== 0) throw new Error(`nanogpt ${args.join(' ')}: ${ran.code}\n${ran.stderr}`);
    if (!ran.stdout.endsWith('\n') || ran.stdout.indexOf('\n') !== ran.stdout.length - 1) {
      throw new Error(`expected one line of JSON, got:\n${ran.stdout}`);
    }
    return JSON.parse(ran.stdout) as T;
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** About 12 kB in which there is something to learn. */
export function smallText(): string {
  const names = ['Anna', 'Ben', 'Carla', 'Dov', 'Eve', 'Finn', 'Gia'];
  const verbs = ['reads', 'writes', 'sings', 'counts', 'sleeps'];
  return Array.from({ length: 500 }, (_, i) => {
    const [who, what] = [names[(i * 3 + (i >> 3)) % names.length], verbs[(i * i) % verbs.length]];
    return `${who} ${what}, number ${i}.\n`;
  }).join('');
}

/** Arguments that make a training of a fraction of a second. */
export const SMALL = [
  'mlp',
  ...['--preset', 'chars', '--data', 'text.txt', '--steps', '60'],
  ...[
    'blockSize=4',
    'nEmbd=8',
    'nHidden=16',
    'batchSize=16',
    'evalInterval=20',
    'warmupSteps=0',
  ].flatMap((pair) => ['--set', pair]),
];

/** The end of a command that the user got wrong: a message in one line, and nothing else. */
export function expectMessage(ran: Ran, code: 1 | 2, ...words: (string | RegExp)[]): void {
  expect(ran.stderr).toMatch(/^(nanogpt: tokenizing …\n)?nanogpt: [^\n]*\n$/);
  for (const word of words) expect(ran.stderr).toMatch(word);
  expect(ran.stderr).not.toMatch(/^\s+at /m);
  expect(ran.stdout).toBe('');
  expect(ran.code).toBe(code);
}
