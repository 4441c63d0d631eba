/** Shared libraries of other people's, called as the kernels are: for the one room that needs one, `distributed`. */
import { createRequire } from 'node:module';

/** A function of such a library. Memory is named by its address, or is a typed array for the length of the call. */
export type ForeignFunction = (...values: (number | bigint | string | ArrayBufferView)[]) => number;

/** A shared library that was opened. It stays open to the end of the process. */
export interface ForeignLibrary {
  /** @throws Error when there is no such function. */
  func(name: string, result: string, parameters: readonly string[]): ForeignFunction;
  /** Where an exported variable lies; null when there is none of that name. */
  addressOf(name: string): number | null;
}

/**
 * Opens a library by its path, or by its name where the system finds it.
 *
 * @throws Error as the system words it, when it cannot be opened.
 */
export function openForeign(path: string): ForeignLibrary {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(path);
  return {
    func: (name, result, parameters) => library.func(name, result, [...parameters]),
    addressOf(name) {
      try {
        return Number(koffi.address(library.symbol(name)));
      } catch {
        return null;
      }
    },
  };
}
