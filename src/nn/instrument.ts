/** Watching a model from outside: what goes into each module and what comes out. */
import { checkFunction } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { checkModule, type Module } from './module.js';

/** What to call around each module's `forward`. `path` is '' for the model itself. */
export interface Hooks {
  before?(path: string, module: Module, inputs: readonly unknown[]): void;
  /** Not called where `forward` throws. */
  after?(path: string, module: Module, output: unknown, inputs: readonly unknown[]): void;
}

interface Watch {
  readonly path: string;
  readonly hooks: Hooks;
}

interface Wrapped {
  readonly watches: Set<Watch>;
  /** The `forward` that the object itself had, where it did not come from its class. */
  readonly own: PropertyDescriptor | undefined;
}

const wrapped = new WeakMap<Module, Wrapped>();

type Forward = (...inputs: unknown[]) => unknown;

/**
 * Calls hooks around every `forward` within `model` until the function that it returns is called. For
 * probes, and for finding the module where a NaN began. Several may watch one model at once; `before`
 * runs in the order in which they came, `after` in the reverse.
 *
 * Only calls of `forward` are seen: a model that hands a layer's weight to a fused operation (as
 * `linearCrossEntropy`) does not call that layer.
 */
export function instrument(model: Module, hooks: Hooks): () => void {
  checkModule('instrument', model);
  if (typeof hooks !== 'object' || hooks === null) {
    throw new UserError(
      `instrument: expected hooks, an object with before or after, got ${describeValue(hooks)}`,
    );
  }
  const { before, after } = hooks;
  if (before !== undefined) checkFunction('instrument', 'before', before);
  if (after !== undefined) checkFunction('instrument', 'after', after);
  const watches = new Map<Module, Watch>();
  for (const [path, module] of model.namedModules()) {
    const watch = { path, hooks };
    watches.set(module, watch);
    const others = wrapped.get(module);
    if (others) others.watches.add(watch);
    else wrap(module, new Set([watch]));
  }
  return () => {
    for (const [module, watch] of watches) {
      const found = wrapped.get(module);
      if (found?.watches.delete(watch) && found.watches.size === 0) unwrap(module, found);
    }
  };
}

/** An own `forward` hides the class's; without it, the class's is back. */
function wrap(module: Module, watches: Set<Watch>): void {
  wrapped.set(module, { watches, own: Object.getOwnPropertyDescriptor(module, 'forward') });
  const original = module.forward as Forward;
  const forward: Forward = (...inputs) => {
    const now = [...watches];
    for (const { path, hooks } of now) hooks.before?.(path, module, inputs);
    const output = original.apply(module, inputs);
    for (const { path, hooks } of now.reverse()) hooks.after?.(path, module, output, inputs);
    return output;
  };
  Object.defineProperty(module, 'forward', {
    value: forward,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}

function unwrap(module: Module, { own }: Wrapped): void {
  wrapped.delete(module);
  if (own) Object.defineProperty(module, 'forward', own);
  else Reflect.deleteProperty(module, 'forward');
}
