/**
 * The reference backend: every kernel in plain TypeScript, to be read, and the oracle that the tests
 * hold the fast kernels to.
 *
 * Sums are made in double precision, in the order of the elements, and rounded once when they are
 * stored. It is also what the package falls back on where no C compiler is to be found.
 */
import type { Backend, DType } from './backend.js';
import * as attention from './reference/attention.js';
import * as elementwise from './reference/elementwise.js';
import * as embedding from './reference/embedding.js';
import * as gated from './reference/gated.js';
import * as index from './reference/index.js';
import * as matmul from './reference/matmul.js';
import * as memory from './reference/memory.js';
import * as move from './reference/move.js';
import * as norm from './reference/norm.js';
import * as optim from './reference/optim.js';
import * as random from './reference/random.js';
import * as reduce from './reference/reduce.js';
import * as rotary from './reference/rotary.js';
import * as scan from './reference/scan.js';
import * as select from './reference/select.js';
import * as softmax from './reference/softmax.js';
import * as statistics from './reference/statistics.js';

export type { HostArray } from './reference/memory.js';

type HostArray = memory.HostArray;

/** All kernels but memory's: each file exports what the backend offers, under the same name. */
const kernels = {
  ...random,
  ...matmul,
  ...elementwise,
  ...move,
  ...reduce,
  ...scan,
  ...select,
  ...statistics,
  ...softmax,
  ...attention,
  ...rotary,
  ...gated,
  ...norm,
  ...embedding,
  ...index,
  ...optim,
};

/** A class with them as its methods. */
const Kernels = class {
  constructor() {
    Object.assign(this, kernels);
  }
} as new () => typeof kernels;

export class ReferenceBackend extends Kernels implements Backend<HostArray> {
  readonly name = 'reference';
  readonly #memory: memory.HostMemory;

  /**
   * @param options.precision what stands in float32's place. Default 'float32'; 'float64' is for
   *   finite differences, and for a test's expected values.
   */
  constructor(options: { precision?: memory.Precision } = {}) {
    super();
    this.#memory = new memory.HostMemory(options.precision ?? 'float32');
  }

  get memory() {
    return this.#memory.report();
  }
  alloc(dtype: DType, count: number): HostArray {
    return this.#memory.alloc(dtype, count);
  }
  allocCollected(dtype: 'float32' | 'int32', count: number) {
    return this.#memory.allocCollected(dtype, count);
  }
  free(pointer: HostArray): void {
    this.#memory.free(pointer);
  }
  freeAll(pointers: readonly HostArray[]): void {
    for (const pointer of pointers) this.#memory.free(pointer);
  }
  readonly offset = memory.offset;
  readonly write = memory.write;
  readonly read = memory.read;
  readonly fill = memory.fill;
  readonly copy = memory.copy;

  /** Always 1: JavaScript has the one. */
  readonly threads = 1;
  setThreads(_threads: number): void {}
}
