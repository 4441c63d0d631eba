/**
 * How Node resolves modules while code of the user's own is imported: a bare `nanogpt`, or a subpath of it, is
 * this very install, wherever the importing file lies. Otherwise a second copy beside that file would keep
 * registries of its own, and where there is none the import would fail.
 */

interface Resolved {
  url: string;
}
type Resolve<R> = (specifier: string, context: { parentURL?: string | undefined }) => R;

/** Node's `resolve` hook, for `register` (nextResolve gives a promise) and `registerHooks` (it does not). */
export function resolve<R extends Resolved | Promise<Resolved>>(
  specifier: string,
  context: { parentURL?: string | undefined },
  nextResolve: Resolve<R>,
): R {
  const ours = specifier === 'nanogpt' || specifier.startsWith('nanogpt/');
  // Seen from a file of the package, its own name is the package itself.
  return nextResolve(specifier, ours ? { ...context, parentURL: import.meta.url } : context);
}
