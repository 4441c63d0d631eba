/** The WebAssembly backend as a user meets it: every command on it, the same bits on any number of threads, its modules. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, ROOT, SMALL, Workshop } from './run-cli.js';
import { native } from './suites/backends.js';

let shop: Workshop;
beforeAll(() => {
  shop = new Workshop();
});
afterAll(() => shop[Symbol.dispose]());

const on = (threads: number) => ({
  env: { NANOGPT_BACKEND: 'wasm', NANOGPT_THREADS: String(threads) },
});

interface Trained {
  steps: number;
  validation: { loss: number };
  sample: string;
}

/** Of each kind, as small as they come. */
const MODELS: Record<string, readonly string[]> = {
  mlp: ['mlp', '--preset', 'chars', '--set', 'nEmbd=8', '--set', 'nHidden=16'],
  gpt: [
    'gpt',
    '--preset',
    'char',
    '--set',
    'nLayer=2',
    '--set',
    'nEmbd=32',
    '--set',
    'dropout=0.1',
  ],
  llama: ['llama', '--preset', 'char', '--set', 'nLayer=2', '--set', 'nEmbd=32'],
  wavenet: ['wavenet', '--preset', 'small-shakespeare', '--tokenizer', 'char'],
};

const FEW = ['--data', 'text.txt', '--steps', '30', '--set', 'batchSize=8'];

describe('on the WebAssembly backend', () => {
  it.each(Object.keys(MODELS))(
    '%s trains, stops, resumes, is evaluated and samples, on any number of threads',
    async (name) => {
      const train = ['train', ...MODELS[name], ...FEW];
      const out = (run: string) => ['--out', `runs/${name}-${run}`];
      const whole = await shop.json<Trained>([...train, ...out('whole')], on(1));
      await shop.json([...train, ...out('parts'), '--max-seconds', '0.001'], on(2));
      const rest = ['train', '--resume', `runs/${name}-parts`, '--max-seconds', '60'];
      const resumed = await shop.json<Trained & { stepsTaken: number }>(rest, on(3));
      expect(resumed.steps).toBe(30);
      expect(resumed.stepsTaken).toBeLessThan(30);
      expect(Number.isFinite(resumed.validation.loss)).toBe(true);
      expect(resumed.validation.loss).toBe(whole.validation.loss);
      expect(resumed.sample).toEqual(whole.sample);
      for (const command of [
        ['sample', `runs/${name}-whole`, '--tokens', '40', '--seed', '3'],
        ['eval', `runs/${name}-whole`],
      ]) {
        expect(await shop.json(command, on(2))).toEqual(await shop.json(command, on(1)));
      }
    },
  );

  it.skipIf(!native)(
    'a run is one that the native backend goes on with, and the other way round',
    async () => {
      const onNative = { env: { NANOGPT_BACKEND: 'native' } };
      const pairs = [
        [on(2), onNative],
        [onNative, on(2)],
      ];
      for (const [i, [first, then]] of pairs.entries()) {
        await shop.json(['train', ...SMALL, '--out', `runs/pair${i}`], first);
        const more = ['train', '--resume', `runs/pair${i}`, '--steps', '80'];
        const { steps, validation } = await shop.json<Trained>(more, then);
        expect(steps).toBe(80);
        expect(validation.loss).toBeLessThan(3);
      }
    },
  );

  it('doctor measures it, and names its vectors', async () => {
    const report = await shop.json<Record<string, unknown>>(['doctor'], on(2));
    expect(report).toMatchObject({ backend: 'wasm', threads: 2 });
    expect(report['instructionSet']).toMatch(/^WebAssembly .*SIMD/);
    expect(report['gflops']).toBeGreaterThan(0);
  });

  it('a model beyond what WebAssembly can address is refused in a line, and nothing is left', async () => {
    const large = ['--set', 'nHidden=20000', '--set', 'nEmbd=10000', '--out', 'runs/large'];
    const train = ['train', 'mlp', '--preset', 'chars', ...FEW, ...large];
    expectMessage(await shop.nanogpt(train, on(1)), 1, /WebAssembly can address 4\.2 GB\. Lower /);
    expect(fs.existsSync(shop.path('runs', 'large'))).toBe(false);
  });
});

describe('the modules', () => {
  it('are the same bytes when they are built again', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-wasm-'));
    try {
      const build = path.join(ROOT, 'kernels', 'wasm', 'build.mjs');
      execFileSync(process.execPath, [build, '--into', folder], { stdio: 'pipe' });
      for (const name of ['nanogpt.wasm', 'nanogpt-relaxed.wasm']) {
        const again = fs.readFileSync(path.join(folder, name));
        const built = fs.readFileSync(path.join(ROOT, 'dist', 'kernels', name));
        expect(again.equals(built), name).toBe(true);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }, 300_000);
});
