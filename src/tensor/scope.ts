/**
 * Memory. Every tensor's numbers live in a `Storage`, and every storage belongs to a scope, which
 * gives it back to the backend's pool when it closes. Nothing a training step makes waits for the
 * garbage collector; parameters and optimizer state are retained, that is, belong to no scope.
 */
import type { Backend, DType } from '../backend/backend.js';
import { UserError } from '../util/errors.js';

/** A block of a backend's memory, shared by all tensors that are views of it. */
export class Storage {
  /** How many gradients on their way through `backward()` still need it. */
  holds = 0;
  private freed = false;

  constructor(
    readonly backend: Backend,
    readonly pointer: unknown,
    readonly dtype: DType,
    readonly count: number,
    /** The scope that will free it; null when it is retained or left to `dispose()`. */
    public scope: Scope | null,
  ) {}

  get isFreed(): boolean {
    return this.freed;
  }

  /** Gives the memory back. Freeing twice does nothing. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.scope = null;
    finalizers.unregister(this);
    this.backend.free(this.pointer);
  }

  /** Makes it outlive its scope. From now on its owner frees it (or, when nobody holds it any more, the collector). */
  retain(): void {
    if (this.scope) leaveToCollector(this);
  }

  /** Makes it live as long as `other`: in the scope of that, or, where that has none, until its owner calls `free` or `leave`. */
  follow(other: Storage): void {
    if (this.freed || this.scope === other.scope) return;
    if (other.scope) other.scope.adopt(this);
    else this.scope = null;
  }

  /** Leaves it, whose owner is gone, to the collector. */
  leave(): void {
    if (!this.freed && !this.scope) leaveToCollector(this);
  }
}

/**
 * Storages made outside any scope (at a prompt, in a short script) are given back when the garbage
 * collector finds that nobody can reach their tensors any more: a safety net, not the way.
 */
const finalizers = new FinalizationRegistry<{ backend: Backend; pointer: unknown }>(
  ({ backend, pointer }) => backend.free(pointer),
);

const scopes: Scope[] = [];

/**
 * A span of synchronous code whose tensors are freed together at its end.
 *
 * ```ts
 * {
 *   using step = new Scope();
 *   const loss = model.loss(inputs, targets);
 *   loss.backward();
 * } // loss and all that led to it are freed here
 * ```
 *
 * Scopes nest and close in reverse order. Do not `await` inside one: other code would run in it.
 */
export class Scope {
  private readonly storages: Storage[] = [];
  private closed = false;

  constructor() {
    scopes.push(this);
  }

  adopt(storage: Storage): void {
    storage.scope = this;
    this.storages.push(storage);
  }

  /** Hands a storage of this scope to the enclosing one, or retains it when there is none. */
  release(storage: Storage): void {
    if (storage.scope !== this) return;
    const parent = scopes[scopes.lastIndexOf(this) - 1];
    if (parent) parent.adopt(storage);
    else leaveToCollector(storage);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Frees what belongs to it. Closing twice does nothing. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (scopes[scopes.length - 1] !== this) {
      const at = scopes.indexOf(this);
      if (at >= 0) scopes.splice(at, 1);
    } else {
      scopes.pop();
    }
    for (const storage of this.storages) if (storage.scope === this) storage.free();
    this.storages.length = 0;
  }
}

function leaveToCollector(storage: Storage): void {
  storage.scope = null;
  finalizers.unregister(storage); // once is enough
  finalizers.register(storage, { backend: storage.backend, pointer: storage.pointer }, storage);
}

/** The innermost open scope, or null. */
export function currentScope(): Scope | null {
  return scopes.length === 0 ? null : scopes[scopes.length - 1];
}

/** Takes memory for `count` elements in the current scope. */
export function allocate(backend: Backend, dtype: DType, count: number): Storage {
  const storage = new Storage(backend, backend.alloc(dtype, count), dtype, count, null);
  const scope = currentScope();
  if (scope) scope.adopt(storage);
  else leaveToCollector(storage);
  return storage;
}

/** What has a storage, for `scope` to keep. */
interface Stored {
  readonly storage: Storage;
}

function keep(value: unknown, scope: Scope): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) for (const item of value) keep(item, scope);
  else if ('storage' in value) scope.release((value as Stored).storage);
  else if (Object.getPrototypeOf(value) === Object.prototype) keep(Object.values(value), scope);
}

/**
 * Runs `body` in a scope of its own. Tensors that it returns (one, or arrays and plain objects of them,
 * nested as you like) pass to the enclosing scope; all others that it made are freed.
 *
 * @throws UserError when `body` returns a promise: a scope is for synchronous code.
 */
export function scope<T>(body: () => T): T {
  using inner = new Scope();
  const result = body();
  if (result instanceof Promise) {
    result.catch(() => {}); // What it goes on to do fails, its tensors being freed: this error says why.
    throw new UserError(
      'scope: expected synchronous code, got a promise; read values back after the scope',
    );
  }
  keep(result, inner);
  return result;
}
