/** Typed events, as Node's EventEmitter has them, and where there is no Node. */

type Listener = (...args: unknown[]) => void;

/** Listeners are called in the order in which they were added; an exception of one reaches who emits. */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners = new Map<keyof Events, Listener[]>();

  on<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): this {
    if (typeof listener !== 'function') {
      throw new TypeError(`on: expected a listener of "${String(event)}" to be a function`);
    }
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener as Listener]);
    return this;
  }

  once<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): this {
    const first = (...args: Events[K]) => {
      this.off(event, first);
      listener(...args);
    };
    return this.on(event, first);
  }

  /** Removes the listener, where it was added more than once, the one that was added last. */
  off<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): this {
    const listeners = this.#listeners.get(event) ?? [];
    const at = listeners.lastIndexOf(listener as Listener);
    if (at >= 0) this.#listeners.set(event, listeners.toSpliced(at, 1));
    return this;
  }

  /** Whether anybody listened. */
  emit<K extends keyof Events>(event: K, ...args: Events[K]): boolean {
    const listeners = this.#listeners.get(event) ?? [];
    for (const listener of listeners) listener(...args); // those of now: changes make a new list
    return listeners.length > 0;
  }

  listenerCount(event: keyof Events): number {
    return this.#listeners.get(event)?.length ?? 0;
  }

  removeAllListeners(event?: keyof Events): this {
    if (event === undefined) this.#listeners.clear();
    else this.#listeners.delete(event);
    return this;
  }
}
