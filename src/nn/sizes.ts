/** Checks of what layers are made with. */
import { type AllOf, checkFunction, checkOptions, checkWhole } from '../util/check.js';

/** @throws UserError unless `value` is a whole number of at least 1. */
export function checkSize(layer: string, name: string, value: number): void {
  checkWhole(layer, name, value, 1);
}

/**
 * The options of a layer, or none.
 *
 * @throws UserError unless they are an object whose initialisers, where it has any, are functions.
 */
export function checkLayerOptions<
  T extends object,
  const Known extends readonly (keyof T & string)[],
>(layer: string, options: T | undefined, known: Known & AllOf<T, Known>): T {
  const given = checkOptions<T, Known>(layer, options, known) as T & {
    init?: unknown;
    biasInit?: unknown;
  };
  for (const name of ['init', 'biasInit'] as const) {
    if (given[name] !== undefined) checkFunction(layer, name, given[name]);
  }
  return given;
}
