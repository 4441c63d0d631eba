/** Training on several ranks: the same bits on any number, from one number to another, and the end of all when one fails. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAUNCHERS, type LaunchOptions, launch, ranksOf, saidIn } from './launchers.js';
import { type Ran, Workshop } from './run-cli.js';

const child = fileURLToPath(new URL('ranks-child.mjs', import.meta.url));
const TIME = 240_000;
const SETTINGS = {
  steps: 12,
  blockSize: 4,
  nEmbd: 8,
  nHidden: 16,
  norm: 'batch',
  optimizer: 'adamw',
  batchSize: 16,
  batchParts: 4,
  evalInterval: 4,
  evalBatches: 3,
  checkpointInterval: 4,
  logInterval: 4,
  warmupSteps: 0,
  schedule: 'constant',
};

/** A training of a fraction of a second. */
function small(run: string, changed: Record<string, string | number> = {}): string[] {
  const settings = Object.entries({ ...SETTINGS, ...changed });
  const pairs = settings.flatMap((pair) => ['--set', pair.join('=')]);
  const args = ['train', 'mlp', '--preset', 'chars', '--data', 'text.txt', ...pairs];
  return [...args, '--out', `runs/${run}`];
}

/** One that goes on until somebody ends it, and saves all the time. */
function long(run: string, changed: Record<string, string | number> = {}): string[] {
  const rare = { evalInterval: 1e5, logInterval: 1000, checkpointInterval: 2 };
  return small(run, { steps: 1e6, ...rare, ...changed });
}

let workshop: Workshop;
let main: string;
/** What every kind of model comes to on one rank. */
let oneRank: { results: object; shared: (number | null)[] };

beforeAll(async () => {
  workshop = new Workshop();
  main = workshop.path('package', 'dist', 'cli', 'main.js');
  // Made once, and not by four at the same time.
  await workshop.json(small('alone'), { env: { NANOGPT_THREADS: '1' } });
  const dist = workshop.path('package', 'dist');
  const alone = await workshop.nanogpt([dist], { main: child });
  expect(alone.stderr).toBe('');
  oneRank = JSON.parse(alone.stdout);
}, TIME);

afterAll(() => workshop?.[Symbol.dispose]());

const withCache = (options: Partial<LaunchOptions> = {}): LaunchOptions => ({
  cwd: workshop.folder,
  ...options,
  env: { NANOGPT_CACHE_DIR: workshop.path('cache'), ...options.env },
});

/** SHA-256 of a checkpoint's parameters and optimizer. */
function bitsOf(run: string, step = 'step-000012'): string[] {
  return ['model', 'optimizer'].map((name) => {
    const file = workshop.path('runs', run, 'checkpoints', step, `${name}.safetensors`);
    return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  });
}

/** Losses, without what depends on the clock. */
function lossesOf(run: string): unknown[] {
  const lines = fs.readFileSync(workshop.path('runs', run, 'metrics.jsonl'), 'utf8').trim();
  return lines.split('\n').map((line) => {
    const { type, step, loss, trainLoss, gradNorm, validation } = JSON.parse(line);
    return { type, step, loss, trainLoss, gradNorm, validation };
  });
}

/** Calls back once the run has a checkpoint. */
function onceSaved(run: string, then: (child: ChildProcess) => void) {
  let timer: NodeJS.Timeout | undefined;
  return (launcher: ChildProcess) => {
    timer ??= setInterval(() => {
      const latest = workshop.path('runs', run, 'checkpoints', 'latest');
      if (!fs.existsSync(latest)) return;
      clearInterval(timer);
      then(launcher);
    }, 50).unref();
  };
}

/** What is left goes on to its end on one process. */
async function resumes(run: string): Promise<void> {
  const latest = fs.readFileSync(workshop.path('runs', run, 'checkpoints', 'latest'), 'utf8');
  const steps = String(Number(/\d+/.exec(latest)![0]) + 2);
  const args = ['train', '--resume', `runs/${run}`, '--steps', steps, '--set', 'logInterval=1'];
  const { steps: done } = await workshop.json(args, { env: { NANOGPT_THREADS: '1' } });
  expect(done).toBe(Number(steps));
}

describe.skipIf(LAUNCHERS.length === 0).each(LAUNCHERS)('on ranks of $family', (launcher) => {
  const nanogpt = (ranks: number, args: readonly string[], options?: Partial<LaunchOptions>) =>
    launch(launcher, ranks, [main, ...args], withCache(options));
  const name = (what: string) => `${launcher.family.replace(' ', '-')}-${what}`;

  it('every kind of model has the same bits on one, two and four', { timeout: TIME }, async () => {
    const args = [child, workshop.path('package', 'dist')];
    const { results, shared } = oneRank;
    expect(Object.keys(results).length).toBeGreaterThan(12);
    for (const ranks of [2, 4]) {
      const ran = await launch(launcher, ranks, args, withCache());
      expect(ran, ran.stderr).toMatchObject({ code: 0 });
      const found = JSON.parse(ran.stdout);
      expect(found.results).toEqual(results);
      expect(found.shared.length).toBe(shared.length);
      found.shared.forEach((value: number | null, i: number) => {
        expect(value ?? 0).toBeCloseTo(shared[i] ?? 0, 4); // no norm of the gradient in some steps
      });
    }
  });

  it('a run moves between one, four and two, its optimizer shared out or not', {
    timeout: TIME,
  }, async () => {
    const run = name('moved');
    const alone = { env: { NANOGPT_THREADS: '1' } };
    const further = (steps: number) => ['train', '--resume', `runs/${run}`, '--steps', `${steps}`];
    await workshop.json(small(run, { steps: 4 }), alone);
    const four = await nanogpt(4, [...further(6), '--set', 'shardOptimizer=true']);
    expect(four, four.stderr).toMatchObject({ code: 0 });
    expect(saidIn(four)).toEqual([]);
    const two = await nanogpt(2, [...further(8), '--json']);
    expect(two, two.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(two.stdout)).toMatchObject({ steps: 8, stepsTaken: 2 });
    await workshop.json([...further(12), '--set', 'shardOptimizer=false'], alone);
    expect(bitsOf(run)).toEqual(bitsOf('alone'));
    const final = (losses: unknown[]) => losses.at(-1);
    expect(final(lossesOf(run))).toEqual(final(lossesOf('alone')));
  });

  // Plain SGD updates large matrices a stretch on each rank, and only rank 0 has probes.
  it('rank 0 looks inside while all train', { timeout: TIME }, async () => {
    const plain = { nHidden: 1024, optimizer: 'sgd', weightDecay: 0, momentum: 0, lr: 0.1 };
    const probed = { ...plain, probes: 'true', probeInterval: 3 };
    await workshop.json(small(name('unprobed'), plain), { env: { NANOGPT_THREADS: '1' } });
    const two = await nanogpt(2, small(name('probed'), probed));
    expect(two, two.stderr).toMatchObject({ code: 0 });
    expect(bitsOf(name('probed'))).toEqual(bitsOf(name('unprobed')));
    const probes = workshop.path('runs', name('probed'), 'probes.jsonl');
    expect(fs.readFileSync(probes, 'utf8').trim().split('\n').length).toBeGreaterThan(3);
  });

  it('says what a user has to know, once', { timeout: TIME }, async () => {
    const run = name('cut');
    const ran = await nanogpt(4, small(run, { batchParts: 1 }));
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stdout.match(/^ranks +4, by /gm)).toHaveLength(1);
    expect(bitsOf(run)).toEqual(bitsOf('alone')); // cut into four parts by itself
    const metrics = lossesOf(run);
    expect(metrics.length).toBeGreaterThan(5);
    const line = fs
      .readFileSync(workshop.path('runs', run, 'metrics.jsonl'), 'utf8')
      .split('\n')[0];
    expect(JSON.parse(line!).rankTokensPerSecond).toHaveLength(4);
  });

  // What is wrong is found before MPI has a part in it.
  it('says what cannot be, once', { timeout: TIME }, async () => {
    const run = name('not');
    const misspelt = await nanogpt(4, [...small(`${run}-1`), '--sett', 'steps=1']);
    expect(misspelt.code).toBe(2);
    expect(saidIn(misspelt)).toEqual([expect.stringMatching(/^nanogpt: unknown option '--sett'/)]);
    const odd = await nanogpt(2, small(`${run}-2`, { batchSize: 15, batchParts: 1 }));
    expect(odd.code).toBe(2);
    expect(saidIn(odd)).toEqual([
      expect.stringMatching(/^nanogpt: rank 0: 2 ranks: a batch of 15 /),
    ]);
    const three = await nanogpt(3, small(`${run}-3`));
    expect(saidIn(three)).toEqual([expect.stringMatching(/3 ranks: expected a power of two/)]);
    const piped = await nanogpt(
      2,
      small(`${run}-4`).map((arg) => (arg === 'text.txt' ? '-' : arg)),
    );
    expect(saidIn(piped)).toEqual([expect.stringMatching(/rank 0: --data -: standard input/)]);
    expect(fs.readdirSync(workshop.path('runs')).filter((r) => r.startsWith(run))).toEqual([]);
  });

  it('all end when one is killed, and the run resumes', { timeout: TIME }, async () => {
    const run = name('killed');
    let began = 0;
    const kill = onceSaved(run, () => {
      began = performance.now();
      process.kill(ranksOf(run)[2]!, 'SIGKILL');
    });
    const ran = await nanogpt(4, long(run), { watch: kill });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(ran.code).not.toBe(0);
    if (launcher.family === 'MPICH') {
      expect(saidIn(ran)).toEqual(['nanogpt: rank 2 was killed, or crashed: all ranks end.']);
    } else {
      expect(saidIn(ran)).toEqual([]);
      expect(ran.stderr).toMatch(/process rank 2 .*exited on signal 9/);
    }
    expect(ranksOf(run)).toEqual([]);
    await resumes(run);
  });

  it('all end when one hangs, which the others name', { timeout: TIME }, async () => {
    const run = name('hung');
    const hang = onceSaved(run, () => process.kill(ranksOf(run)[2]!, 'SIGSTOP'));
    const ran = await nanogpt(4, long(run), {
      watch: hang,
      env: { NANOGPT_RANK_TIMEOUT: '3' },
    });
    expect(ran.code).not.toBe(0);
    expect(saidIn(ran)).toEqual([
      expect.stringMatching(/rank \d: rank 2 has not answered for \d+ s/),
    ]);
    await resumes(run);
  });

  it('all end when rank 0 cannot write', { timeout: TIME }, async () => {
    const run = name('gone');
    const folder = workshop.path('runs', run);
    const move = onceSaved(run, () => fs.renameSync(folder, `${folder}-moved`));
    const ran = await nanogpt(2, long(run), { watch: move });
    expect(ran.code).toBe(1);
    expect(saidIn(ran)).toEqual([
      expect.stringMatching(/^nanogpt: rank 0: .*(gone|moved|removed)/),
    ]);
    await resumes(`${run}-moved`);
  });

  it('all stop, and save, when one is asked to', { timeout: TIME }, async () => {
    const run = name('stopped');
    const stop = onceSaved(run, () => process.kill(ranksOf(run)[1]!, 'SIGTERM'));
    const ran = await nanogpt(2, long(run), { watch: stop });
    expect(ran.stdout).toMatch(/stopped at step .*, and saved/);
    await resumes(run);
  });

  it('all end when the numbers do, which is said once', { timeout: TIME }, async () => {
    const run = name('diverged');
    const ran = await nanogpt(2, long(run, { optimizer: 'sgd', lr: 1e38, norm: 'none' }));
    expect(ran.code).toBe(1);
    expect(saidIn(ran)).toEqual([
      expect.stringMatching(/rank \d: .* became (NaN|-?Infinity) at step/),
    ]);
  });
});

describe('without a launcher', () => {
  it('a rank is named that ended before anybody watched', async () => {
    const folder = workshop.path('watched');
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'turn'), '');
    const pipes = ['0', '1'].map((rank) => path.join(folder, rank));
    spawnSync('mkfifo', pipes);
    const held = fs.openSync(pipes[0]!, fs.constants.O_RDWR);
    const watcher = workshop.path('package', 'dist', 'distributed', 'watcher.js');
    const ran = await workshop.nanogpt([folder, '2'], { main: watcher });
    fs.closeSync(held);
    expect(ran.stderr).toBe('nanogpt: rank 1 was killed, or crashed: all ranks end.\n');
    expect(fs.existsSync(folder)).toBe(false);
  });

  it('nothing of MPI is loaded, and asking for it says how it is done', async () => {
    const ran = await workshop.nanogpt([...small('none'), '--distributed', 'mpi']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(
      /^nanogpt: --distributed mpi: no launcher of MPI .*mpirun -n 2.*\n$/,
    );
  });

  it('a library that is none, or not there, is named', async () => {
    const launched = { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' };
    const missing = { ...launched, NANOGPT_MPI: '/nowhere/libmpi.so' };
    const ran: Ran = await workshop.nanogpt(small('none'), { env: missing });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /^nanogpt: rank 0: NANOGPT_MPI=\/nowhere\/libmpi.so: expected .*\n$/,
    );
    const kernels = path.join('package', 'build', 'kernels', 'libnanogpt.so');
    const other = { ...launched, NANOGPT_MPI: workshop.path(kernels) };
    const second = await workshop.nanogpt(small('none'), { env: other });
    expect(second.stderr).toMatch(/expected a library of MPI, and it is none/);
    const off = await workshop.nanogpt([...small('off', { steps: 1 }), '--distributed', 'off'], {
      env: other,
    });
    expect(off).toMatchObject({ code: 0 });
  });
});
