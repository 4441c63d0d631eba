/** The built command line, as a user meets it: what it prints, what it leaves, how it ends. */
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { models } from '../src/models/index.js';
import { expectMessage, SMALL, Workshop } from './run-cli.js';

let shop: Workshop;
beforeAll(() => {
  shop = new Workshop();
});
afterAll(() => shop[Symbol.dispose]());

describe('a run, from training to its end', () => {
  interface Trained {
    run: string;
    steps: number;
    seconds: number;
    tokensPerSecond: number;
    train: { loss: number };
    validation: { loss: number; perplexity: number; bitsPerByte: number };
    peakMemoryBytes: number;
    sample: { tokens: number[]; text: string };
  }
  let trained: Trained;

  it('trains, and prints one JSON result', async () => {
    trained = await shop.json<Trained>(['train', ...SMALL, '--out', 'runs/one']);
    expect(trained).toMatchObject({
      run: path.join('runs', 'one'),
      model: 'mlp',
      preset: 'chars',
      reason: 'steps',
      steps: 60,
    });
    for (const key of ['seconds', 'tokensPerSecond', 'peakMemoryBytes'] as const) {
      expect(trained[key]).toBeGreaterThan(0);
    }
    expect(trained.train.loss).toBeLessThan(Math.log(40));
    expect(trained.validation.perplexity).toBeCloseTo(Math.exp(trained.validation.loss), 6);
    expect(trained.sample.tokens).toHaveLength(100);
    expect(fs.readFileSync(shop.path('runs/one/samples.txt'), 'utf8')).toContain(
      trained.sample.text,
    );
  });

  it('evaluates it: the validation loss is the one that training gave', async () => {
    const scored = await shop.json(['eval', 'one']);
    expect(scored).toMatchObject({ split: 'validation', ...trained.validation });
    expect(Object.keys(scored)).toEqual(
      expect.arrayContaining(['split', 'tokens', 'loss', 'perplexity', 'bitsPerByte']),
    );
    const text = await shop.nanogpt(['eval', 'runs/one', '--on', 'train']);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/train, [\d,]+ tokens predicted/);
  });

  it('samples from it: the same seed writes the same, in either form', async () => {
    const args = ['sample', 'one', '--tokens', '40', '--prompt', 'Anna', '--seed', '3'];
    const sampled = await shop.json<{ tokens: number[]; text: string }>(args);
    expect(sampled.tokens).toHaveLength(40);
    expect(sampled.text).toHaveLength(40); // characters
    const text = await shop.nanogpt(args);
    expect(text.stdout).toBe(`Anna${sampled.text}\n`);
    const other = await shop.json<{ text: string }>([...args.slice(0, -1), '4']);
    expect(other.text).not.toBe(sampled.text);
    const greedy = ['sample', 'one', '--temperature', '0', '--ids', '1,2', '--top-k', '5'];
    expect(await shop.json(greedy)).toEqual(await shop.json([...greedy, '--seed', '9']));
  });

  it('describes it', async () => {
    const run = await shop.json(['describe', 'one']);
    expect(run).toMatchObject({ model: 'mlp', preset: 'chars', receptiveField: 4 });
    const text = await shop.nanogpt(['describe', 'runs/one']);
    expect(text.stdout).toMatch(/hidden\.0\.linear\s+Linear\s+\(16, 32\)\s+512/);
  });

  it('lists it', async () => {
    const runs = await shop.json<Record<string, unknown>[]>(['runs']);
    expect(runs.find(({ name }) => name === 'one')).toMatchObject({
      model: 'mlp',
      step: 60,
      state: 'finished',
      validationLoss: trained.validation.loss,
    });
    const text = await shop.nanogpt(['runs']);
    expect(text.stdout).toMatch(
      /^one\s+mlp chars\s+[\d,]+\s+60\/60\s+\d\.\d{4}\s+[\d,]+ .*finished$/m,
    );
  });

  it('goes on with it to more steps, and ends where one sitting would have', async () => {
    const whole = await shop.json<Trained>(['train', ...SMALL, '--steps', '90', '--out', 'whole']);
    await shop.json(['train', ...SMALL, '--steps', '90', '--out', 'two', '--max-seconds', '0.001']);
    const resumed = await shop.json<Trained>(['train', '--resume', 'two', '--max-seconds', '60']);
    expect(resumed.steps).toBe(90);
    expect(resumed.validation.loss).toBe(whole.validation.loss);
    expect(resumed.sample).toEqual(whole.sample);
    const again = await shop.nanogpt(['train', '--resume', 'two', '--json']);
    expect(again.stderr).toBe(
      'nanogpt: all 90 steps are done; give a larger --steps to continue.\n',
    );
    expect(JSON.parse(again.stdout)).toMatchObject({ validation: whole.validation, stepsTaken: 0 });
  });

  it('refuses options that contradict what it goes on with', async () => {
    const resume = ['train', '--resume', 'one'];
    const refusals: [string[], RegExp][] = [
      [['--data', 'other.txt'], /data cannot change/],
      [['--set', 'nHidden=17'], /nHidden cannot change/],
      [['--seed', '5'], /seed cannot change/],
      [['--preset', 'published'], /started with preset chars/],
      [['--out', 'three'], /--out names a new run/],
    ];
    for (const [options, words] of refusals) {
      expectMessage(await shop.nanogpt([...resume, ...options]), 2, words);
    }
    expectMessage(await shop.nanogpt(['train', 'bigram', '--resume', 'one']), 2, /model mlp/);
  });

  it('prints calm lines where there is no terminal', async () => {
    const ran = await shop.nanogpt(['train', ...SMALL, '--seed', '1']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toBe('');
    for (const control of ['\r', '\x1b']) expect(ran.stdout).not.toContain(control);
    expect(ran.stdout).toMatch(/model +mlp, chars: [\d,]+ parameters/);
    expect(ran.stdout).toMatch(/60\/60 {2}loss \d\.\d{3} {2}val \d\.\d{3} {2}lr /);
    expect(ran.stdout).toMatch(/the unigram: \d\.\d{3} nats per token/);
    expect(ran.stdout).toMatch(/npx nanogpt sample runs\/mlp-chars-\d{8}-\d{4}/);
  });

  it('counts a model that is not descended', async () => {
    const counted = await shop.json<Trained>(['train', 'bigram', '--data', 'text.txt']);
    expect(counted).toMatchObject({ reason: 'fitted', steps: 0 });
    expect(counted.validation.loss).toBeGreaterThan(0);
    expect(counted.validation.loss).toBeLessThan(3);
  });
});

describe('data from an address', () => {
  it('is fetched once, with a line about it', async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end(fs.readFileSync(shop.path('text.txt')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a-text.txt`;
      const args = ['train', ...SMALL, '--data', url, '--steps', '1', '--json'];
      const first = await shop.nanogpt(args);
      expect(first.code).toBe(0);
      expect(first.stderr).toMatch(/^nanogpt: fetching .*a-text\.txt \(\d+\.\d kB\)\n$/);
      expect(await shop.nanogpt(args)).toMatchObject({ code: 0, stderr: '' });
      expect(requests).toBe(1);
    } finally {
      server.close();
    }
  });

  it('can be stopped on the way', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('a beginning, and then nothing');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slow.txt`;
      const ran = await shop.nanogpt(['train', 'mlp', '--data', url], {
        watch: (child, { stderr }) => void (/fetching .*\n$/.test(stderr) && child.kill('SIGINT')),
      });
      expect(ran.code).toBe(130);
      expect(ran.stderr).toMatch(/the download of .* was stopped\. Nothing was kept\.\n$/);
      expect(ran.stdout).toBe('');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('stopping', () => {
  it('finishes the step, saves, says how to go on, and goes on', async () => {
    let asked = false;
    const endless = ['train', ...SMALL, '--steps', '100000000', '--out', 'runs/stopped'];
    const ran = await shop.nanogpt(endless, {
      watch(child, { stdout }) {
        if (asked || !stdout.includes('val ')) return;
        asked = true;
        child.kill('SIGINT');
      },
    });
    expect(ran.code).toBe(130);
    expect(ran.stderr).toBe('nanogpt: stopping after this step …\n');
    expect(ran.stdout).toContain('npx nanogpt train --resume runs/stopped');
    const [run] = (
      await shop.json<{ name: string; step: number; state: string }[]>(['runs'])
    ).filter(({ name }) => name === 'stopped');
    expect(run!.state).toBe('stopped');
    const steps = String(run!.step + 10);
    const resumed = await shop.json(['train', '--resume', 'stopped', '--steps', steps]);
    expect(resumed).toMatchObject({ steps: run!.step + 10, stepsTaken: 10, reason: 'steps' });
  });

  it('stops and saves, too, when whoever reads has gone', async () => {
    const ran = await shop.nanogpt(
      ['train', ...SMALL, '--steps', '100000000', '--out', 'runs/unread'],
      { watch: (child) => child.stdout!.destroy() },
    );
    expect(ran.code).toBe(130);
    expect(ran.stderr).toBe('nanogpt: stopping after this step …\n');
    expect(fs.existsSync(shop.path('runs/unread/checkpoints/latest'))).toBe(true);
  });

  it('leaves at once at the second signal, even in the middle of a computation', async () => {
    const script = shop.path('busy.mjs');
    const module = new URL('../dist/cli/interrupt.js', import.meta.url);
    fs.writeFileSync(
      script,
      `import { Interrupt } from ${JSON.stringify(module.href)};
      const interrupt = new Interrupt();
      interrupt.signal.addEventListener('abort', () => {
        process.stdout.write('asked');
        for (;;);
      });
      setInterval(() => {}, 1000);
      process.stdout.write('ready');`,
    );
    let seen = '';
    const ran = await shop.nanogpt([], {
      main: script,
      watch(child, { stdout }) {
        if (stdout === seen) return;
        seen = stdout;
        child.kill('SIGINT'); // once when it is ready, once when it was asked
      },
    });
    expect(ran.stdout).toBe('readyasked');
    expect(ran.signal).toBe('SIGINT');
  });

  it('is quiet when the reader of another command goes away', async () => {
    const gone = await shop.nanogpt(['describe', 'mlp', '--settings'], {
      node: ['--import', 'data:text/javascript,process.stderr.write(".")'],
      watch: (child) => child.stdout!.destroy(),
    });
    expect(gone).toMatchObject({ code: 0, stderr: '.' });
  });
});

describe('describe', () => {
  it('counts the published MLP, a line per layer', async () => {
    const described = await shop.json<{ layers: { path: string; parameters: number }[] }>([
      'describe',
      'mlp',
    ]);
    expect(described).toMatchObject({
      model: 'mlp',
      preset: 'published',
      parameters: { total: 20_562_681, trainable: 20_562_681 },
      receptiveField: 10,
    });
    expect(described.layers.map(({ path }) => path)).toEqual([
      'embedding',
      'hidden.0.linear',
      'output',
    ]);
    expect(described.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(20_562_681);
    const { stdout } = await shop.nanogpt(['describe', 'mlp']);
    expect(stdout).toMatch(/total\s+20,562,681/);
    expect(stdout).toMatch(/receptive field\s+10 tokens/);
  });

  it('knows every preset of every model', async () => {
    const all = [...models.values()].flatMap(({ name, presets }) =>
      Object.entries(presets).map(([preset, { tokenizer }]) => ({ name, preset, tokenizer })),
    );
    // One process for all of them: most of a command's time is its start.
    const main = shop.path('describe-all.mjs');
    const commands = all.map(({ name, preset, tokenizer }) => {
      const args = ['describe', name, '--preset', preset, '--data', 'text.txt', '--settings'];
      // The text is too short for 32,000 pieces.
      return tokenizer === 'shakespeare' ? [...args, '--tokenizer', 'char'] : args;
    });
    fs.writeFileSync(
      main,
      `import { buildProgram } from './package/dist/cli/program.js';
       for (const args of ${JSON.stringify(commands)}) await buildProgram().parseAsync(args, { from: 'user' });`,
    );
    const { code, stdout, stderr } = await shop.nanogpt([], { main });
    expect(code, stderr).toBe(0);
    const chosen = [...stdout.matchAll(/^ *\* (\S+)/gm)].map(([, preset]) => preset);
    expect(chosen).toEqual(all.map(({ preset }) => preset));
  });

  it('lists what there is to choose from', async () => {
    const all = await shop.json<{ models: { name: string }[] }>(['describe']);
    expect(all.models.map(({ name }) => name)).toEqual([...models.keys()]);
    const { stdout } = await shop.nanogpt(['describe']);
    expect(stdout).toMatch(/^mlp: /m);
    expect(stdout).toMatch(/tiny_shakespeare/);
    expect(stdout).toMatch(/p50k_base/);
  });
});

describe('doctor', () => {
  interface Report {
    backend: string;
    gflops: number;
    copyGigabytesPerSecond: number;
    threads: number;
    instructionSet: string | null;
    advice: string[];
  }

  it('measures', async () => {
    const report = await shop.json<Report>(['doctor', '--threads', '1']);
    expect(report.threads).toBe(1);
    expect(report.gflops).toBeGreaterThan(0);
    expect(report.copyGigabytesPerSecond).toBeGreaterThan(0);
    const { stdout } = await shop.nanogpt(['doctor']);
    expect(stdout).toMatch(/GF\/s/);
    expect(stdout).toContain(shop.path('cache'));
  });

  it('reports what is wrong with the surroundings, and goes on', async () => {
    const env = { NANOGPT_BLAS: shop.path('none.so'), NANOGPT_DATA_DIR: shop.path('text.txt') };
    const report = await shop.json<Report>(['doctor'], { env });
    expect(report.advice).toHaveLength(2);
    expect(report.advice[0]).toMatch(/cblas_sgemm, got ".*none\.so"/);
    expect(report.advice[1]).toMatch(/NANOGPT_DATA_DIR names .*text\.txt, which is not a folder/);
    expect(report.gflops).toBeNull();
  });

  it('says what to do where the native kernels are not built, and training works all the same', async () => {
    const main = shop.installPackage('without-kernels', { kernels: false });
    const train = ['train', ...SMALL, '--steps', '3'];
    const report = await shop.json<Report>(['doctor'], { main });
    expect(report.backend).toBe('wasm');
    expect(report.instructionSet).toMatch(/^WebAssembly .*SIMD/);
    expect(report.advice.join()).toMatch(/install a C compiler .* and run `npm run build:kernels`/);
    const ran = await shop.nanogpt(train, { main });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/^nanogpt: using the WebAssembly kernels; native ones .*\n$/);

    fs.rmSync(path.join(path.dirname(main), '..', 'kernels'), { recursive: true });
    const without = await shop.json<Report>(['doctor'], { main });
    expect(without.backend).toBe('reference');
    const slow = await shop.nanogpt(train, { main });
    expect(slow.code).toBe(0);
    expect(slow.stderr).toMatch(/^nanogpt: using the slow reference backend: .*\n$/);
    const asked = await shop.nanogpt(['train', ...SMALL, '--steps', '3'], {
      main,
      env: { NANOGPT_BACKEND: 'reference' },
    });
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    const insisted = await shop.nanogpt(['train', ...SMALL, '--steps', '3'], {
      main,
      env: { NANOGPT_BACKEND: 'native' },
    });
    expectMessage(insisted, 1, /NANOGPT_BACKEND=native: the native kernels are not built/);
    const wasm = await shop.nanogpt(train, { main, env: { NANOGPT_BACKEND: 'wasm' } });
    expectMessage(wasm, 1, /NANOGPT_BACKEND=wasm: the WebAssembly kernels are not built/);
  });
});
