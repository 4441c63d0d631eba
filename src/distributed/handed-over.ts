/** Tensors on their way to every other rank, while each goes on with its work. */
import { empty, type Tensor, withBackend } from '../tensor/index.js';
import { type MpiLibrary, type Pending, SLOTS } from './mpi-library.js';
import { requireNative } from './native.js';

const BYTES = 4;

/** A place for what is on its way to every rank, and the exchanges that are not over. */
interface Slot {
  given: Tensor | null;
  readonly pending: Map<number, Pending>;
}

/**
 * Who has what it wants goes on, and does not wait for others to take what it gave: that lies in memory of its own until they have.
 * So one rank may be behind the other by as long as they work between beginning and end, and neither waits. A slot is used again
 * when all others have been, and what was in it has long been taken.
 */
export class HandedOver {
  readonly #mpi: MpiLibrary;
  readonly #wait: (peer: number, isDone: () => boolean) => void;
  readonly #slots = Array.from(
    { length: SLOTS },
    (): Slot => ({ given: null, pending: new Map() }),
  );
  #next = 0;

  /** @param wait returns once something that depends on a rank is done. */
  constructor(mpi: MpiLibrary, wait: (peer: number, isDone: () => boolean) => void) {
    this.#mpi = mpi;
    this.#wait = wait;
  }

  begin(given: readonly Tensor[], wanted: readonly Tensor[]): () => void {
    const { rank, size } = this.#mpi;
    const peers = Array.from({ length: size }, (_, peer) => peer).filter((peer) => peer !== rank);
    const number = this.#next;
    const slot = this.#slots[number]!;
    this.#next = (number + 1) % SLOTS;
    for (const peer of peers) this.#finish(slot, peer);
    const { pointer, numel } = packed(slot, given);
    for (const peer of peers) {
      const to = wanted[peer]!;
      const places = { from: pointer as number, to: to.pointer as number };
      const exchange = { peer, sent: BYTES * numel, received: BYTES * to.numel, ...places };
      slot.pending.set(peer, this.#mpi.beginInSlot(exchange, number));
    }
    return () => {
      for (const peer of peers) {
        const pending = slot.pending.get(peer);
        if (pending) this.#wait(peer, () => this.#mpi.hasReceived(pending));
        wanted[peer]!.storage.touch();
      }
    };
  }

  /** Waits until a rank has taken all that it was given. */
  finish(peer: number): void {
    for (const slot of this.#slots) this.#finish(slot, peer);
  }

  #finish({ pending }: Slot, peer: number): void {
    const exchange = pending.get(peer);
    if (!exchange) return;
    this.#wait(peer, () => this.#mpi.isDone(exchange));
    pending.delete(peer);
  }
}

/** Tensors one after the other, in the slot's place. */
function packed(slot: Slot, tensors: readonly Tensor[]): Tensor {
  const total = tensors.reduce((sum, { numel }) => sum + numel, 0);
  if (!slot.given || slot.given.numel < total) {
    slot.given?.dispose();
    slot.given = withBackend(requireNative(), () => empty([total]).retain());
  }
  let at = 0;
  for (const { backend, pointer, numel } of tensors) {
    backend.copy(slot.given.alias([numel], at).pointer, pointer, 'float32', numel);
    at += numel;
  }
  return slot.given.alias([total]);
}
