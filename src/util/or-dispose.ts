/** Freeing what something was to be made from, where it could not be made. */

/** What `make` makes with a resource, which is disposed of where that throws. */
export function orDispose<T extends Disposable, R>(resource: T, make: (resource: T) => R): R {
  try {
    return make(resource);
  } catch (error) {
    resource[Symbol.dispose]();
    throw error;
  }
}
