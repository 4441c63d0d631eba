/** Stands in for `heap-limit.ts` in a browser, which does not say. */

/** In bytes: what engines give a tab on a machine with 8 GB. */
export function heapLimit(): number {
  return 2 ** 31;
}
