/// <reference lib="esnext.disposable" preserve="true" />
// The line above stays in the declarations, for programs whose settings know no `using`.
/**
 * Memory. Every tensor's numbers live in a `Storage`. One that is made in a scope is given back to the
 * backend's pool when the scope closes; nothing that a training step makes waits for the garbage
 * collector. One that is made outside any scope (at a prompt, in a loop that knows of no scopes) lies
 * in memory that the collector counts and frees, in the middle of synchronous code too. Parameters and
 * optimizer state are retained: in the pool, until their owner frees them.
 */
import type { Backend, DType } from '../backend/backend.js';
import { checkFunction } from '../util/check.js';
import { UserError } from '../util/errors.js';

/** Goes up with every change in place, so that "changed since" is one comparison. */
let changes = 0;

/** The number of the last change in place to any storage. */
export function lastChange(): number {
  return changes;
}

/** A block of a backend's memory, shared by all tensors that are views of it. */
export class Storage {
  /** How many gradients on their way through `backward()` still need it. */
  holds = 0;
  /** The number of its last change in place: see `lastChange`. */
  changed = 0;
  private freed = false;
  /** Whether the finalizers know it. */
  private watched = false;

  constructor(
    readonly backend: Backend,
    /** Where it lies now. It moves when it is retained, or leaves its last scope. */
    public pointer: unknown,
    readonly dtype: DType,
    readonly count: number,
    /** The scope that will free it, if any. */
    public scope: Scope | null,
    /** What keeps its memory, where that is the garbage collector's; null in the pool. */
    public owner: object | null = null,
  ) {}

  get isFreed(): boolean {
    return this.freed;
  }

  /** To be called after every change in place, so that a backward which still needs the old values can tell. */
  touch(): void {
    this.changed = ++changes;
  }

  /** Gives the memory back. Freeing twice does nothing. */
  free(): void {
    if (this.end()) this.backend.free(this.pointer);
  }

  /** Ends its life. Whether its memory is the pool's, and the caller must give it back. */
  end(): boolean {
    if (this.freed) return false;
    this.freed = true;
    this.scope = null;
    if (this.owner) {
      this.owner = null;
      return false;
    }
    if (this.watched) this.unwatch();
    return true;
  }

  /**
   * Makes it outlive its scope, in the backend's pool. From now on its owner frees it (or, when nobody
   * can reach it any more and the event loop turns, the collector).
   */
  retain(): void {
    if (this.freed || !(this.owner || this.scope)) return;
    this.moveToPool();
    this.scope = null;
    this.leaveToFinalizer();
  }

  /** Makes it live where `other` does: in its scope, with the collector, or until its owner calls `free` or `leave`. */
  follow(other: Storage): void {
    if (this.freed || this === other) return;
    if (other.scope) {
      if (this.scope !== other.scope) other.scope.adopt(this);
    } else if (other.owner) {
      this.leaveToCollector();
    } else {
      this.moveToPool();
      this.scope = null;
      this.unwatch();
    }
  }

  /** Its owner lets go of it, but others may still hold it: the scope at hand takes it, or the collector. */
  leave(): void {
    if (this.freed || this.scope) return;
    const scope = currentScope();
    if (scope) scope.adopt(this);
    else this.leaveToCollector();
  }

  /** Moves it to where the collector frees it in time, be it in the middle of synchronous code. */
  leaveToCollector(): void {
    if (this.freed || this.owner) return;
    const collected = this.backend.allocCollected(this.dtype, this.count);
    this.scope = null;
    if (collected) this.moveTo(collected.pointer, collected.owner);
    else this.leaveToFinalizer();
  }

  /** A net under what is retained: freed once nobody can reach it and the event loop turns. */
  leaveToFinalizer(): void {
    this.unwatch(); // once is enough
    finalizers.register(this, { backend: this.backend, pointer: this.pointer }, this);
    this.watched = true;
  }

  private unwatch(): void {
    if (this.watched) finalizers.unregister(this);
    this.watched = false;
  }

  private moveToPool(): void {
    if (this.owner) this.moveTo(this.backend.alloc(this.dtype, this.count), null);
  }

  private moveTo(pointer: unknown, owner: object | null): void {
    const { backend, dtype, count } = this;
    if (count > 0) backend.copy(pointer, this.pointer, dtype, count);
    if (!this.owner) {
      this.unwatch();
      backend.free(this.pointer);
    }
    this.pointer = pointer;
    this.owner = owner;
  }
}

/** Retained storages that nobody freed are given back once nobody can reach them: a safety net, not the way. */
const finalizers = new FinalizationRegistry<{ backend: Backend; pointer: unknown }>(
  ({ backend, pointer }) => backend.free(pointer),
);

/**
 * Owners of the collector's memory whose addresses were asked for last. An address is a number, which
 * keeps nothing alive; between the asking and the kernel's call the collector may run. More than any
 * kernel has pointers.
 */
const inUse: (object | null)[] = new Array(32).fill(null);
let lastUsed = 0;

/** Keeps the collector's memory until 32 other addresses were asked for. */
export function keepWhileUsed(owner: object): void {
  lastUsed = (lastUsed + 1) & 31;
  inUse[lastUsed] = owner;
}

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
  private storages: Storage[] = [];
  private closed = false;

  constructor() {
    scopes.push(this);
  }

  adopt(storage: Storage): void {
    storage.scope = this;
    this.storages.push(storage);
  }

  /** Hands a storage of this scope to the enclosing one, or to the collector when there is none. */
  release(storage: Storage): void {
    if (storage.scope !== this) return;
    const parent = scopes[scopes.lastIndexOf(this) - 1];
    if (parent) parent.adopt(storage);
    else storage.leaveToCollector();
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
    freeOf(this, this.storages);
    this.storages = [];
  }
}

/** Frees those of `storages` that are still the scope's: one call for all that one backend has. */
function freeOf(scope: Scope, storages: readonly Storage[]): void {
  let backend: Backend | null = null;
  let pointers: unknown[] = [];
  for (const storage of storages) {
    if (storage.scope !== scope || !storage.end()) continue;
    if (storage.backend !== backend) {
      if (backend) backend.freeAll(pointers);
      backend = storage.backend;
      pointers = [];
    }
    pointers.push(storage.pointer);
  }
  if (backend) backend.freeAll(pointers);
}

/** The innermost open scope, or null. */
export function currentScope(): Scope | null {
  return scopes.length === 0 ? null : scopes[scopes.length - 1];
}

/** Takes memory for `count` elements: of the current scope, or the collector's where there is none. */
export function allocate(backend: Backend, dtype: DType, count: number): Storage {
  const scope = currentScope();
  const collected = scope ? null : backend.allocCollected(dtype, count);
  if (collected) {
    return new Storage(backend, collected.pointer, dtype, count, null, collected.owner);
  }
  const storage = new Storage(backend, backend.alloc(dtype, count), dtype, count, null);
  if (scope) scope.adopt(storage);
  else storage.leaveToFinalizer();
  return storage;
}

/** What has storages, for `scope` to keep: a tensor, and the gradient that it holds. */
interface Stored {
  readonly storage: Storage;
  storages(): Iterable<Storage>;
}

function keep(value: unknown, scope: Scope): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) for (const item of value) keep(item, scope);
  else if ('storage' in value) {
    for (const storage of (value as Stored).storages()) scope.release(storage);
  } else if (Object.getPrototypeOf(value) === Object.prototype) keep(Object.values(value), scope);
}

/**
 * Runs `body` in a scope of its own. Tensors that it returns (one, or arrays and plain objects of them,
 * nested as you like) pass to the enclosing scope; all others that it made are freed.
 *
 * @throws UserError when `body` returns a promise: a scope is for synchronous code.
 */
export function scope<T>(body: () => T): T {
  checkFunction('scope', 'code to run', body);
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
