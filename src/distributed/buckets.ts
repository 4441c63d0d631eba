/** Many small tensors as one, so that they travel in one message. */
import type { Tensor } from '../tensor/index.js';

/** Elements from which a tensor is a message of its own: copying it would cost more than a message. */
const LARGE = 1 << 15;

/**
 * Copies small tensors beside each other into one, which lives as long as they keep their sizes. What is
 * summed is the same number by number, in a bucket or not.
 */
export class Buckets {
  #bucket: Tensor | null = null;
  #small: readonly Tensor[] = [];

  /** The tensors to sum in place of those given: the large ones, and a bucket of the rest. */
  fill(tensors: readonly Tensor[]): Tensor[] {
    const large = tensors.filter(({ numel }) => numel >= LARGE);
    this.#small = tensors.filter(({ numel }) => numel > 0 && numel < LARGE);
    if (this.#small.length < 2) return [...large, ...this.#small];
    const total = this.#small.reduce((sum, { numel }) => sum + numel, 0);
    if (this.#bucket === null || this.#bucket.numel !== total) {
      this.#bucket?.dispose();
      this.#bucket = this.#small[0]!.empty([total]).retain();
    }
    this.#copy((bucket, tensor, count) =>
      tensor.backend.copy(bucket, tensor.pointer, 'float32', count),
    );
    return [...large, this.#bucket];
  }

  /** Copies the sums back. */
  empty(): void {
    if (this.#small.length >= 2) {
      this.#copy((bucket, tensor, count) => {
        tensor.backend.copy(tensor.pointer, bucket, 'float32', count);
        tensor.storage.touch();
      });
    }
    this.#small = [];
  }

  #copy(move: (bucket: unknown, tensor: Tensor, count: number) => void): void {
    let offset = 0;
    for (const tensor of this.#small) {
      move(this.#bucket!.alias([tensor.numel], offset).pointer, tensor, tensor.numel);
      offset += tensor.numel;
    }
  }
}
