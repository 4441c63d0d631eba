/** The constant 1 that `backward()` starts from, one for each backend. */
import type { Backend } from '../backend/backend.js';
import { Storage } from './scope.js';

const units = new WeakMap<Backend, Storage>();

/** One float32 that holds 1. Not to be written to. */
export function unitStorage(backend: Backend): Storage {
  let unit = units.get(backend);
  if (!unit) {
    unit = new Storage(backend, backend.alloc('float32', 1), 'float32', 1, null);
    backend.fill(unit.pointer, 'float32', 1, 1);
    units.set(backend, unit);
  }
  return unit;
}

/** Whether a gradient is that constant, so that multiplying by it can be left out. */
export function isUnit(gradient: { readonly storage: Storage }): boolean {
  return units.get(gradient.storage.backend) === gradient.storage;
}
