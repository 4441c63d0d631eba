/** Wording for names that do not exist. */
import { closest, distance } from 'fastest-levenshtein';

/**
 * ` Did you mean "relu"? Valid names: relu, tanh.`: the end of a sentence about an unknown name. The
 * question is left out where nothing comes near.
 */
export function nearestHint(name: string, valid: readonly string[]): string {
  const all = ` Valid names: ${valid.join(', ')}.`;
  if (valid.length === 0) return '';
  const near = closest(name, valid);
  const isNear = distance(name, near) <= Math.max(2, near.length / 2);
  return isNear ? ` Did you mean "${near}"?${all}` : all;
}
