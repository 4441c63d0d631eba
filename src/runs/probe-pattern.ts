/** Choosing tensors by name. */
import { TENSOR_KINDS, type TensorKind } from './tensor-kinds.js';

/** A pattern's parts; undefined for one that makes no sense. */
function partsOf(pattern: string): { kind: string; glob: string } | undefined {
  const at = pattern.indexOf(':');
  const [kind, glob] = at < 0 ? ['*', pattern] : [pattern.slice(0, at), pattern.slice(at + 1)];
  const known = kind === '*' || (TENSOR_KINDS as readonly string[]).includes(kind);
  return known && glob !== '' && !/\s/.test(glob) ? { kind, glob } : undefined;
}

/** Whether `text` is a pattern: see `matchesTensor`. */
export function isPattern(text: string): boolean {
  return partsOf(text) !== undefined;
}

/**
 * Whether one of `patterns` names the tensor. A pattern is a path in which `*` stands for any characters, none and
 * dots among them, and may begin with a kind: `*`, `h.0.*`, `*.weight`, `gradient:hidden.*`. What is no pattern
 * names nothing.
 */
export function matchesTensor(
  patterns: readonly string[],
  kind: TensorKind,
  path: string,
): boolean {
  return patterns.some((pattern) => {
    const parts = partsOf(pattern);
    return (
      parts !== undefined && (parts.kind === '*' || parts.kind === kind) && fits(parts.glob, path)
    );
  });
}

/** Goes back to the last star only, so that no pattern takes long. */
function fits(glob: string, text: string): boolean {
  let [g, t, star, from] = [0, 0, -1, 0];
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++;
      from = t;
    } else if (glob[g] === text[t]) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++from;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}
