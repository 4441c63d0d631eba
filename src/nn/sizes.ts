/** Checks of what layers are made with. */
import { checkFunction, checkOptions, checkWhole } from '../util/check.js';

/** @throws UserError unless `value` is a whole number of at least 1. */
export function checkSize(layer: string, name: string, value: number): void {
  checkWhole(layer, name, value, 1);
}

/**
 * The options of a layer, or none.
 *
 * @throws UserError unless they are an object whose initialisers, where it has any, are functions.
 */
export function checkLayerOptions<T extends object>(layer: string, options: T | undefined): T {
  const given = checkOptions(layer, options) as T & { init?: unknown; biasInit?: unknown };
  for (const name of ['init', 'biasInit'] as const) {
    if (given[name] !== undefined) checkFunction(layer, name, given[name]);
  }
  return given;
}
