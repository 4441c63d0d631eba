import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanLine } from './scan-line.js';

const encoder = new TextEncoder();
const keys = ['step', 'loss', 'lr'].map((key) => encoder.encode(key));

function scan(text: string): number[] | false {
  const bytes = encoder.encode(text);
  const values = new Float64Array(keys.length);
  return scanLine(bytes, 0, bytes.length, keys, values) && [...values];
}

describe('scanLine', () => {
  it('reads numbers as JSON.parse does, to 15 digits', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (step, loss) => {
          const read = scan(JSON.stringify({ type: 'step', loss, step, other: -1e3 }));
          expect(read).not.toBe(false);
          const [a, b, c] = read as number[];
          expect(a).toBe(step === 0 ? 0 : step);
          const error = Math.abs(b! - loss);
          expect(error <= 2e-14 * Math.abs(loss) || error < 1e-300).toBe(true);
          expect(c).toBeNaN();
        },
      ),
    );
  });

  it.each([
    '{"step":1', // cut
    '{"step":1}}',
    '{"step":[1]}',
    '{"step":null}',
    '{"st\\u0065p":1}',
    '{"text":"a\\"b","step":1}',
    '{"step":-}',
    '{"step":1e}',
    '{"step"}',
    '{}',
    '[1]',
    '',
    '{"step":1,}',
  ])('leaves %s to JSON.parse', (text) => {
    expect(scan(text)).toBe(false);
  });
});
