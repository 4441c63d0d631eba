/**
 * The compiled kernels as JavaScript functions: where the library is, what it must offer, and what to
 * say when it cannot be had. The only place that uses the foreign-function interface.
 *
 * Pointers pass as numbers (int64_t): an address is below 2⁵³, and koffi hands a number on in about
 * 10 ns, where a pointer object or a typed array costs more.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import koffi, { type LibraryHandle } from 'koffi';

/** The library's interface that this file was written for: NANOGPT_ABI of kernels/kernels.h. */
const ABI = 3;

const MEND = 'run `npm run build:kernels`';

// Argument types, in letters: p address, n int64_t, i int, d double, f float, a host array, s string.
const C_TYPES = {
  p: 'int64_t',
  n: 'int64_t',
  i: 'int',
  d: 'double',
  f: 'float',
  a: 'void *',
  s: 'const char *',
  v: 'void',
} as const;

/** Result and arguments of every function, in the order of kernels/kernels.h. */
const SIGNATURES = {
  memory_alloc: ['p', 'n'],
  memory_free: ['i', 'p'],
  memory_trim: ['n', ''],
  memory_limit: ['v', 'n'],
  memory_report: ['v', 'a'],
  memory_address: ['p', 'a'],
  copy_in: ['v', 'pan'],
  copy_out: ['v', 'pan'],
  fill_words: ['v', 'pnn'],
  copy_words: ['v', 'ppn'],
  copy_strided: ['v', 'ppiai'],
  unary_forward: ['v', 'ippnf'],
  unary_backward: ['v', 'ippppnf'],
  binary_forward: ['v', 'ipppn'],
  binary_strided: ['v', 'ipppia'],
  affine_forward: ['v', 'ppnff'],
  add_scaled: ['v', 'ppnf'],
  scale_by: ['v', 'pppn'],
  random_uniform: ['v', 'pnddddd'],
  random_normal: ['v', 'pnddddd'],
  dropout_forward: ['v', 'ppndddd'],
  reduce_middle: ['v', 'ippnnn'],
  variance_middle: ['v', 'pppnnnd'],
  max_backward: ['v', 'ppppnnn'],
  sum_of_squares: ['d', 'pn'],
  first_non_finite: ['n', 'pn'],
  histogram_count: ['v', 'ppnddn'],
  topk_rows: ['v', 'pppnnn'],
  softmax_forward: ['v', 'ppnni'],
  softmax_backward: ['v', 'pppnni'],
  cross_entropy_forward: ['n', 'pppnpnndn'],
  mean_loss: ['v', 'pppnn'],
  cross_entropy_backward: ['v', 'ppnppnnnndnpp'],
  layernorm_forward: ['v', 'ppppppnndi'],
  layernorm_backward: ['v', 'ppppppppnni'],
  batchnorm_forward: ['v', 'ppppppnnndi'],
  batchnorm_backward: ['v', 'ppppppppnnndi'],
  gather_rows: ['n', 'pppnnn'],
  sum_rows_by_id: ['n', 'ppppnn'],
  add_rows: ['v', 'pppnn'],
  sgd_step: ['v', 'andddii'],
  adamw_step: ['v', 'anddddd'],
  gradient_sum_of_squares: ['d', 'an'],
  matmul: ['v', 'ppppnnnnnniifinnnn'],
  matmul_use_blas: ['i', 's'],
  parallel_set_threads: ['i', 'i'],
  parallel_threads: ['i', ''],
} as const;

type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;
type Argument = number | HostArray | string;

/** Each function of the library. Results are numbers (undefined where C returns nothing). */
export type NativeLibrary = Record<keyof typeof SIGNATURES, (...values: Argument[]) => number> & {
  /** What computes matrix products: "nanogpt", "Accelerate", or the path of a BLAS. */
  matmul_engine(): string;
};

/** Why the library cannot be used, and what mends it: one line. */
export class NativeProblem extends Error {}

/** build/kernels/, beside src/ and dist/ alike. */
const folder = new URL('../../build/kernels/', import.meta.url);
const libraryPath = fileURLToPath(
  new URL(process.platform === 'darwin' ? 'libnanogpt.dylib' : 'libnanogpt.so', folder),
);

/** A library built for another processor would end the process with an illegal instruction. */
function checkMachine(): void {
  let builtFor: unknown;
  try {
    builtFor = JSON.parse(readFileSync(new URL('build-info.json', folder), 'utf8')).cpu;
  } catch {
    return; // built by hand: whoever did that knows for what
  }
  const cpu = cpus()[0]?.model ?? 'unknown';
  if (typeof builtFor === 'string' && builtFor !== cpu) {
    throw new NativeProblem(
      `the native kernels were built for another processor (${builtFor}; this one is ${cpu}): ${MEND}`,
    );
  }
}

/**
 * Loads the library and declares every function.
 *
 * @throws NativeProblem when it is not built, not for this machine, or not of these sources.
 */
export function loadLibrary(): NativeLibrary {
  if (!existsSync(libraryPath)) {
    throw new NativeProblem(
      `the native kernels are not built (no ${libraryPath}): install a C compiler (gcc or clang) and ${MEND}`,
    );
  }
  checkMachine();
  let library: LibraryHandle;
  try {
    library = koffi.load(libraryPath);
  } catch (cause) {
    throw new NativeProblem(
      `the native kernels do not load (${String((cause as Error).message)}): ${MEND} on this machine`,
      { cause },
    );
  }
  try {
    const abi = library.func('nanogpt_abi', 'int', [])();
    if (abi !== ABI) throw new Error(`its interface is number ${abi}, expected ${ABI}`);
    const declare = (name: string, result: keyof typeof C_TYPES, letters: string) =>
      library.func(
        name,
        C_TYPES[result],
        [...letters].map((letter) => C_TYPES[letter as keyof typeof C_TYPES]),
      );
    const functions = Object.entries(SIGNATURES).map(([name, [result, letters]]) => [
      name,
      declare(name, result, letters),
    ]);
    return {
      ...Object.fromEntries(functions),
      matmul_engine: declare('matmul_engine', 's', ''),
    } as NativeLibrary;
  } catch (cause) {
    throw new NativeProblem(
      `the native kernels were built from other sources (${String((cause as Error).message)}): ${MEND}`,
      { cause },
    );
  }
}
