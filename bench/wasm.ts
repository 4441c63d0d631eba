/**
 * The kernels in WebAssembly against the same kernels compiled for this machine, on the MLP's training step, and against
 * jax-js's WebAssembly on the step's dense part: same numbers, same threads, in turn, round by round.
 *
 * A processor with AVX-512 has products four times as wide as WebAssembly's: the native kernels are measured with these,
 * and compiled without them. Where the engine keeps relaxed SIMD behind a switch (Node 20), it is measured both ways.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator, hasRelaxedSimd } from 'nanogpt';
import { CASES, MLP } from './mlp.js';
import { Peer } from './peer.js';
import { median } from './statistics.js';

/** The dense part of the published MLP's step. */
export interface DenseCase {
  batch: number;
  width: number;
  hidden: number;
  vocab: number;
  lr: number;
  threads: number;
}

export interface WasmRow {
  side: string;
  /** Median milliseconds of a step. */
  ms: number;
  /** Median over rounds of this side's time over the first's. */
  ratio: number;
  peakBytes: number;
}

export interface WasmReport {
  name: string;
  rows: WasmRow[];
}

interface Side {
  name: string;
  args: string[];
  env: Record<string, string>;
  /** Steps in a round, where they are slow. */
  steps?: number;
}

interface Round {
  losses: number[];
  seconds: number[];
  peakBytes: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const ROUNDS = 5;
/** Steps before, not timed, whose losses are compared. */
const WARMUP = 4;

/** Whether this Node has relaxed SIMD behind a switch. */
function hasSwitch(): boolean {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  return !hasRelaxedSimd() && options.includes('experimental-wasm-relaxed-simd');
}

function wasmSides(worker: string): Side[] {
  const env = { NANOGPT_BACKEND: 'wasm' };
  const plain = {
    name: hasRelaxedSimd() ? 'WebAssembly, relaxed SIMD' : 'WebAssembly',
    args: [worker],
    env,
  };
  if (!hasSwitch()) return [plain];
  const args = ['--experimental-wasm-relaxed-simd', worker];
  return [plain, { name: 'WebAssembly, relaxed SIMD', args, env }];
}

/** A copy of the package whose kernels do without AVX-512, or null where they do so anyway. */
function withoutAvx512(folder: string): string | null {
  const info = join(root, 'build', 'kernels', 'build-info.json');
  if (JSON.parse(readFileSync(info, 'utf8')).instructionSet !== 'avx512') return null;
  const copy = join(folder, 'package');
  mkdirSync(copy);
  for (const part of ['dist', 'kernels', 'package.json', 'build/bench']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  const env = { ...process.env, CC: `${process.env['CC'] ?? 'cc'} -mno-avx512f` };
  execFileSync(process.execPath, [join(copy, 'kernels', 'build.mjs'), '--strict'], { env });
  return copy;
}

function nativeSides(worker: string, copy: string | null): Side[] {
  const env = { NANOGPT_BACKEND: 'native' };
  const own = { name: 'native', args: [join(root, 'build', 'bench', worker)], env };
  if (copy === null) return [own];
  return [
    { ...own, name: 'native, AVX-512' },
    { name: 'native, AVX2', args: [join(copy, 'build', 'bench', worker)], env },
  ];
}

async function contest(sides: Side[], start: object, steps: number): Promise<WasmRow[]> {
  const peers = sides.map(({ args, env }) => new Peer(process.execPath, args, env));
  try {
    const first: Round[] = [];
    for (const peer of peers) {
      await peer.ask(start);
      first.push(await peer.ask<Round>({ steps: WARMUP }));
    }
    first.forEach(({ losses }, i) => {
      const differs = losses.some((loss, j) => !(Math.abs(loss / first[0].losses[j] - 1) < 1e-4));
      if (differs) throw new Error(`${sides[i].name}: losses ${losses}, not ${first[0].losses}`);
    });
    const times: number[][] = sides.map(() => []);
    let last: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      last = [];
      for (const [i, peer] of peers.entries()) {
        last.push(await peer.ask<Round>({ steps: sides[i].steps ?? steps }));
        times[i].push(1000 * median(last[i].seconds));
      }
    }
    return sides.map(({ name }, i) => ({
      side: name,
      ms: median(times[i]),
      ratio: median(times[i].map((ms, round) => ms / times[0][round])),
      peakBytes: last[i].peakBytes,
    }));
  } finally {
    for (const peer of peers) peer.close();
  }
}

/**
 * jax-js, in the folder that NANOGPT_BENCH_JAX_JS names; installed there when it is not there yet. It starts threads by the
 * Web's `Worker`, which Node lacks: measured as Node has it, on one thread, and with such workers, on as many as ours.
 */
function jaxJsSides(): Side[] {
  const folder = process.env['NANOGPT_BENCH_JAX_JS'];
  if (!folder) return [];
  if (!existsSync(join(folder, 'node_modules', '@jax-js', 'jax'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
    const packages = ['install', '--no-audit', '--no-fund', '@jax-js/jax@0.1.25'];
    execFileSync('npm', packages, { cwd: folder, stdio: 'ignore' });
  }
  const script = join(root, 'bench', 'peers', 'jax-js.mjs');
  const workers = [script, folder, 'workers'];
  const sides = [
    { name: 'jax-js, one thread', args: [script, folder] },
    { name: 'jax-js, workers', args: workers },
    ...(hasSwitch()
      ? [
          {
            name: 'jax-js, workers, relaxed',
            args: ['--experimental-wasm-relaxed-simd', ...workers],
          },
        ]
      : []),
  ];
  return sides.map((side) => ({ ...side, env: {}, steps: 3 }));
}

function writeDense(folder: string, { batch, width, hidden, vocab }: DenseCase): void {
  const random = new Generator(42);
  const write = (name: string, count: number, std: number) => {
    const values = Float32Array.from({ length: count }, () => std * random.normal());
    writeFileSync(join(folder, `${name}.f32`), values);
  };
  write('x', batch * width, 1);
  write('w1', hidden * width, Math.sqrt(2 / width));
  write('w2', vocab * hidden, 1 / Math.sqrt(hidden));
  write('b2', vocab, 0.1);
}

/** Times all of it, on `threads` threads. */
export async function* benchWasm(threads: number): AsyncGenerator<WasmReport> {
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  try {
    const copy = withoutAvx512(folder);
    const mlp = join('workers', 'mlp.js');
    const sides = [...nativeSides(mlp, copy), ...wasmSides(join(root, 'build', 'bench', mlp))];
    for (const c of CASES) {
      MLP.writeStart(folder, c);
      const rows = await contest(sides, { ...c, folder, threads }, c.steps);
      yield { name: c.name, rows };
    }
    const dense: DenseCase = {
      batch: 100,
      width: 2000,
      hidden: 200,
      vocab: 50281,
      lr: 0.1,
      threads,
    };
    writeDense(folder, dense);
    const ours = wasmSides(join(root, 'build', 'bench', 'workers', 'dense.js'));
    for (const count of threads > 1 ? [threads, 1] : [1]) {
      const start = { ...dense, threads: count, folder };
      const rows = await contest([...ours, ...jaxJsSides()], start, 8);
      yield { name: `the dense part of the published MLP, threads: ${count}`, rows };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatWasm({ name, rows }: WasmReport): string {
  const lines = rows.map(
    ({ side, ms, ratio, peakBytes }) =>
      `  ${side.padEnd(26)} ${ms.toFixed(3).padStart(9)} ms a step, ${ratio.toFixed(2)} times ${rows[0].side}'s; peak memory ${(peakBytes / 1e6).toFixed(0)} MB`,
  );
  return [name, ...lines].join('\n');
}
