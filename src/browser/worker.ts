/** The engine's worker: `new Worker(…)` of this file, bundled, is what an `EngineClient` talks to. */
import { UserError } from '../util/errors.js';
import { Engine } from './engine.js';
import type { EngineMessage, Question } from './protocol.js';

const scope = globalThis as unknown as {
  onmessage: ((event: { data: Question }) => void) | null;
  postMessage(message: EngineMessage): void;
};

const engine = new Engine((event, ...given) => scope.postMessage({ event, given }));

scope.onmessage = ({ data: { id, call, given } }) => {
  Promise.resolve()
    .then(() => (engine[call] as (given: unknown) => unknown)(given))
    .then((answer) => scope.postMessage({ id, answer }))
    .catch((error: Error) => {
      const isFault = !(error instanceof UserError);
      const problem = isFault ? `a fault in the engine: ${error.stack ?? error}` : error.message;
      scope.postMessage({ id, problem, isFault });
    });
};
