/**
 * `Module`: a part of a model, which holds parameters and other modules in plain fields.
 *
 * Nothing need be registered. A module's parameters are found by walking its fields in the order in which
 * the class defines them, and named by the way to them, as in PyTorch: `embedding.weight`,
 * `layers.0.bias`.
 */
import { Tensor } from '../tensor/index.js';
import { markListed } from '../tensor/internal.js';
import { checkOptions } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import type { Shape } from '../util/shape.js';
import { parameter, type Role, roleOf } from './parameter.js';
import { formatModule } from './print.js';
import { type LoadOptions, type LoadResult, loadStateDict } from './state-dict.js';

/** One parameter, for a table. */
export interface ParameterRow {
  /** `layers.0.weight` */
  readonly path: string;
  readonly shape: Shape;
  /** Number of values. */
  readonly count: number;
  /** Whether it gets a gradient. */
  readonly trainable: boolean;
}

/** A module from one tensor to one tensor: what can stand in a `Sequential`. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/**
 * The base of all layers and models. A subclass puts parameters (`parameter(…)`), buffers (`buffer(…)`)
 * and modules in fields, directly or in arrays, plain objects, maps and sets, and defines `forward`.
 *
 * ```ts
 * class Mlp extends Module {
 *   readonly hidden = new Linear(20, 200, { bias: false });
 *   readonly output = new Linear(200, 27);
 *   forward(x: Tensor): Tensor {
 *     return this.output.forward(this.hidden.forward(x).tanh());
 *   }
 * }
 * ```
 *
 * A leaf that requires a gradient and stands in a field is a parameter, whether or not `parameter()`
 * made it one. Fields with a hash (`#weight`) cannot be walked: parameters and modules do not belong
 * there, and an optimizer's step says so when one of them gets a gradient. A field that starts with `_`
 * is walked as any other.
 */
export abstract class Module {
  /** Whether it is being trained: dropout and batch statistics depend on it. Set by `train` and `eval`. */
  training = true;

  /** Computes the output. Each module has arguments of its own. */
  abstract forward(...inputs: never[]): unknown;

  /** All modules by path, itself (path '') first, each before its parts; one that is shared, once. */
  namedModules(): Map<string, Module> {
    const found = new Map<string, Module>();
    walk(this, {
      module(path, module, seen) {
        if (!seen) found.set(path, module);
      },
    });
    return found;
  }

  /** All parameters by path. One that is shared (tied weights) is listed once, where it is met first. */
  namedParameters(): Map<string, Tensor> {
    return this.named('parameter');
  }

  /** All buffers by path, each once. */
  namedBuffers(): Map<string, Tensor> {
    return this.named('buffer');
  }

  /** All parameters, each once: what an optimizer takes. */
  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /**
   * What a checkpoint has to hold: parameters and buffers by path, each once. These are the tensors
   * themselves, not copies: training goes on changing them.
   */
  stateDict(): Map<string, Tensor> {
    return this.named();
  }

  /**
   * Copies values into parameters and buffers by path. Everything is checked first: either all that
   * fits is loaded, or nothing.
   *
   * A tied weight is accepted under any of its paths, as PyTorch saves it.
   *
   * @param options.strict default true: a missing or unexpected key is an error. Otherwise they are
   *   returned. A wrong shape or type is an error either way.
   * @throws UserError that lists everything that does not fit.
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>, options: LoadOptions = {}): LoadResult {
    const aliases = new Map<string, string>();
    const paths = new Map<Tensor, string>();
    walk(this, {
      tensor(path, tensor) {
        const first = paths.get(tensor);
        if (first === undefined) paths.set(tensor, path);
        else aliases.set(path, first);
      },
      aliases: true,
    });
    return loadStateDict(this.stateDict(), aliases, state, options);
  }

  /** Parameters and buffers at every path: one that is shared, at each. */
  namedParametersAndBuffers(): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    walk(this, { tensor: (path, tensor) => found.set(path, tensor), aliases: true });
    return found;
  }

  /** The tree of its parts, with the shapes and numbers of their parameters. */
  toString(): string {
    return formatModule(this);
  }

  /** What `console.log` and the prompt show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return formatModule(this);
  }

  /** Sets `training` in all modules. Returns itself. */
  train(mode = true): this {
    for (const module of this.namedModules().values()) module.training = mode;
    return this;
  }

  /** For evaluation and sampling: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Drops all gradients and gives their memory back. */
  zeroGrad(): void {
    for (const tensor of this.parameters()) tensor.zeroGrad();
  }

  /** Freezes all parameters (`false`) or thaws them. Freezing drops their gradients. Returns itself. */
  requireGrad(requires = true): this {
    for (const tensor of this.parameters()) {
      tensor.requireGrad(requires);
      if (!requires) tensor.zeroGrad();
    }
    return this;
  }

  /** Number of values in all parameters, shared ones counted once. */
  parameterCount(options: { trainable?: boolean } = {}): number {
    const { trainable: only = false } = checkOptions('parameterCount', options, ['trainable']);
    return this.parameterCounts().reduce(
      (total, { count, trainable }) => (only && !trainable ? total : total + count),
      0,
    );
  }

  /** One row for each parameter. */
  parameterCounts(): ParameterRow[] {
    return [...this.namedParameters()].map(([path, tensor]) => ({
      path,
      shape: tensor.shape,
      count: tensor.numel,
      trainable: tensor.requiresGrad,
    }));
  }

  /** Frees parameters, buffers and gradients. The module cannot be used any more. */
  dispose(): void {
    for (const tensor of this.stateDict().values()) {
      tensor.zeroGrad();
      tensor.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private named(role?: Role): Map<string, Tensor> {
    const found = new Map<string, Tensor>();
    walk(this, {
      tensor(path, tensor, seen) {
        if (!seen && (role === undefined || roleOf(tensor) === role)) found.set(path, tensor);
      },
    });
    return found;
  }
}

/** Throws unless `model` is a module. */
export function checkModule(
  operation: string,
  model: unknown,
  what = 'a model',
): asserts model is Module {
  if (model instanceof Module) return;
  throw new UserError(
    `${operation}: expected ${what}, an object of class Module, got ${describeValue(model)}`,
  );
}

/** What `walk` meets. */
interface Visitor {
  module?(path: string, module: Module, seen: boolean): void;
  /** Parameters and buffers only. */
  tensor?(path: string, tensor: Tensor, seen: boolean): unknown;
  /** Go into a shared module at each of its paths, and not at the first alone. */
  aliases?: boolean;
}

/** Visits a module and all that is in its fields, depth first. `seen` says that it was met before. */
function walk(root: Module, visitor: Visitor): void {
  const seen = new Set<object>();
  // What lies on the way from the root: a module that points back to its parent must not be an endless way.
  const open = new Set<object>();

  const visit = (path: string, value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const before = seen.has(value);
    if (value instanceof Tensor) {
      if (roleOf(value) === undefined) {
        if (!value.requiresGrad || value.node) return; // a constant, or the result of a forward
        parameter(value);
      }
      markListed(value);
      visitor.tensor?.(path, value, before);
      seen.add(value);
      return;
    }
    const isModule = value instanceof Module;
    if (!isModule && !isContainer(value)) return;
    if (isModule) visitor.module?.(path, value, before);
    seen.add(value);
    if (open.has(value) || (before && !visitor.aliases)) return;
    open.add(value);
    for (const [key, part] of partsOf(value, path)) {
      visit(path === '' ? key : `${path}.${key}`, part);
    }
    open.delete(value);
  };

  visit('', root);
}

/** What a module or container holds, by name: a map's entries by key, a set's by position. */
function partsOf(value: object, path: string): Iterable<[string, unknown]> {
  if (value instanceof Set) return [...value].map((part, i) => [String(i), part]);
  if (!(value instanceof Map)) return Object.entries(value);
  return [...value].map(([key, part]) => {
    if (typeof key === 'object' && key !== null && part instanceof Object) {
      throw new UserError(
        `${path}: expected a Map of modules and parameters by name, got an object as a key; a parameter's path is made of its keys`,
      );
    }
    return [String(key), part];
  });
}

/** An array, a plain object, a map or a set: what fields may hold modules in. */
function isContainer(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
