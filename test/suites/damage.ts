/** Files of a format with bytes changed and ends cut off. */
import fs from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { UserError } from '../../src/util/errors.js';

/**
 * Damages `file` again and again: it must be read, or refused in words, and never do anything else.
 *
 * @param read opens it and reads all of it.
 * @param effort how many times, and for how long.
 */
export function readOrRefused(
  file: string,
  read: () => void,
  effort: { runs: number; milliseconds: number },
): void {
  const good = fs.readFileSync(file);
  const change = fc.record({
    at: fc.nat(good.length - 1),
    byte: fc.nat(255),
    cut: fc.option(fc.nat(good.length), { freq: 4 }),
  });
  let refused = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let bytes = Buffer.from(good);
      for (const { at, byte, cut } of changes) {
        bytes[at % Math.max(1, bytes.length)] = byte;
        if (cut !== null) bytes = bytes.subarray(0, cut);
      }
      fs.writeFileSync(file, bytes);
      try {
        read();
      } catch (error) {
        refused++;
        if (!(error instanceof UserError)) throw error;
      }
    }),
    {
      numRuns: effort.runs,
      interruptAfterTimeLimit: effort.milliseconds,
      markInterruptAsFailure: false,
    },
  );
  expect(refused).toBeGreaterThan(10);
}
