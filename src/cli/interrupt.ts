/** Being asked to stop: by Ctrl-C, or by the system's own polite signal. */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type Signal = (typeof SIGNALS)[number];

/**
 * Turns the first signal into a request. From then on the system's own way is back, so that a second
 * Ctrl-C ends the process at once, even in the middle of a kernel.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  #received: Signal | undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#receive);
  }

  readonly #receive = (signal: Signal): void => {
    this[Symbol.dispose]();
    this.request(signal);
  };

  /** As if the signal had come. */
  request(signal: Signal): void {
    this.#received ??= signal;
    this.#controller.abort();
  }

  /** Aborted once a stop was asked for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get requested(): boolean {
    return this.#received !== undefined;
  }

  /** 128 and the signal's number, as shells have it: 130 after Ctrl-C. */
  get exitCode(): number {
    return 128 + constants.signals[this.#received ?? 'SIGINT'];
  }

  /** Listens no longer. */
  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#receive);
  }
}
