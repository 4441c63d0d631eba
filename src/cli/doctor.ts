/** `nanogpt doctor`: what this machine offers, and what to do where something is missing. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Backend, backendNotice, loadNative, nativeProblem } from '../backend/index.js';
import { DATASETS } from '../data/index.js';
import { currentBackend } from '../tensor/index.js';
import { cacheDir } from '../util/cache-dir.js';
import { measureSpeed } from './measure.js';
import { megabytes, Output } from './output.js';
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

/** Measures for about a second, and prints what it found. */
export function doctor(options: DoctorOptions): void {
  const output = new Output(options.json === true);
  useThreads(options.threads);
  const backend = currentBackend();
  const native = backend.name === 'native';
  const build = readBuildInfo();
  const blas = native ? loadNative()!.matmulEngine : 'none';
  const { gigaflops, size, gigabytesPerSecond } = measureSpeed(backend);
  const cache = cacheDir();
  const dataDir = process.env['NANOGPT_DATA_DIR'] || null;
  const datasets = Object.keys(DATASETS).map((name) => ({ name, found: whereIs(name, dataDir) }));
  const advice = adviceFor(backend, cache, dataDir);

  output.result({
    backend: backend.name,
    reason: reasonOf(backend),
    compiler: build?.compiler ?? null,
    compilerVersion: build?.version ?? null,
    flags: build?.flags ?? null,
    instructionSet: native ? (build?.instructionSet ?? null) : null,
    built: build?.date ?? null,
    threads: backend.threads,
    cores: os.availableParallelism(),
    blas,
    gflops: gigaflops,
    matrixSize: size,
    copyGigabytesPerSecond: gigabytesPerSecond,
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
      ['backend', `${backend.name}: ${reasonOf(backend)}`],
      ['compiler', build && `${build.version} (${build.compiler})`],
      ['flags', build?.flags.join(' ')],
      ['instruction set', native ? build?.instructionSet : undefined],
      ['threads', `${backend.threads} of ${cores} core${cores === 1 ? '' : 's'}`],
      ['matrix product', native ? engineName(blas) : 'plain TypeScript'],
      ['measured', `${gigaflops.toFixed(1)} GF/s (a product of ${size} × ${size} matrices)`],
      ['', `${gigabytesPerSecond.toFixed(1)} GB/s (copying: bytes read and written)`],
    ]),
  );
  output.line();
  output.line(
    fields([
      ['processor', os.cpus()[0]?.model],
      ['memory', `${megabytes(os.freemem())} free of ${megabytes(os.totalmem())}`],
      ['node', `${process.version}, ${process.platform} ${process.arch}`],
      ['cache', cache],
      ['data folder', dataDir ?? 'none (NANOGPT_DATA_DIR names one)'],
      ...datasets.map(
        ({ name, found }) =>
          [`  ${name}`, found ?? 'not here; fetched when it is asked for'] as const,
      ),
    ]),
  );
  output.line();
  if (advice.length === 0) output.line('Nothing is missing.');
  for (const line of advice) output.line(`To do: ${line}`);
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

function engineName(engine: string): string {
  return engine === 'nanogpt' ? "nanogpt's own (NANOGPT_BLAS names another)" : engine;
}

/** Where a dataset lies on this machine, or null. */
function whereIs(name: string, dataDir: string | null): string | null {
  const dataset = DATASETS[name]!;
  if (dataset.kind === 'packaged') return `in the package ${dataset.package}`;
  const own = dataDir === null ? [] : dataset.files.map((file) => path.resolve(dataDir, file));
  const places = [...own, cacheDir('datasets', `${name}.txt`)];
  return places.find((file) => fs.existsSync(file)) ?? null;
}

function adviceFor(backend: Backend, cache: string, dataDir: string | null): string[] {
  const advice: string[] = [];
  const notice = backend.name === 'reference' ? backendNotice() : null;
  if (notice) advice.push(notice);
  if (!isWritable(cache)) {
    advice.push(
      `the cache folder ${cache} cannot be written: mend it, or name another in NANOGPT_CACHE_DIR`,
    );
  }
  if (dataDir !== null && !fs.statSync(dataDir, { throwIfNoEntry: false })?.isDirectory()) {
    advice.push(`NANOGPT_DATA_DIR names ${dataDir}, which is no folder: mend or unset it`);
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
