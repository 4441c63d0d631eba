/** Several ranks on this machine: what exchanging costs, and what two ranks of one thread make of it. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLUSTERS, formatScale, type Load, stepMs, summedBytes } from './scale.js';
import { median } from './statistics.js';

/** What `workers/ranks.ts` is to time. */
export type RanksJob = { threads?: number } & (
  | { counts: readonly number[]; repeats: number }
  | { kind: string; preset: string; overrides: object }
);

const COUNTS = [1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22];
const REPEATS = 25;
const ROUNDS = 5;
/** Of trainings, which take longer. */
const STEP_ROUNDS = 5;

const STEADY = { warmupSteps: 0, evalInterval: 1e6, checkpointInterval: 1e6, logInterval: 1e6 };
/** The published MLP: classes, channels, windows of a rank, tokens of a window, weights of the hidden layer. */
const MLP = { V: 50_281, C: 200, windows: 50, tokens: 10, hidden: 2000 * 200 };

/** Whether so many ranks share out its output layer (`train/shared-head.ts`). */
function isShared(ranks: number): boolean {
  const { V, C, windows, hidden } = MLP;
  return V * C >= ranks * hidden && 3 * windows * ranks <= 2 * V;
}

/**
 * What each of so many ranks hands over in a step of it: where the output layer is shared out, two numbers for each window and part of the
 * classes, one for each window, and its part of the gradient of what the layer sees, all of it to every other rank; else all
 * gradients, the embedding's by rows.
 */
function publishedBytes(ranks: number): number {
  const { V, C, windows, tokens, hidden } = MLP;
  if (isShared(ranks)) {
    const parts = Math.min(16, 64 / ranks); // of each rank; more than 64 would have too few classes
    return 4 * windows * ranks * (2 * parts + 1 + C) * (ranks - 1);
  }
  let rows = 0;
  for (let d = 1; d < ranks; d *= 2) rows += 4 * (C + 1) * Math.min(V, d * windows * tokens);
  return rows + summedBytes(4 * (hidden + C + V * (C + 1)), ranks);
}

const MODELS = [
  {
    name: 'published MLP, SGD',
    kind: 'mlp',
    preset: 'published',
    overrides: { ...STEADY, steps: 160, batchSize: 100 },
    meetings: 1,
    bytes: publishedBytes,
    // The hidden layer's part of all multiplications, of those ranks that each go through the windows of all.
    repeated: (ranks: number) =>
      isShared(ranks) ? (MLP.hidden / (MLP.hidden + MLP.V * MLP.C)) * (ranks - 1) : 0,
  },
  {
    name: 'GPT (6, 6, 384), T 256, B 8, AdamW',
    kind: 'gpt',
    preset: 'char-large',
    overrides: { ...STEADY, steps: 8, batchSize: 8 },
    meetings: 1,
    bytes: (ranks: number) => summedBytes(4 * 10_745_088, ranks),
    repeated: () => 0,
  },
];
/** Part of the steps, at the beginning, that is not counted: code is still being compiled then. */
const FIRST = 1 / 4;

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
  /** Four ranks of one thread, on whatever cores there are. */
  four: number;
  /** One rank of one thread alone with half, and with a quarter of the batch. */
  half: number;
  quarter: number;
  /** What ranks hand over, for the prediction. */
  load: Omit<Load, 'ownMs'>;
}

/** The launcher, or null where there is none. */
export function findMpirun(): string[] | null {
  const { stdout, error } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' });
  if (error) return null;
  const open = [
    'mpirun',
    '--bind-to',
    'none',
    '--oversubscribe',
    '--mca',
    'mpi_yield_when_idle',
    '1',
  ];
  return /Open MPI|OpenRTE/.test(stdout) ? open : ['mpirun'];
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

/** What two ranks of one thread make of a model, beside one rank of two; and what a model of the time says. */
export async function* benchRanks(mpirun: readonly string[]): AsyncGenerator<RankSteps> {
  for (const { name, kind, preset, overrides, ...load } of MODELS) {
    const step = async (ranks: number, threads: number, changed: object) => {
      const job = { kind, preset, overrides: { ...overrides, ...changed }, threads };
      return middle(await onRanks(mpirun, ranks, job));
    };
    const { batchSize } = overrides;
    const times: number[][] = [];
    for (let round = 0; round < STEP_ROUNDS; round++) {
      times.push([
        await step(1, 2, {}),
        await step(2, 1, { batchParts: 2 }),
        await step(4, 1, { batchParts: 4 }),
        await step(1, 1, { batchSize: batchSize / 2 }),
        await step(1, 1, { batchSize: batchSize / 4 }),
      ]);
    }
    const [one, two, four, half, quarter] = [0, 1, 2, 3, 4].map((i) =>
      median(times.map((t) => t[i]!)),
    );
    const efficiency = median(times.map(([alone, both]) => alone! / both!));
    yield {
      name,
      one: one!,
      two: two!,
      efficiency,
      four: four!,
      half: half!,
      quarter: quarter!,
      load: { name, ...load },
    };
  }
}

function middle(times: unknown): number {
  const all = times as number[];
  return median(all.slice(FIRST * all.length));
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

export function formatRankSteps(steps: RankSteps, { latencyMs, gigabytesPerSecond }: SumsReport) {
  const { name, one, two, efficiency, four, half, quarter, load } = steps;
  const here = { name: 'this machine', latencyMs, gigabytesPerSecond };
  const crowd = Math.max(1, 4 / availableParallelism());
  const twoSays = stepMs({ ...load, ownMs: half }, 2, here);
  const fourSays = crowd * stepMs({ ...load, ownMs: quarter }, 4, here);
  return [
    `${name}: ${one.toFixed(1)} ms a step on one rank of two threads, ${two.toFixed(1)} on two of one: ${(100 * efficiency).toFixed(0)} % of its speed`,
    `  two ranks: ${two.toFixed(1)} ms, ${twoSays.toFixed(1)} by the model (${half.toFixed(1)} of work); four: ${four.toFixed(1)}, ${fourSays.toFixed(1)} by the model (${quarter.toFixed(1)} of work)`,
    formatScale({ ...load, ownMs: half }, [here, ...CLUSTERS]),
  ].join('\n');
}
