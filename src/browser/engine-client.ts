/** A page's side of the engine. */
import { Emitter } from '../util/emitter.js';
import { UserError } from '../util/errors.js';
import type { PageWorker } from './platform.js';
import type { EngineCalls, EngineEvents, EngineMessage } from './protocol.js';

/**
 * Talks to the engine in a worker (`nanogpt/browser/worker`).
 *
 * ```ts
 * const engine = new EngineClient(new Worker(new URL('nanogpt/browser/worker', import.meta.url), { type: 'module' }));
 * await engine.call('init', { kernels: new URL('./kernels/', location.href).href });
 * engine.on('progress', ({ step, loss }) => …);
 * await engine.call('start', { model: 'mlp', preset: 'chars', set: [], given: { name: 'mine', text } });
 * ```
 */
export class EngineClient extends Emitter<EngineEvents> {
  readonly #worker: PageWorker;
  #last = 0;
  readonly #waiting = new Map<
    number,
    { resolve: (answer: never) => void; reject: (error: Error) => void }
  >();

  /** @param worker a `Worker`; it is the client's from now on. */
  constructor(worker: unknown) {
    super();
    this.#worker = worker as PageWorker;
    this.#worker.onmessage = ({ data }) => this.#hear(data as EngineMessage);
    this.#worker.onerror = ({ message = 'it does not load' }) => {
      const error = new Error(`the engine's worker failed: ${message}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      this.emit('failed', error.message);
    };
  }

  /** Asks the engine for something. @throws UserError with the engine's words. */
  call<K extends keyof EngineCalls>(
    call: K,
    ...[given]: Parameters<EngineCalls[K]>
  ): Promise<ReturnType<EngineCalls[K]>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, given });
    });
  }

  #hear(message: EngineMessage): void {
    if ('event' in message) {
      this.emit(message.event, ...(message.given as EngineEvents[typeof message.event]));
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('problem' in message) {
      const { problem, isFault } = message;
      waiting?.reject(isFault ? new Error(problem) : new UserError(problem));
    } else waiting?.resolve(message.answer as never);
  }

  /** Ends the worker; what was asked is not answered any more. */
  close(): void {
    this.#worker.terminate();
  }
}
