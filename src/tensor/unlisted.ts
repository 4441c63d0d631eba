/**
 * Parameters that no module's walk and no optimizer has met: where one of them gets a gradient and an
 * optimizer takes its step, somebody believes it is trained, and it is not. It stands in a `#private`
 * field, in a variable, or in an object that is no module.
 */
import type { Tensor } from './tensor.js';

// Weak on both sides: a parameter that was dropped is nobody's business.
const refs = new WeakMap<Tensor, WeakRef<Tensor>>();
const unlisted = new Set<WeakRef<Tensor>>();

/** To be called when a tensor becomes a parameter. */
export function expectListed(parameter: Tensor): void {
  if (refs.has(parameter)) return;
  const ref = new WeakRef(parameter);
  refs.set(parameter, ref);
  unlisted.add(ref);
}

/** To be called by whoever lists a parameter. */
export function markListed(parameter: Tensor): void {
  const ref = refs.get(parameter);
  if (ref) unlisted.delete(ref);
}

/** A parameter that nobody lists though it holds a gradient, or null. */
export function unlistedWithGradient(): Tensor | null {
  for (const ref of unlisted) {
    const parameter = ref.deref();
    if (parameter === undefined) unlisted.delete(ref);
    else if (parameter.hasGrad) return parameter;
  }
  return null;
}
