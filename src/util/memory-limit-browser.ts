/** Stands in for `memory-limit.ts` in a browser, which does not say how much memory there is. */

/** What an address of 32 bits reaches, in bytes. */
export function memoryLimit(): number {
  return 2 ** 32;
}
