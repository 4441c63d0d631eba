/** Values as they stand in a report. */
import { Module, Tensor } from '../../src/index.js';

/** A call, for a report. */
export function show(value: unknown, depth = 0): string {
  if (value instanceof Tensor) {
    const kind = value.storage.isFreed ? 'freed ' : value.requiresGrad ? 'grad ' : '';
    return `${kind}${value.dtype}(${value.shape.join(',')})`;
  }
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (Array.isArray(value)) {
    return depth > 3 ? '[…]' : `[${value.map((item) => show(item, depth + 1)).join(', ')}]`;
  }
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Map) return `Map${show(Object.fromEntries(value), depth + 1)}`;
  if (value instanceof Module) return value.constructor.name;
  const name = value.constructor?.name ?? 'object';
  if (name !== 'Object' || depth > 3) return name;
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${show(item, depth + 1)}`)
    .join(', ')}}`;
}
