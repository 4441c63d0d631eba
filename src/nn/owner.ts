/** Which module a parameter belongs to. */
import type { Module } from './module.js';

/**
 * The innermost of `modules` (as `namedModules` lists them) that a parameter lies in, '' for the model itself, and
 * the parameter's name there (`weights.0`).
 */
export function ownerOf(
  path: string,
  modules: ReadonlyMap<string, Module>,
): { owner: string; name: string } {
  const parts = path.split('.');
  for (let length = parts.length - 1; length > 0; length--) {
    const owner = parts.slice(0, length).join('.');
    if (modules.has(owner)) return { owner, name: parts.slice(length).join('.') };
  }
  return { owner: '', name: path };
}
