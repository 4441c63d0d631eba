/** Gradients on their way to the first other rank while more of them are being made. */
import { empty, type Tensor, withBackend } from '../tensor/index.js';
import type { MpiLibrary, Pending } from './mpi-library.js';
import { requireNative } from './native.js';
import type { TreeSum } from './tree-sum.js';

const BYTES = 4;

/** A tensor on its way: what the other rank has of this one's half comes to `arrived`. */
interface Early {
  readonly pending: Pending;
  readonly arrived: Tensor;
}

export class EarlyExchanges {
  readonly #mpi: MpiLibrary;
  readonly #tree: TreeSum;
  readonly #begun = new Map<Tensor, Early>();
  /** By number, kept from one time to the next. */
  readonly #places = new Map<number, Tensor>();

  constructor(mpi: MpiLibrary, tree: TreeSum) {
    this.#mpi = mpi;
    this.#tree = tree;
  }

  begin(tensor: Tensor, number: number): void {
    const { mine, theirs } = this.#tree.firstHalves(tensor.numel);
    const count = mine[1] - mine[0];
    let arrived = this.#places.get(number);
    if (arrived?.numel !== count) {
      arrived?.dispose();
      arrived = withBackend(requireNative(), () => empty([count]).retain());
      this.#places.set(number, arrived);
    }
    const exchange = {
      peer: this.#mpi.rank ^ 1,
      from: (tensor.pointer as number) + BYTES * theirs[0],
      sent: BYTES * (theirs[1] - theirs[0]),
      to: arrived.pointer as number,
      received: BYTES * count,
    };
    // Libraries move messages on when they are called, unless the network does it for them.
    for (const { pending } of this.#begun.values()) this.#mpi.isDone(pending);
    this.#begun.set(tensor, { pending: this.#mpi.beginEarly(exchange, number), arrived });
  }

  /** Hands over an exchange that was begun; undefined where none was. */
  take(tensor: Tensor): Early | undefined {
    const early = this.#begun.get(tensor);
    this.#begun.delete(tensor);
    return early;
  }
}
