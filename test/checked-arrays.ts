/**
 * A mode of the tests in which no write is lost: typed arrays that throw where one is written outside
 * of them. They are many times slower, so they stand in for the real ones only while `run` runs.
 *
 * What is under test must be imported inside `run`, for arrays that a module makes when it is loaded.
 */
import { createHash } from 'node:crypto';
import { vi } from 'vitest';

const NAMES = [
  'Int8Array',
  'Uint8Array',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
] as const;

/** Functions of the system that take a typed array, and would not know a checked one. */
const NATIVES = [
  [TextEncoder.prototype, 'encodeInto'],
  [TextDecoder.prototype, 'decode'],
  [Buffer, 'from'],
  [createHash('sha256').constructor.prototype, 'update'],
] as unknown as [Record<string, (this: unknown, ...args: unknown[]) => unknown>, string][];

type AnyArray = Record<PropertyKey, unknown> & { length: number };

/** Runs `run` with checked arrays, and modules loaded anew. */
export async function withCheckedArrays<T>(run: () => Promise<T>): Promise<T> {
  const real = new WeakMap<object, object>();
  /** What the system's own functions may be given. */
  const bare = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (real.get(value) ?? value) : value;
  vi.resetModules();
  for (const name of NAMES) vi.stubGlobal(name, checkedClass(globalThis[name] as never, real));
  const restore = NATIVES.map(([owner, name]) => {
    const native = owner[name]!;
    owner[name] = function (...args) {
      return native.apply(this, args.map(bare));
    };
    return () => {
      owner[name] = native;
    };
  });
  try {
    return await run();
  } finally {
    for (const undo of restore) undo();
    vi.unstubAllGlobals();
    vi.resetModules();
  }
}

function checkedClass(
  original: new (...args: unknown[]) => AnyArray,
  real: WeakMap<object, object>,
): unknown {
  const checked = (target: AnyArray): AnyArray => {
    const proxy = new Proxy(target, {
      set(array, key, value) {
        if (typeof key === 'string' && !(Number(key) >= 0 && Number(key) < array.length)) {
          throw new RangeError(`write to ${key} in an array of ${array.length}`);
        }
        array[key] = value;
        return true;
      },
      get(array, key) {
        if (key === 'constructor') return CheckedArray;
        const value = Reflect.get(array, key, array);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const result = value.apply(
            array,
            args.map((arg) => real.get(arg as object) ?? arg),
          );
          return result instanceof original ? checked(result as AnyArray) : result;
        };
      },
    });
    real.set(proxy, target);
    return proxy;
  };
  const CheckedArray = new Proxy(original, {
    construct: (array, args) =>
      checked(new array(...args.map((arg) => real.get(arg as object) ?? arg))),
    get(array, key) {
      const value = Reflect.get(array, key, array);
      if (key !== 'from' && key !== 'of') return value;
      return (...args: unknown[]) =>
        checked((value as (...a: unknown[]) => AnyArray).apply(array, args));
    },
  });
  return CheckedArray;
}
