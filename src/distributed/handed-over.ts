/** Tensors on their way to every other rank, while each goes on with its work. */
import { empty, type Tensor, withBackend } from '../tensor/index.js';
import type { MpiLibrary, Pending } from './mpi-library.js';
import { requireNative } from './native.js';

const BYTES = 4;

/**
 * Who has what it wants goes on, and does not wait for others to take what it gave: that lies in memory of its own until they have.
 * So one rank may be behind the other by as long as they work between beginning and end, and neither waits.
 */
export class HandedOver {
  readonly #mpi: MpiLibrary;
  readonly #wait: (peer: number, isDone: () => boolean) => void;
  /** What is on its way to every rank. */
  #given: Tensor | null = null;
  readonly #pending = new Map<number, Pending>();

  /** @param wait returns once something that depends on a rank is done. */
  constructor(mpi: MpiLibrary, wait: (peer: number, isDone: () => boolean) => void) {
    this.#mpi = mpi;
    this.#wait = wait;
  }

  begin(given: readonly Tensor[], wanted: readonly Tensor[]): () => void {
    const { rank, size } = this.#mpi;
    const peers = Array.from({ length: size }, (_, peer) => peer).filter((peer) => peer !== rank);
    for (const peer of peers) this.finish(peer);
    const { pointer, numel } = this.#packed(given);
    for (const peer of peers) {
      const to = wanted[peer]!;
      const places = { from: pointer as number, to: to.pointer as number };
      const exchange = { peer, sent: BYTES * numel, received: BYTES * to.numel, ...places };
      this.#pending.set(peer, this.#mpi.beginEarly(exchange, 0));
    }
    return () => {
      for (const peer of peers) {
        const pending = this.#pending.get(peer);
        if (pending) this.#wait(peer, () => this.#mpi.hasReceived(pending));
        wanted[peer]!.storage.touch();
      }
    };
  }

  /** Waits until a rank has taken what it was given. */
  finish(peer: number): void {
    const pending = this.#pending.get(peer);
    if (!pending) return;
    this.#wait(peer, () => this.#mpi.isDone(pending));
    this.#pending.delete(peer);
  }

  /** Tensors one after the other, in a place of their own. */
  #packed(tensors: readonly Tensor[]): Tensor {
    const total = tensors.reduce((sum, { numel }) => sum + numel, 0);
    if (!this.#given || this.#given.numel < total) {
      this.#given?.dispose();
      this.#given = withBackend(requireNative(), () => empty([total]).retain());
    }
    let at = 0;
    for (const { backend, pointer, numel } of tensors) {
      backend.copy(this.#given.alias([numel], at).pointer, pointer, 'float32', numel);
      at += numel;
    }
    return this.#given.alias([total]);
  }
}
