/**
 * The kernels in WebAssembly as JavaScript functions: an instance of the module on shared memory, and one more
 * in each worker. Nothing here is of Node or of a browser: who has the module's bytes and can start a worker
 * says so in `WasmOptions`.
 */
import { UserError } from '../util/errors.js';
import { type HostArray, INTERFACE, type KernelLibrary } from './kernel-interface.js';
import type { KernelHost, Table } from './kernel-memory.js';
import type { ThreadOrder } from './wasm-thread.js';
import { type WasmMemory, type WasmModule, WebAssembly } from './web-assembly.js';

export interface WasmOptions {
  /** Compiled of dist/kernels/nanogpt.wasm, or of nanogpt-relaxed.wasm where `hasRelaxedSimd()`. */
  readonly module: WasmModule;
  /** Threads, the caller's included; 1 without `startThread`. */
  readonly threads: number;
  /**
   * Starts a worker that calls `runThread` with this order, and must not keep the process alive. Nothing waits for
   * it to begin. Without it there is one thread.
   */
  readonly startThread?: ((order: ThreadOrder) => void) | undefined;
  /** Bytes of memory that may be used. Default: all that WebAssembly can address. */
  readonly memoryLimit?: number | undefined;
}

const PAGE = 65_536;
/** 4 GiB: what an address of 32 bits reaches. */
const MOST_PAGES = 65_536;
/** As wasm/build.mjs has them laid out below the heap. */
const FIRST_PAGES = 64;
/** Of a worker. The kernels' largest frames are some tens of kilobytes. */
const THREAD_STACK = 1 << 18;
/** Kept for what the kernels need to work in, beside what is allocated. */
const RESERVE = 64 << 20;
const MAX_THREADS = 256;
/** In the place of a number of bytes: a worker failed for another reason. */
const FAULT = 2 ** 32 - 1;

/** A module that multiplies and adds with relaxed SIMD, and does nothing else. */
const PROBE = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02,
  0x01, 0x00, 0x0a, 0x10, 0x01, 0x0e, 0x01, 0x01, 0x7b, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd,
  0x85, 0x02, 0x1a, 0x0b,
];

/** Whether this engine has relaxed SIMD, and with it the faster of the two modules. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(PROBE));
}

interface WasmExports extends Omit<KernelHost['library'], 'copy_in' | 'copy_out'> {
  readonly __stack_pointer: { value: number };
  readonly __tls_size: { readonly value: number };
  /** Memory for good, beside what is counted. */
  hostMemory(bytes: number): number;
}

/** Room for `bytes` to be allocated, or for as many as an engine has addresses for. */
function makeMemory(bytes: number): { memory: WasmMemory; limit: number } {
  let maximum = Math.min(MOST_PAGES, Math.ceil((bytes + RESERVE) / PAGE));
  for (;;) {
    try {
      const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared: true });
      return { memory, limit: Math.min(bytes, maximum * PAGE - RESERVE) };
    } catch (error) {
      maximum = Math.floor(maximum / 2);
      if (maximum * PAGE <= RESERVE) throw error;
    }
  }
}

/** Everything that a `KernelBackend` wants. Synchronous, and so is all that the kernels do. */
export function instantiateKernels(options: WasmOptions): KernelHost {
  const { module, startThread, threads: wanted, memoryLimit: allowed = Infinity } = options;
  const { memory, limit } = makeMemory(allowed);
  let c: WasmExports;
  let stackTop = 0;

  const host = {
    outOfMemory(needed: number) {
      c.__stack_pointer.value = stackTop; // the calls that are left took some
      if (needed === FAULT) throw new Error('a kernel failed in one of its threads');
      throw new UserError(
        `out of memory: a kernel needs ${needed} bytes to work in; try a smaller batch or model`,
      );
    },
    startThreads(running: number, count: number): number {
      for (let thread = running + 1; thread <= count; thread++) {
        const tls = (c.__tls_size.value + 63) & ~63;
        const locals = c.hostMemory(tls + THREAD_STACK) >>> 0;
        if (locals === 0) return thread - 1;
        const stack = locals + tls + THREAD_STACK;
        try {
          startThread?.({ module, memory, thread, stack, locals });
        } catch {
          return thread - 1;
        }
      }
      return count;
    },
  };
  const instance = new WebAssembly.Instance(module, { env: { memory }, host });
  c = instance.exports as unknown as WasmExports;
  stackTop = c.__stack_pointer.value;
  if (c.nanogpt_abi() !== INTERFACE) {
    throw new Error(`its interface is number ${c.nanogpt_abi()}, expected ${INTERFACE}`);
  }

  let seen = new Uint8Array(memory.buffer);
  /** The memory up to `end`: an array of it does not grow with it. */
  const upTo = (end: number): Uint8Array => {
    if (end > seen.length) seen = new Uint8Array(memory.buffer);
    return seen;
  };
  const bytesOf = (array: HostArray, count: number): Uint8Array => {
    if (typeof array === 'number') throw new Error('expected an array of the host');
    return new Uint8Array(array.buffer, array.byteOffset, count);
  };
  const most = startThread ? MAX_THREADS : 1;
  const setThreads = (threads: number) =>
    c.parallel_set_threads(Math.min(most, threads < 1 ? wanted : threads));
  setThreads(wanted);

  const library: KernelHost['library'] = {
    ...(c as unknown as KernelLibrary),
    parallel_set_threads: setThreads,
    copy_in(to, from, count) {
      upTo(to + count).set(bytesOf(from, count), to);
    },
    copy_out(from, to, count) {
      bytesOf(to, count).set(upTo(from + count).subarray(from, from + count));
    },
  };
  return {
    library,
    table(length): Table {
      const place = c.hostMemory(8 * length) >>> 0;
      if (place === 0) throw new UserError('out of memory');
      return { values: new Float64Array(memory.buffer, place, length), place };
    },
    memoryLimit: limit,
    limitedBy: limit === allowed ? 'that this machine has' : 'that WebAssembly can address',
    // Memory of the collector's there is none: see `allocCollected`.
    remedy: 'try a smaller batch or model, and a scope in each round of a loop that has none',
  };
}
