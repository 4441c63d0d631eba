/** Several ranks on this machine: what exchanging costs, and what two ranks of one thread make of it. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.js';

/** What `workers/ranks.ts` is to time. */
export type RanksJob = { threads?: number } & (
  | { counts: readonly number[]; repeats: number }
  | { kind: string; preset: string; overrides: object }
);

const COUNTS = [1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22];
const REPEATS = 25;
const ROUNDS = 5;

const STEADY = { warmupSteps: 0, evalInterval: 1e6, checkpointInterval: 1e6, logInterval: 1e6 };
const MODELS = [
  {
    name: 'published MLP, SGD',
    kind: 'mlp',
    preset: 'published',
    overrides: { ...STEADY, steps: 60 },
  },
  {
    name: 'GPT (6, 6, 384), T 256, B 8, AdamW',
    kind: 'gpt',
    preset: 'char-large',
    overrides: { ...STEADY, steps: 8, batchSize: 8 },
  },
];
/** Steps at the beginning that are not counted. */
const FIRST = 2;

export interface SumsReport {
  /** Median milliseconds of a sum of so many floats over two ranks. */
  sums: { floats: number; ours: number; gloo: number | null }[];
  /** Fitted to them: milliseconds = latency + bytes / bandwidth. */
  latencyMs: number;
  gigabytesPerSecond: number;
}

/** Median milliseconds of a step: one rank of two threads, two ranks of one, and the median of their ratios. */
export interface RankSteps {
  name: string;
  one: number;
  two: number;
  efficiency: number;
}

/** The launcher, or null where there is none. */
export function findMpirun(): string[] | null {
  const { stdout, error } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' });
  if (error) return null;
  return /Open MPI|OpenRTE/.test(stdout) ? ['mpirun', '--bind-to', 'none'] : ['mpirun'];
}

/** What it costs to add up over two ranks, beside PyTorch's Gloo. */
export async function benchSums(
  mpirun: readonly string[],
  python: string | null,
): Promise<SumsReport> {
  const ours: number[][] = COUNTS.map(() => []);
  const gloo: number[][] = COUNTS.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    const job: RanksJob = { threads: 1, counts: COUNTS, repeats: REPEATS };
    const sums = (await onRanks(mpirun, 2, job)) as number[][];
    sums.forEach((times, i) => {
      ours[i]!.push(median(times));
    });
    if (!python) continue;
    (await overGloo(python)).forEach((times, i) => {
      gloo[i]!.push(median(times));
    });
  }
  const sums = COUNTS.map((floats, i) => ({
    floats,
    ours: median(ours[i]!),
    gloo: python ? median(gloo[i]!) : null,
  }));
  return { sums, ...line(sums) };
}

/** What two ranks of one thread make of a model, beside one rank of two. */
export async function* benchRanks(mpirun: readonly string[]): AsyncGenerator<RankSteps> {
  for (const { name, kind, preset, overrides } of MODELS) {
    const one: number[] = [];
    const two: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const job = { kind, preset, overrides };
      one.push(middle(await onRanks(mpirun, 1, { ...job, threads: 2 })));
      const halves = { ...overrides, batchParts: 2 };
      two.push(middle(await onRanks(mpirun, 2, { ...job, overrides: halves, threads: 1 })));
    }
    const efficiency = median(one.map((ms, i) => ms / two[i]!));
    yield { name, one: median(one), two: median(two), efficiency };
  }
}

function middle(times: unknown): number {
  return median((times as number[]).slice(FIRST));
}

/** Least squares of relative errors: a small sum counts as much as a large one. */
function line(sums: SumsReport['sums']) {
  let [a, b, c, d, e] = [0, 0, 0, 0, 0];
  for (const { floats, ours } of sums) {
    const [x, y] = [1 / ours, (4 * floats) / ours];
    a += x * x;
    b += x * y;
    c += y * y;
    d += x;
    e += y;
  }
  const determinant = a * c - b * b;
  const perByte = (a * e - b * d) / determinant;
  const latencyMs = (c * d - b * e) / determinant;
  return { latencyMs, gigabytesPerSecond: 1e-6 / perByte };
}

function onRanks(mpirun: readonly string[], ranks: number, job: RanksJob): Promise<unknown> {
  const worker = fileURLToPath(new URL('./workers/ranks.js', import.meta.url));
  const args = [...mpirun.slice(1), '-n', String(ranks), process.execPath, worker];
  return answer(mpirun[0]!, [...args, JSON.stringify(job)]);
}

async function overGloo(python: string): Promise<number[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  const script = fileURLToPath(new URL('../../bench/peers/gloo.py', import.meta.url));
  const rest = [join(folder, 'meeting'), JSON.stringify(COUNTS), String(REPEATS)];
  try {
    const other = spawn(python, [script, '1', ...rest], { stdio: 'ignore' });
    const times = await answer(python, [script, '0', ...rest]);
    other.kill();
    return times as number[][];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The JSON that a program prints. */
function answer(command: string, args: readonly string[]): Promise<unknown> {
  const env = {
    ...process.env,
    OMPI_ALLOW_RUN_AS_ROOT: '1',
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
    GLOO_SOCKET_IFNAME: 'lo',
  };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out));
      else reject(new Error(`${command} ${args.join(' ')}: ended with ${code}`));
    });
  });
}

export function formatSums({ sums, latencyMs, gigabytesPerSecond }: SumsReport): string {
  return [
    'sums over two ranks of one thread',
    ...sums.map(({ floats, ours, gloo }) => {
      const peer =
        gloo === null
          ? ''
          : `, Gloo ${gloo.toFixed(3)} ms: ${(gloo / ours).toFixed(1)} times its speed`;
      return `  ${String(floats).padStart(8)} floats  ${ours.toFixed(3)} ms${peer}`;
    }),
    `  fitted: ${(1000 * latencyMs).toFixed(1)} µs and ${gigabytesPerSecond.toFixed(2)} GB/s`,
  ].join('\n');
}

export function formatRankSteps({ name, one, two, efficiency }: RankSteps): string {
  return `${name}: ${one.toFixed(1)} ms a step on one rank of two threads, ${two.toFixed(1)} on two of one: ${(100 * efficiency).toFixed(0)} % of its speed`;
}
