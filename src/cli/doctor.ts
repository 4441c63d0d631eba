/** `nanogpt doctor`: checks this machine, and says what to do where something is missing. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type Backend,
  backendNotice,
  hasRelaxedSimd,
  loadNative,
  nativeProblem,
} from '../backend/index.js';
import { DATASETS } from '../data/index.js';
import { allowedCores, availableMpi } from '../distributed/index.js';
import { currentBackend } from '../tensor/index.js';
import { cacheDir } from '../util/cache-dir.js';
import { UserError } from '../util/errors.js';
import { measureSpeed, type Speed } from './measure.js';
import { byteSize, Output } from './output.js';
import { fields } from './table.js';
import { useThreads } from './threads.js';

export interface DoctorOptions {
  threads?: number;
  json?: true;
}

/** What kernels/build.mjs writes beside the library. */
interface BuildInfo {
  compiler: string;
  version: string;
  flags: string[];
  instructionSet: string;
  cpu: string;
  date: string;
}

/** Two folders up, both from src/cli and from dist/cli. */
const BUILD_INFO = new URL('../../build/kernels/build-info.json', import.meta.url);

/** Measures for about a second, and prints what it found. What is wrong with the machine is no error here. */
export function doctor(options: DoctorOptions): void {
  const output = new Output(options.json === true);
  const { backend, problem } = findBackend(options.threads);
  const native = backend?.name === 'native';
  const build = readBuildInfo();
  const blas = native ? loadNative()!.matmulEngine : backend?.name === 'wasm' ? 'nanogpt' : null;
  const instructionSet = backend ? instructionSetOf(backend, build) : null;
  const speed = backend && measureSpeed(backend);
  const cache = cacheDir();
  const dataDir = process.env['NANOGPT_DATA_DIR'] || null;
  const datasets = Object.keys(DATASETS).map((name) => ({ name, found: whereIs(name, dataDir) }));
  const mpi = native ? availableMpi() : [];
  const advice = [...(problem ? [problem] : []), ...adviceFor(cache, dataDir)];
  const reason = backend ? reasonOf(backend) : problem!;

  output.result({
    backend: backend?.name ?? null,
    reason,
    compiler: build?.compiler ?? null,
    compilerVersion: build?.version ?? null,
    flags: build?.flags ?? null,
    instructionSet,
    built: build?.date ?? null,
    threads: backend?.threads ?? null,
    cores: os.availableParallelism(),
    coresAllowed: allowedCores() || null,
    mpi,
    blas,
    gflops: speed?.gigaflops ?? null,
    matrixSize: speed?.size ?? null,
    copyGigabytesPerSecond: speed?.gigabytesPerSecond ?? null,
    cpu: os.cpus()[0]?.model ?? null,
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem() },
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cacheDir: cache,
    dataDir,
    datasets,
    advice,
  });

  const cores = os.availableParallelism();
  output.line(
    fields([
      ['backend', `${backend?.name ?? 'none'}: ${reason}`],
      ['compiler', build && `${build.version} (${build.compiler})`],
      ['flags', build?.flags.join(' ')],
      ['instruction set', instructionSet ?? undefined],
      ['threads', backend && `${backend.threads} of ${cores} core${cores === 1 ? '' : 's'}`],
      ['matrix product', engineName(blas, native)],
      ...speedRows(speed),
    ]),
  );
  output.line();
  output.line(
    fields([
      ['processor', os.cpus()[0]?.model],
      ['memory', `${byteSize(os.freemem())} free of ${byteSize(os.totalmem())}`],
      [
        'cores',
        allowedCores() ? `${allowedCores()} may be used, of ${os.cpus().length}` : undefined,
      ],
      ['mpi', mpi.join(', ') || 'none (only needed to train on several ranks)'],
      ['node', `${process.version}, ${process.platform} ${process.arch}`],
      ['cache', cache],
      ['data folder', dataDir ?? 'none (NANOGPT_DATA_DIR names one)'],
      ...datasets.map(
        ({ name, found }) => [`  ${name}`, found ?? 'not here; downloaded on first use'] as const,
      ),
    ]),
  );
  output.line();
  if (advice.length === 0) output.line('Nothing is missing.');
  for (const line of advice) output.line(`To do: ${line}`);
}

/** The backend that commands would use, and what is wrong with it. */
function findBackend(threads: number | undefined): { backend?: Backend; problem?: string | null } {
  try {
    useThreads(threads);
    return { backend: currentBackend(), problem: backendNotice() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: error.message };
  }
}

function speedRows(speed: Speed | undefined): [string, string][] {
  if (!speed) return [];
  const { gigaflops, size, gigabytesPerSecond } = speed;
  return [
    ['measured', `${gigaflops.toFixed(1)} GF/s (a product of ${size} × ${size} matrices)`],
    ['', `${gigabytesPerSecond.toFixed(1)} GB/s (copying: bytes read and written)`],
  ];
}

function readBuildInfo(): BuildInfo | undefined {
  try {
    return JSON.parse(fs.readFileSync(BUILD_INFO, 'utf8'));
  } catch {
    return undefined;
  }
}

function reasonOf({ name }: Backend): string {
  const wanted = process.env['NANOGPT_BACKEND'];
  if (wanted) return `NANOGPT_BACKEND=${wanted} asks for it`;
  if (name === 'native') return 'the kernels are built and load';
  return nativeProblem() ?? 'the native one was not chosen';
}

/** The widest vectors in use, or null where nothing is known of them. */
function instructionSetOf({ name }: Backend, build: BuildInfo | undefined): string | null {
  if (name === 'native') return build?.instructionSet ?? null;
  if (name !== 'wasm') return null;
  return hasRelaxedSimd() ? 'WebAssembly relaxed SIMD' : RELAXED_LATER;
}

const RELAXED_LATER = 'WebAssembly SIMD (relaxed SIMD, as in Node 22, is faster)';

function engineName(engine: string | null, native: boolean): string {
  if (engine === null) return 'plain TypeScript';
  if (engine !== 'nanogpt') return engine;
  return native ? "nanogpt's own (NANOGPT_BLAS names another)" : "nanogpt's own";
}

/** Where a dataset lies on this machine, or null. */
function whereIs(name: string, dataDir: string | null): string | null {
  const dataset = DATASETS[name]!;
  if (dataset.kind === 'packaged') return `in the package ${dataset.package}`;
  if (dataset.kind === 'registered') return 'a dataset of your own';
  const own = dataDir === null ? [] : dataset.files.map((file) => path.resolve(dataDir, file));
  const places = [...own, cacheDir('datasets', `${name}.txt`)];
  return places.find((file) => fs.existsSync(file)) ?? null;
}

function adviceFor(cache: string, dataDir: string | null): string[] {
  const advice: string[] = [];
  if (!isWritable(cache)) {
    advice.push(
      `the cache folder ${cache} cannot be written: fix that, or name another in NANOGPT_CACHE_DIR`,
    );
  }
  if (dataDir !== null && !fs.statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) {
    advice.push(`NANOGPT_DATA_DIR names ${dataDir}, which is not a folder: fix or unset it`);
  }
  return advice;
}

/** Whether it can be written, or made where it is not there yet. */
function isWritable(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch (error) {
    const parent = path.dirname(folder);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return missing && parent !== folder && isWritable(parent);
  }
}
