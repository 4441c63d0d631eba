/** Checks of the sizes that layers are made with. */
import { UserError } from '../util/errors.js';

/** @throws UserError unless `value` is a whole number of at least 1. */
export function checkSize(layer: string, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UserError(
      `${layer}: expected ${name} to be a whole number of at least 1, got ${value}`,
    );
  }
}
