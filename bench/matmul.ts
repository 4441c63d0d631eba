/**
 * The matrix product against OpenBLAS's `cblas_sgemm`: the same numbers, the same memory, the same
 * number of threads, the two in turn within one process, their results compared first.
 *
 * OpenBLAS is measured as it comes (with the environment's OPENBLAS_CORETYPE, where that is set), and,
 * on a processor with AVX-512, told to use it: it does not know every processor that has it.
 *
 *     node build/bench/matmul.js [threads]
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** m, k, n: op(a) is m × k, op(b) is k × n. */
export type Shape = readonly [m: number, k: number, n: number];

/** What the published MLP's step multiplies (forward and backward), WaveNet's layers, a small GPT's. */
export const SHAPES: readonly Shape[] = [
  [100, 2000, 200],
  [100, 200, 50281],
  [200, 100, 50281],
  [100, 50281, 200],
  [3200, 2048, 2048],
  [2048, 3200, 2048],
  [512, 384, 1536],
];

export interface MatmulSettings {
  threads: number;
  shapes: readonly Shape[];
  /** For each product, both sides and all rounds together (at least five rounds, whatever they take). */
  seconds: number;
}

export interface MatmulRow {
  shape: Shape;
  transA: boolean;
  transB: boolean;
  /** 10⁹ floating-point operations per second (2·m·k·n a product): the median of the rounds. */
  gflops: number;
  openblas: number;
  /** Ours over OpenBLAS's: above 1, ours is faster. */
  ratio: number;
}

export interface MatmulReport {
  threads: number;
  /** The kernels that OpenBLAS chose. */
  coreName: string;
  config: string;
  rows: MatmulRow[];
  /** The median of the rows' ratios. */
  ratio: number;
}

function hasAvx512(): boolean {
  const file = '/proc/cpuinfo';
  return existsSync(file) && readFileSync(file, 'utf8').includes('avx512f');
}

/** The values of OPENBLAS_CORETYPE to measure with; undefined: OpenBLAS's own choice. */
export function coreTypes(): (string | undefined)[] {
  const given = process.env['OPENBLAS_CORETYPE'];
  return hasAvx512() ? [...new Set([given, 'SKYLAKEX'])] : [given];
}

/**
 * Measures every shape, transposed and not.
 *
 * @returns A report for each choice of OpenBLAS's kernels; none where there is no OpenBLAS.
 */
export async function benchMatmul(settings: Partial<MatmulSettings> = {}): Promise<MatmulReport[]> {
  const { threads = availableParallelism(), shapes = SHAPES, seconds = 0.3 } = settings;
  const worker = fileURLToPath(new URL('./workers/matmul.js', import.meta.url));
  const reports: MatmulReport[] = [];
  for (const coreType of coreTypes()) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [worker, JSON.stringify({ threads, shapes, seconds })],
      {
        // Its idle threads would keep asking for a core for a tenth of a second (2^28 cycles), while
        // ours are being timed. 2^18 cycles span the gap between two calls of its own all the same.
        env: { ...process.env, OPENBLAS_CORETYPE: coreType, OPENBLAS_THREAD_TIMEOUT: '18' },
      },
    );
    const report = JSON.parse(stdout) as MatmulReport | null;
    if (report === null) return [];
    reports.push(report);
  }
  return reports;
}

/** A report as lines of text. */
export function formatMatmul({ threads, coreName, rows, ratio }: MatmulReport): string {
  const lines = rows.map((row) =>
    [
      row.shape.join('×').padEnd(16),
      `${row.transA ? 'aᵀ' : 'a'}·${row.transB ? 'bᵀ' : 'b'}`.padEnd(8),
      row.gflops.toFixed(1).padStart(8),
      row.openblas.toFixed(1).padStart(10),
      row.ratio.toFixed(2).padStart(7),
    ].join(''),
  );
  return [
    `Matrix products, ${threads} thread${threads === 1 ? '' : 's'}, in GF/s; OpenBLAS with its ${coreName} kernels`,
    `${'m×k×n'.padEnd(24)}    ours  OpenBLAS  ratio`,
    ...lines,
    `median ratio ${ratio.toFixed(2)}, lowest ${Math.min(...rows.map((row) => row.ratio)).toFixed(2)}`,
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const threads = process.argv[2] ? Number(process.argv[2]) : availableParallelism();
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores`);
  const reports = await benchMatmul({ threads });
  for (const report of reports) console.log(`\n${formatMatmul(report)}`);
  if (reports.length === 0)
    console.log('OpenBLAS is not installed (libopenblas0-pthread): skipped');
  console.log(JSON.stringify({ benchmark: 'matmul', cpu: cpus()[0]?.model, reports }));
}
