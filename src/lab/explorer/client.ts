/** Asking the process that opens models; it is started with the first question, and again after it died. */
import { type ChildProcess, fork } from 'node:child_process';
import { UserError } from '../../util/errors.js';
import type { Reply, Wish } from './messages.js';

/** Questions at once: two samples side by side, for two pages. */
const MOST_ASKED = 8;

interface Asked {
  parts: unknown[];
  isDone: boolean;
  error: Error | undefined;
  wake: () => void;
}

export class Explorer {
  #child: ChildProcess | undefined;
  #next = 1;
  readonly #asked = new Map<number, Asked>();

  /**
   * @param entry the program of the process.
   * @param onFault hears of faults of ours.
   */
  constructor(
    private readonly entry: string,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** The one answer to a question. @throws UserError where it has none. */
  async ask<T>(wish: Wish): Promise<T> {
    let last: T | undefined;
    for await (const part of this.stream<T>(wish)) last = part;
    return last!;
  }

  /**
   * The parts of an answer, as they come; leaving the loop ends the work.
   *
   * @throws UserError when it cannot be answered, or too much is asked at once.
   */
  async *stream<T>(wish: Wish): AsyncGenerator<T, void, undefined> {
    if (this.#asked.size >= MOST_ASKED) {
      throw new UserError(`${MOST_ASKED} questions about models are being answered; wait for one.`);
    }
    const id = this.#next++;
    const asked: Asked = { parts: [], isDone: false, error: undefined, wake: () => {} };
    this.#asked.set(id, asked);
    this.#process().send({ id, wish });
    try {
      for (;;) {
        while (asked.parts.length > 0) yield asked.parts.shift() as T;
        if (asked.error) throw asked.error;
        if (asked.isDone) return;
        await new Promise<void>((resolve) => {
          asked.wake = resolve;
        });
      }
    } finally {
      this.#asked.delete(id);
      if (!asked.isDone && this.#child?.connected) this.#child.send({ id, cancel: true });
    }
  }

  close(): void {
    this.#child?.kill();
  }

  #process(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    const child = fork(this.entry, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (reply: Reply) => this.#take(reply));
    child.on('error', (error) => this.#lost(child, error));
    child.on('exit', (code, signal) => {
      this.#lost(child, new Error(`ended with ${signal ?? code}`));
    });
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }

  #take(reply: Reply): void {
    const asked = this.#asked.get(reply.id);
    if ('fault' in reply && reply.fault) this.onFault(reply.fault);
    if (!asked) return;
    if ('part' in reply) asked.parts.push(reply.part);
    else if ('problem' in reply) {
      asked.error = new UserError(reply.problem);
      asked.isDone = true;
    } else asked.isDone = true;
    asked.wake();
  }

  #lost(child: ChildProcess, cause: Error): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const asked of this.#asked.values()) {
      asked.error = new UserError(
        `the process that opens models is gone (${cause.message}): perhaps it had too little memory.`,
        { cause },
      );
      asked.isDone = true;
      asked.wake();
    }
  }
}
