/** Wording for names that do not exist. */
import { closest, distance } from 'fastest-levenshtein';

/**
 * ` Did you mean "relu"? Valid names: relu, tanh.`: the end of a sentence about an unknown name. The
 * question is left out where nothing comes near.
 */
export function nearestHint(name: unknown, valid: readonly string[]): string {
  const all = ` Valid names: ${valid.join(', ')}.`;
  if (valid.length === 0) return '';
  if (typeof name !== 'string') return all;
  const near = closest(name, valid);
  const isNear = distance(name, near) <= Math.max(2, near.length / 2);
  return isNear ? ` Did you mean "${near}"?${all}` : all;
}
