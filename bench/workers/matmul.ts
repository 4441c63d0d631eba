/**
 * Times our matrix product and OpenBLAS's in turn, in one process, on the same numbers in the same
 * memory. A process of its own, because OpenBLAS chooses its kernels once, when it is loaded.
 *
 *     node matmul.js '{"threads": 2, "shapes": [[100, 2000, 200]], "seconds": 0.2}'
 *
 * prints one line of JSON: a `MatmulReport`, or null where there is no OpenBLAS.
 */
import { existsSync, readdirSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { currentBackend, matmulSize } from 'nanogpt';
import type { MatmulReport, MatmulRow, MatmulSettings, Shape } from '../matmul.js';
import { median } from '../statistics.js';

const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

/** A timed stretch takes at least so long, so that a call of microseconds is measured in bulk. */
const STRETCH_SECONDS = 0.004;
const LEAST_ROUNDS = 5;
const MOST_ROUNDS = 60;

function findOpenBlas(): LibraryHandle | null {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  const candidates = [
    ...folders.map((folder) => `/usr/lib/${folder}/openblas-pthread/libopenblas.so.0`),
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ].filter((path) => existsSync(path));
  for (const path of [...candidates, 'libopenblas.so.0']) {
    try {
      return koffi.load(path);
    } catch {
      // The next one, then.
    }
  }
  return null;
}

function bind(library: LibraryHandle) {
  const func = library.func.bind(library);
  const sizes = ['int', 'int', 'int'];
  return {
    sgemm: func('cblas_sgemm', 'void', [
      ...['int', 'int', 'int', ...sizes, 'float', 'int64_t', 'int', 'int64_t', 'int'],
      ...['float', 'int64_t', 'int'],
    ]),
    setThreads: func('openblas_set_num_threads', 'void', ['int']),
    coreName: func('openblas_get_corename', 'const char *', [])() as string,
    config: func('openblas_get_config', 'const char *', [])() as string,
  };
}

/** Lets the other side's threads go to sleep, so that they take no core from this one. */
function rest(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}

/** Seconds of one call, from a stretch of `calls`, after one that is not timed. */
function timeStretch(calls: number, body: () => void): number {
  rest();
  body();
  const start = performance.now();
  for (let i = 0; i < calls; i++) body();
  return (performance.now() - start) / 1000 / calls;
}

function measure(
  blas: ReturnType<typeof bind>,
  [m, k, n]: Shape,
  transA: boolean,
  transB: boolean,
  seconds: number,
): MatmulRow {
  const backend = currentBackend();
  const alloc = (count: number) => backend.alloc('float32', count) as number;
  const [a, b, ours, theirs] = [m * k, k * n, m * n, m * n].map(alloc);
  backend.uniform(a, m * k, -0.5, 0.5, { seed: 1, stream: 0, position: 0 });
  backend.uniform(b, k * n, -0.5, 0.5, { seed: 2, stream: 0, position: 0 });
  const lda = transA ? m : k;
  const ldb = transB ? k : n;
  const size = matmulSize({ m, n, k, transA, transB, lda, ldb });
  const runOurs = () => backend.matmul(ours, a, b, null, size);
  const [opA, opB] = [transA ? TRANS : NO_TRANS, transB ? TRANS : NO_TRANS];
  const runTheirs = () => blas.sgemm(ROW_MAJOR, opA, opB, m, n, k, 1, a, lda, b, ldb, 0, theirs, n);

  runOurs();
  runTheirs();
  compare(ours, theirs, m * n, k);

  const work = 2 * m * n * k;
  const calls = Math.max(1, Math.ceil(STRETCH_SECONDS / (work / 3e11)));
  const times: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > end) break;
    times.ours.push(timeStretch(calls, runOurs));
    times.theirs.push(timeStretch(calls, runTheirs));
  }
  for (const pointer of [a, b, ours, theirs]) backend.free(pointer);
  const [gflops, openblas] = [times.ours, times.theirs].map((t) => work / median(t) / 1e9);
  return { shape: [m, k, n], transA, transB, gflops, openblas, ratio: gflops / openblas };
}

/** Throws where the two results differ by more than the roundings of k sums can explain. */
function compare(ours: number, theirs: number, count: number, k: number): void {
  const backend = currentBackend();
  const [x, y] = [ours, theirs].map((pointer) => {
    const values = new Float32Array(count);
    backend.read(pointer, 'float32', values);
    return values;
  });
  const bound = 2 * (k + 4) * 2 ** -24 * 0.25 * k;
  for (let i = 0; i < count; i++) {
    if (!(Math.abs(x[i] - y[i]) <= bound)) {
      throw new Error(`matmul: element ${i} is ${x[i]}, OpenBLAS has ${y[i]}`);
    }
  }
}

function main(): MatmulReport | null {
  const { threads, shapes, seconds } = JSON.parse(process.argv[2]) as MatmulSettings;
  const backend = currentBackend();
  if (backend.name !== 'native')
    throw new Error('the native kernels are needed: npm run build:kernels');
  const library = findOpenBlas();
  if (library === null) return null;
  const blas = bind(library);
  backend.setThreads(threads);
  blas.setThreads(threads);
  const rows: MatmulRow[] = [];
  for (const shape of shapes) {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) rows.push(measure(blas, shape, transA, transB, seconds));
    }
  }
  return {
    threads,
    coreName: blas.coreName,
    config: blas.config,
    rows,
    ratio: median(rows.map((row) => row.ratio)),
  };
}

console.log(JSON.stringify(main()));
