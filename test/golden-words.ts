import { crc32 } from 'node:zlib';

/**
 * Pseudo-random 32-bit words by name, as `goldens/words.py` makes them: both sides fill their weights from
 * these, so that the goldens need not hold any.
 */
export function words(name: string, count: number): Uint32Array {
  const seed = crc32(name);
  return Uint32Array.from({ length: count }, (_, i) => {
    let h = Math.imul(i + 1, 2654435761) ^ seed;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  });
}
