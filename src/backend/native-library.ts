/**
 * The compiled kernels as JavaScript functions: where the library is, and what to say when it cannot be
 * had. What it offers is in kernel-interface.ts, generated from its headers. The only place that uses
 * the foreign-function interface.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LibraryHandle } from 'koffi';
import { INTERFACE, type KernelLibrary, SIGNATURES } from './kernel-interface.js';

export type { KernelLibrary };

/** Why the library cannot be used, and how to fix that: one line. */
export class NativeProblem extends Error {}

/** build/kernels/, beside src/ and dist/ alike. */
const folder = new URL('../../build/kernels/', import.meta.url);
const libraryPath = fileURLToPath(
  new URL(process.platform === 'darwin' ? 'libnanogpt.dylib' : 'libnanogpt.so', folder),
);

/** An installed package is built anew by npm, from the project's folder. */
const isInstalled = /[\\/]node_modules[\\/]/.test(libraryPath);
const MEND = `run \`${isInstalled ? 'npm rebuild nanogpt' : 'npm run build:kernels'}\``;

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
export function loadLibrary(): KernelLibrary {
  if (!existsSync(libraryPath)) {
    throw new NativeProblem(
      `the native kernels are not built (no ${libraryPath}): install a C compiler (gcc or clang) and ${MEND}`,
    );
  }
  checkMachine();
  let library: LibraryHandle;
  try {
    // Loaded here and not above: where the kernels are not used it is no use, and it ends the process when the
    // worker thread that loads it is ended at that moment.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    library = koffi.load(libraryPath);
  } catch (cause) {
    throw new NativeProblem(
      `the native kernels do not load (${String((cause as Error).message)}): ${MEND} on this machine`,
      { cause },
    );
  }
  try {
    const number = library.func('nanogpt_abi', 'int', [])();
    if (number !== INTERFACE) {
      throw new Error(`its interface is number ${number}, expected ${INTERFACE}`);
    }
    const functions = Object.entries(SIGNATURES).map(([name, [result, parameters]]) => [
      name,
      library.func(name, result, [...parameters]),
    ]);
    return Object.fromEntries(functions) as KernelLibrary;
  } catch (cause) {
    throw new NativeProblem(
      `the native kernels were built from other sources (${String((cause as Error).message)}): ${MEND}`,
      { cause },
    );
  }
}
