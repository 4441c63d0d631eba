/**
 * Compiles the kernels to WebAssembly: dist/kernels/nanogpt.wasm, and nanogpt-relaxed.wasm for engines that
 * have relaxed SIMD, whose products are made of fused multiply-adds.
 *
 * Done with the package (`npm run build`), by @yowasp/clang, which is LLVM in WebAssembly from npm: the same
 * sources give the same bytes on every machine. Who installs the package needs none of it.
 *
 *     node kernels/wasm/build.mjs            compiles what changed
 *     node kernels/wasm/build.mjs --into X   compiles everything, into the folder X
 *
 * Each source has its own object file in build/wasm/, named by a hash of all that goes into it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { readInterface } from '../interface.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const kernels = fileURLToPath(new URL('..', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const into = process.argv.indexOf('--into');
const [objects, output] =
  into > 0
    ? [join(process.argv[into + 1], 'objects'), process.argv[into + 1]]
    : [join(root, 'build', 'wasm'), join(root, 'dist', 'kernels')];

/** Kept by the native kernels alone. */
const NATIVE_ONLY = ['system.c', 'blas.c'];
/** Where a fused multiply-add makes the speed; everything else is the same in both modules, bits included. */
const RELAXED = ['matmul.c', 'strip.c', 'peak.c'];
const MAX_BYTES = 2 ** 32;
const STACK = 1 << 20;

const FLAGS = [
  '--target=wasm32-wasip1',
  '-I.',
  '-std=c11',
  '-O3',
  '-msimd128',
  '-matomics',
  '-mbulk-memory',
  '-ffp-contract=fast', // as the native kernels; see kernels/build.mjs for these three
  '-fno-math-errno',
  '-fno-trapping-math',
  '-Wall',
  '-Wextra',
  '-Werror',
];
const LINK_FLAGS = [
  '--target=wasm32-wasip1',
  '-nostartfiles', // no main, and nothing to be done before the first call
  '-Wl,--no-entry',
  '-Wl,--import-memory',
  '-Wl,--shared-memory',
  `-Wl,--max-memory=${MAX_BYTES}`,
  '-Wl,--no-check-features', // the C library was built for one thread: ours calls its allocator under a lock
  `-Wl,-z,stack-size=${STACK}`,
  '-Wl,--stack-first', // so that a stack that overflows traps
  '-Wl,--export=__stack_pointer',
  '-Wl,--export=__wasm_init_tls',
  '-Wl,--export=__tls_size',
  '-Wl,--export=__wasm_call_ctors', // else the linker takes each export for a program, and runs these and exit's around it
  '-Wl,--strip-all',
];

/**
 * A call of the compiler: its options, the files that it sees, by their paths, and the one that it makes.
 * @typedef {{ options: string[], files: Record<string, Uint8Array | string>, result: string }} Order
 */

/** Runs the compiler once. @param {Order} order @returns {Promise<Uint8Array>} */
async function clang({ options, files, result }) {
  const { runClang } = await import('@yowasp/clang');
  let complaint = '';
  const decoder = new TextDecoder();
  try {
    await runClang(null, {}, { fetchProgress: () => {} }); // which would be printed
    const made = await runClang(['clang', ...options, '-o', result], treeOf(files), {
      stdout: null,
      stderr: (bytes) => {
        if (bytes) complaint += decoder.decode(bytes, { stream: true });
      },
    });
    return /** @type {Uint8Array} */ (made?.[result]);
  } catch (error) {
    throw new Error(complaint || String(error));
  }
}

/** Files in their folders, of which there is one level. @param {Order['files']} files */
function treeOf(files) {
  /** @type {Record<string, any>} */
  const tree = {};
  for (const [path, content] of Object.entries(files)) {
    const [folder, name] = path.split('/');
    if (name === undefined) tree[path] = content;
    else (tree[folder] ??= {})[name] = content;
  }
  return tree;
}

/** @param {string[]} parts */
const hashOf = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
};

/** The headers and sources, by their paths from kernels/ on. */
function readSources() {
  const names = [...readdirSync(kernels), ...readdirSync(here).map((name) => `wasm/${name}`)];
  const wanted = names.filter((name) => /\.[ch]$/.test(name) && !NATIVE_ONLY.includes(name)).sort();
  return Object.fromEntries(wanted.map((name) => [name, readFileSync(join(kernels, name), 'utf8')]));
}

/**
 * A function for each that JavaScript calls, whose whole numbers of 64 bits are doubles: exact below 2^53, and
 * no BigInt.
 */
function exportsSource() {
  const { functions } = readInterface();
  const lines = ['matmul.h', 'kernels.h', 'parallel.h'].map((name) => `#include "${name}"`);
  const wide = (/** @type {string} */ type) => (type === 'int64_t' ? 'double' : type);
  for (const { name, result, parameters } of functions) {
    const types = parameters.map(({ declared }) => declared);
    if ([result.declared, ...types].some((type) => /^char|^struct product/.test(type))) continue;
    const list = types.map((type, i) => `${wide(type)} x${i}`).join(', ') || 'void';
    const given = types.map((type, i) => (type === 'int64_t' ? `(int64_t)x${i}` : `x${i}`));
    const call = `${result.declared === 'void' ? '' : 'return '}${name}(${given.join(', ')})`;
    lines.push(
      `__attribute__((export_name("${name}"))) ${wide(result.declared)} export_${name}(${list}) { ${call}; }`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Runs the compiler for all of `orders`, in as many threads as there are processors.
 * @param {Order[]} orders
 * @param {(order: Order, bytes: Uint8Array) => void} done
 */
async function runAll(orders, done) {
  const queue = [...orders];
  const worker = () =>
    new Promise((resolve, reject) => {
      const thread = new Worker(new URL(import.meta.url));
      /** @type {Order | undefined} */
      let order;
      const next = () => {
        order = queue.shift();
        if (order) thread.postMessage(order);
        else resolve(thread.terminate());
      };
      thread.on('message', ({ bytes, error }) => {
        if (error) {
          queue.length = 0;
          void thread.terminate();
          return reject(new Error(error));
        }
        done(/** @type {Order} */ (order), bytes);
        next();
      });
      thread.on('error', reject);
      next();
    });
  const count = Math.min(orders.length, availableParallelism());
  await Promise.all(Array.from({ length: count }, worker));
}

/** Writes a file whole or not at all. @param {string} path @param {Uint8Array | string} bytes */
function writeAtomically(path, bytes) {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(aside, bytes);
    renameSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Of the compiler, which is part of what goes into an object file. */
function compilerVersion() {
  const path = new URL('../../node_modules/@yowasp/clang/package.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

async function build() {
  const version = compilerVersion();
  const sources = readSources();
  sources['exports.c'] = exportsSource();
  const headers = Object.fromEntries(Object.entries(sources).filter(([name]) => name.endsWith('.h')));
  const flags = [...FLAGS, `-DNANOGPT_ABI=${readInterface().number}`];
  const key = hashOf(version, ...flags, ...Object.entries(headers).flat());

  /** @param {string} name @param {boolean} relaxed @returns {Order} */
  const orderFor = (name, relaxed) => {
    const options = relaxed ? [...flags, '-mrelaxed-simd'] : flags;
    const result = `${name.replace('/', '-').replace(/\.c$/, '')}-${hashOf(key, ...options, sources[name])}.o`;
    return { options: [...options, '-c', name], files: { ...headers, [name]: sources[name] }, result };
  };
  const names = Object.keys(sources).filter((name) => name.endsWith('.c'));
  const plain = names.map((name) => orderFor(name, false));
  const relaxed = names.map((name) => orderFor(name, RELAXED.includes(name)));
  const modules = [
    { path: join(output, 'nanogpt.wasm'), parts: plain },
    { path: join(output, 'nanogpt-relaxed.wasm'), parts: relaxed },
  ].map(({ path, parts }) => {
    const hash = hashOf(...parts.map(({ result }) => result), ...LINK_FLAGS);
    return { path, parts, linked: join(objects, `linked-${hash}.wasm`) };
  });
  if (modules.every(({ path, linked }) => existsSync(linked) && sameBytes(path, linked))) return;

  mkdirSync(objects, { recursive: true });
  mkdirSync(output, { recursive: true });
  const all = new Map([...plain, ...relaxed].map((order) => [order.result, order]));
  const stale = [...all.values()].filter(({ result }) => !existsSync(join(objects, result)));
  await runAll(stale, ({ result }, bytes) => writeAtomically(join(objects, result), bytes));
  for (const { path, parts, linked } of modules) {
    const files = Object.fromEntries(parts.map(({ result }) => [result, readFileSync(join(objects, result))]));
    const order = { options: [...LINK_FLAGS, ...Object.keys(files)], files, result: 'linked.wasm' };
    await runAll([order], (_, bytes) => writeAtomically(linked, bytes));
    writeAtomically(path, readFileSync(linked));
  }
  removeOthers([...all.keys(), ...modules.map(({ linked }) => basename(linked))]);
  console.log(`kernels: WebAssembly by clang ${version}, ${stale.length} of ${all.size} files compiled`);
}

/** @param {string} a @param {string} b */
const sameBytes = (a, b) => existsSync(a) && readFileSync(a).equals(readFileSync(b));

/** Removes what earlier builds left. @param {string[]} current */
function removeOthers(current) {
  for (const name of readdirSync(objects)) {
    if (!current.includes(name) && !name.endsWith('.tmp')) rmSync(join(objects, name), { force: true });
  }
}

if (isMainThread) {
  await build();
} else {
  parentPort?.on('message', async (/** @type {Order} */ order) => {
    try {
      parentPort?.postMessage({ bytes: await clang(order) });
    } catch (error) {
      parentPort?.postMessage({ error: String(error) });
    }
  });
}
