import { describe, expect, it } from 'vitest';
import { CollectedMemory } from './collected-memory.js';

/** One whose buffers lie at addresses of our own, each a little beside the start of a cache line. */
function laidOut() {
  const owners: Buffer[] = [];
  const memory = new CollectedMemory((owner) => {
    owners.push(owner);
    return owners.length * 2 ** 40 + 16;
  });
  return { memory, owners };
}

describe('memory of the collector', () => {
  it('gives each tensor a stretch of its own, from the start of a cache line, within its buffer', () => {
    const { memory, owners } = laidOut();
    const taken = new Map<object, [from: number, to: number][]>();
    for (let i = 0; i < 1000; i++) {
      const bytes = 4 * (1 + ((i * 7919) % 40_000));
      const { pointer, owner } = memory.alloc(bytes)!;
      expect(pointer % 64).toBe(0);
      const start = (owners.indexOf(owner as Buffer) + 1) * 2 ** 40 + 16;
      expect(pointer).toBeGreaterThanOrEqual(start);
      expect(pointer + bytes).toBeLessThanOrEqual(start + (owner as Buffer).length);
      const beside = taken.get(owner) ?? [];
      for (const [from, to] of beside) expect(pointer >= to || pointer + bytes <= from).toBe(true);
      taken.set(owner, [...beside, [pointer, pointer + bytes]]);
    }
  });

  it('shares a buffer among few, of about the same size', () => {
    const { memory, owners } = laidOut();
    for (const bytes of [4, 64, 1000, 25_600, 65_536]) {
      const before = owners.length;
      for (let i = 0; i < 80; i++) memory.alloc(bytes);
      expect(owners.length - before).toBeGreaterThanOrEqual(10);
      expect(owners.at(-1)!.length).toBeLessThanOrEqual(16 * Math.max(64, bytes) + 64);
    }
    const before = owners.length;
    for (let i = 0; i < 3; i++) memory.alloc(100_000);
    expect(owners.length - before).toBe(3);
  });

  it('says that it has none where a buffer cannot be as large', () => {
    expect(laidOut().memory.alloc(2 ** 53)).toBeNull();
  });
});
