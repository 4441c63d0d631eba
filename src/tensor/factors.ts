/** Gradients of matrices as the two thinner ones that they are the product of, where somebody asks for them so. */
import { product } from './ops/product.js';
import type { Storage } from './scope.js';
import { currentWatcher } from './tape.js';
import type { Tensor } from './tensor.js';

/**
 * The gradient of a weight (m, n) as its factors, what came from above (k, m) and what had come from below (k, n):
 * aᵀ · b. With fewer rows k than m and n those are fewer numbers, and nobody has multiplied them yet.
 */
export class FactorGradient {
  constructor(
    readonly above: Tensor,
    readonly below: Tensor,
  ) {}

  /** Rows of either factor. */
  get rows(): number {
    return this.above.shape[0];
  }

  /** The memory of both. */
  get storages(): readonly Storage[] {
    return [this.above.storage, this.below.storage];
  }

  /** The product, in the scope at hand. */
  inFull(): Tensor {
    const { above, below, rows } = this;
    const [m, n] = [above.shape[1], below.shape[1]];
    const full = above.empty([m, n]);
    product(full, above, below, { m, n, k: rows, transA: true });
    return full;
  }

  free(): void {
    for (const storage of this.storages) storage.free();
  }
}

/** Whether a leaf's gradient, from so many rows, is wanted as factors. */
export type WantsFactors = (weight: Tensor, rows: number) => boolean;

let wants: WantsFactors | null = null;

/** Runs `body`, a forward and its backward, in which gradients that are wanted so may be left as factors. */
export function leavingFactors<T>(wanted: WantsFactors, body: () => T): T {
  const before = wants;
  wants = wanted;
  try {
    return body();
  } finally {
    wants = before;
  }
}

/** For an operation: whether to leave the gradient of `weight` as factors. Not while a watcher wants to see it. */
export function isLeftAsFactors(weight: Tensor, rows: number): boolean {
  return wants !== null && currentWatcher() === null && weight.node === null && wants(weight, rows);
}
