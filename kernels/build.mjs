/**
 * Compiles kernels/*.c for this machine into build/kernels/libnanogpt.<so|dylib>.
 *
 * Runs from npm's install script, so it is plain JavaScript and needs nothing but Node and a C
 * compiler. Without one, installing still succeeds: training then runs on the same kernels in WebAssembly
 * (kernels/wasm/), which come with the package.
 *
 *     node kernels/build.mjs            a failure is one line and exit code 0
 *     node kernels/build.mjs --strict   a failure is exit code 1
 *     node kernels/build.mjs --force    compiles everything again
 *     node kernels/build.mjs --check    compiles with warnings as errors, and keeps nothing of it
 *
 * Each source has its own object file, named by a hash of all that goes into it; only what changed
 * is compiled. build-info.json, beside the library, says what it was built with.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { interfaceSource, readInterface } from './interface.mjs';

/**
 * What the library was built with; `nanogpt doctor` prints it.
 * @typedef {object} BuildInfo
 * @property {string} hash all that went into the library, in one number
 * @property {string} compiler the command
 * @property {string} version the compiler's own first line about itself
 * @property {string[]} flags
 * @property {string} instructionSet the widest vectors in use: avx512, avx2, avx, sse2, neon, generic
 * @property {string} cpu the processor's name
 * @property {string} date ISO 8601
 */

/** @typedef {{ command: string, version: string }} Compiler */

const run = promisify(execFile);
const sources = dirname(fileURLToPath(import.meta.url));
const output = join(sources, '..', 'build', 'kernels');
const objects = join(output, 'obj');
const library = join(output, platform() === 'darwin' ? 'libnanogpt.dylib' : 'libnanogpt.so');
const infoFile = join(output, 'build-info.json');
const interfaceFile = join(sources, '..', 'src', 'backend', 'kernel-interface.ts');

/** A failure worth one line: what went wrong, and what mends it. */
class BuildError extends Error {
  /**
   * @param {string} problem
   * @param {string} remedy
   */
  constructor(problem, remedy) {
    super(problem);
    this.remedy = remedy;
  }
}

const BASE_FLAGS = [
  '-std=c11',
  '-O3',
  '-fPIC',
  '-pthread',
  '-ffp-contract=fast', // a * b + c may be one instruction; nothing else about IEEE 754 is given up
  '-fno-math-errno', // nobody reads errno: lets sqrt be an instruction
  '-fno-trapping-math', // nobody traps: lets comparisons and selections be vectorised
  '-Wall',
  '-Wextra',
];
const NATIVE_FLAG =
  platform() === 'darwin' && arch() === 'arm64' ? '-mcpu=native' : '-march=native';
/*
 * For some processors (Zen 3 was met) gcc takes the one instruction for a * b + c back where a loop has a single such
 * sum. A narrow tile would then round otherwise than a wide one, and the same product have other bits.
 */
const FUSED_FLAG = '--param=avoid-fma-max-bits=0';
const FUSED_FLAG_SINCE = 9;
// nodelete: threads that end (a worker's) run the kernels' clean-up after the library was closed.
const LINK_FLAGS =
  platform() === 'darwin'
    ? ['-shared', '-pthread', '-framework', 'Accelerate']
    : ['-shared', '-Wl,-Bsymbolic', '-Wl,-z,nodelete', '-pthread', '-lm', '-ldl', '-lpthread'];

/** @param {string} command @returns {Promise<Compiler | undefined>} */
async function describeCompiler(command) {
  try {
    const [program, ...options] = command.split(' ');
    const { stdout } = await run(program, [...options, '--version']);
    return { command, version: stdout.split('\n')[0].trim() };
  } catch {
    return undefined;
  }
}

/** $CC when it is set, otherwise the first of cc, gcc and clang. @returns {Promise<Compiler>} */
async function findCompiler() {
  const asked = process.env.CC?.trim();
  for (const command of asked ? [asked] : ['cc', 'gcc', 'clang']) {
    const compiler = await describeCompiler(command);
    if (compiler) return compiler;
  }
  throw asked
    ? new BuildError(
        `CC names "${asked}", which does not run`,
        'set CC to a C compiler, or unset it',
      )
    : new BuildError(
        'no C compiler found (tried cc, gcc, clang)',
        'install gcc or clang, or set CC',
      );
}

/**
 * Calls the compiler. `CC="ccache gcc"` is a command with options, as make has it.
 * @param {Compiler} compiler
 * @param {string[]} options
 */
function compile(compiler, options) {
  const [program, ...first] = compiler.command.split(' ');
  return run(program, [...first, ...options], { maxBuffer: 1 << 26 });
}

/**
 * The compiler's macros under `flags`: they name the instruction set, and change with the processor.
 * @param {Compiler} compiler
 * @param {string[]} flags
 */
async function predefinedMacros(compiler, flags) {
  const { stdout } = await compile(compiler, [...flags, '-dM', '-E', '-x', 'c', '/dev/null']);
  return stdout;
}

/** @param {string} macros */
function instructionSet(macros) {
  /** @type {[string, string][]} */
  const known = [
    ['__AVX512F__', 'avx512'],
    ['__AVX2__', 'avx2'],
    ['__AVX__', 'avx'],
    ['__SSE2__', 'sse2'],
    ['__ARM_NEON', 'neon'],
  ];
  return known.find(([macro]) => macros.includes(`#define ${macro} `))?.[1] ?? 'generic';
}

/** @param {string[]} parts */
function hashOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}

/** @returns {BuildInfo | undefined} */
function readInfo() {
  try {
    return JSON.parse(readFileSync(infoFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Writes a file whole or not at all.
 * @param {string} path
 * @param {(aside: string) => Promise<unknown> | void} write
 */
async function writeAtomically(path, write) {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await write(aside);
    renameSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Runs `job` over `items`, as many at a time as there are processors.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => Promise<unknown>} job
 */
async function inParallel(items, job) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await job(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/**
 * The sources, each with the object file that its text, the headers and `key` name.
 * @param {string} key
 */
function listSources(key) {
  const names = readdirSync(sources).sort();
  const read = (/** @type {string} */ name) => readFileSync(join(sources, name), 'utf8');
  const headers = names.filter((name) => name.endsWith('.h')).map((name) => name + read(name));
  return names
    .filter((name) => name.endsWith('.c'))
    .map((name) => {
      const hash = hashOf(key, ...headers, read(name));
      return {
        source: join(sources, name),
        object: join(objects, `${basename(name, '.c')}-${hash}.o`),
      };
    });
}

/** The last lines of the compiler's complaint. @param {unknown} error */
function complaint(error) {
  const text = /** @type {{ stderr?: string }} */ (error).stderr || String(error);
  return text.trim().split('\n').slice(0, 40).join('\n');
}

/** In a checkout, what TypeScript knows of the library keeps up with the headers. */
function writeInterface() {
  const source = interfaceSource();
  if (!existsSync(interfaceFile) || readFileSync(interfaceFile, 'utf8') === source) return;
  writeFileSync(interfaceFile, source);
}

/**
 * Flags for this compiler alone.
 * @param {Compiler} compiler
 */
async function ownFlags(compiler) {
  const macros = await predefinedMacros(compiler, []).catch(() => '');
  const isGcc = !macros.includes('#define __clang__ ');
  const major = Number(/^#define __GNUC__ (\d+)$/m.exec(macros)?.[1] ?? 0);
  return isGcc && major >= FUSED_FLAG_SINCE ? [FUSED_FLAG] : [];
}

/**
 * The flags that `compiler` takes, and the macros that it defines under them.
 * @param {Compiler} compiler
 */
async function flagsFor(compiler) {
  const own = await ownFlags(compiler);
  const common = [...BASE_FLAGS, ...own, `-DNANOGPT_ABI=${readInterface().number}`];
  const native = [...common, NATIVE_FLAG];
  try {
    return { flags: native, macros: await predefinedMacros(compiler, native) };
  } catch {
    // An older compiler, or one that does not know this processor: plain code is better than none.
    const macros = await predefinedMacros(compiler, common).catch((error) => {
      throw new BuildError(
        `${compiler.command} does not work: ${complaint(error)}`,
        'set CC to a C compiler',
      );
    });
    return { flags: common, macros };
  }
}

/** Compiles everything once with warnings as errors; the library in place is left alone. */
async function checkWarnings() {
  const compiler = await findCompiler();
  const { flags } = await flagsFor(compiler);
  const list = listSources('');
  await inParallel(list, ({ source }) =>
    compile(compiler, [...flags, '-Werror', '-c', source, '-o', '/dev/null']).catch((error) => {
      console.error(complaint(error));
      throw new BuildError(`${compiler.command} warns of ${basename(source)}`, 'see above');
    }),
  );
  console.log(`kernels: ${compiler.version}, ${list.length} files without a warning`);
}

/** @param {{ force: boolean }} options */
async function build({ force }) {
  const compiler = await findCompiler();
  writeInterface();
  const { flags, macros } = await flagsFor(compiler);

  const cpu = cpus()[0]?.model ?? 'unknown';
  const list = listSources(hashOf(compiler.version, flags.join(' '), macros, cpu));
  const hash = hashOf(...list.map(({ object }) => basename(object)), ...LINK_FLAGS);
  if (!force && readInfo()?.hash === hash && existsSync(library)) return;

  mkdirSync(objects, { recursive: true });
  const stale = list.filter(({ object }) => force || !existsSync(object));
  const failed = (/** @type {unknown} */ error) => {
    console.error(complaint(error));
    throw new BuildError(`${compiler.command} failed`, 'see its message above');
  };
  await inParallel(stale, ({ source, object }) =>
    writeAtomically(object, async (aside) => {
      const { stderr } = await compile(compiler, [...flags, '-c', source, '-o', aside]).catch(
        failed,
      );
      if (stderr) process.stderr.write(stderr); // warnings
    }),
  );
  await writeAtomically(library, (aside) =>
    compile(compiler, [
      ...flags,
      ...list.map(({ object }) => object),
      ...LINK_FLAGS,
      '-o',
      aside,
    ]).catch(failed),
  );

  /** @type {BuildInfo} */
  const info = {
    hash,
    compiler: compiler.command,
    version: compiler.version,
    flags,
    instructionSet: instructionSet(macros),
    cpu,
    date: new Date().toISOString(),
  };
  await writeAtomically(infoFile, (aside) =>
    writeFileSync(aside, `${JSON.stringify(info, null, 2)}\n`),
  );
  removeOldObjects(list.map(({ object }) => basename(object)));
  console.log(
    `kernels: ${compiler.version}, ${info.instructionSet}, ${stale.length} of ${list.length} files compiled`,
  );
}

/**
 * Removes objects that are no longer used, but for recent ones: another build may be linking them.
 * @param {string[]} current
 */
function removeOldObjects(current) {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(objects).filter((name) => !current.includes(name))) {
    const path = join(objects, name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? hourAgo) < hourAgo) {
      rmSync(path, { force: true });
    }
  }
}

const check = process.argv.includes('--check');
const strict = check || process.argv.includes('--strict');
try {
  if (check) await checkWarnings();
  else await build({ force: process.argv.includes('--force') });
} catch (error) {
  const remedy = error instanceof BuildError ? error.remedy : 'see the message';
  const problem = error instanceof Error ? error.message : String(error);
  const isInstalled = /[\\/]node_modules[\\/]/.test(sources);
  const again = isInstalled ? 'npm rebuild nanogpt' : 'npm run build:kernels';
  console.error(
    check
      ? `nanogpt: ${problem}.`
      : `nanogpt: native kernels not built (${problem}), so training runs in WebAssembly; native ones ` +
          `are two to four times as fast: ${remedy}, then \`${again}\`.`,
  );
  process.exitCode = strict ? 1 : 0;
}
