/** Being asked to stop: by Ctrl-C, or by the system's own polite signal. */
import { constants } from 'node:os';

/** A command was stopped by a signal; the message says in what. Not the user's mistake, and no fault. */
export class Interrupted extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

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

/**
 * Does what can be stopped by its signal, for as long as that takes: Ctrl-C then ends it at once.
 *
 * @throws Interrupted when it was stopped, or was to be stopped as it ended.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using interrupt = new Interrupt();
  try {
    const result = await work(interrupt.signal);
    if (interrupt.requested) throw new Error('stopped');
    return result;
  } catch (error) {
    if (!interrupt.requested) throw error;
    throw new Interrupted((error as Error).message, interrupt.exitCode);
  }
}
