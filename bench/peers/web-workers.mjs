/** The Web's `Worker` in Node, as much of it as jax-js asks for: a classic script's text in a blob, and messages. */
import { resolveObjectURL } from 'node:buffer';
import { Worker as NodeWorker } from 'node:worker_threads';

const PRELUDE = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => self.onmessage({ data }));
`;

class WebWorker {
  onmessage = null;
  onerror = null;
  #started;

  constructor(url) {
    this.#started = resolveObjectURL(url)
      .text()
      .then((text) => {
        const worker = new NodeWorker(PRELUDE + text, { eval: true });
        worker.unref();
        worker.on('message', (data) => this.onmessage?.({ data }));
        worker.on('error', (error) => this.onerror?.(error));
        return worker;
      });
  }

  postMessage(message) {
    this.#started.then((worker) => worker.postMessage(message));
  }
}

/** Lets whoever asks `navigator.hardwareConcurrency` start so many workers. */
export function offerWebWorkers(threads) {
  globalThis.Worker = WebWorker;
  Object.defineProperty(globalThis, 'navigator', {
    value: { hardwareConcurrency: threads },
    configurable: true,
  });
}
