/** How much JavaScript's own memory may take. */
import { getHeapStatistics } from 'node:v8';

/** In bytes. */
export function heapLimit(): number {
  return getHeapStatistics().heap_size_limit;
}
