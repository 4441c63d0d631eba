import { describe, expect, it } from 'vitest';
import { crc32c, eventFile } from './tfevents.js';

describe('crc32c', () => {
  it('gives the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });
});

describe('eventFile', () => {
  const bytes = (...values: Parameters<typeof eventFile>[1] extends Iterable<infer S> ? S[] : []) =>
    [...eventFile(1.5, values)].map((piece) => Buffer.from(piece).toString('hex'));

  it('begins with the version, as TensorFlow writes it', () => {
    // Length 24, its masked checksum, wall_time, file_version, their masked checksum: read by TensorBoard 2.21's own reader.
    expect(bytes()).toEqual(
      ['1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a32'].map((start) =>
        expect.stringMatching(new RegExp(`^${start}[0-9a-f]{8}$`)),
      ),
    );
  });

  it('writes a scalar, 0 as well, a histogram and a text by the field numbers of the format', () => {
    const one = (value: Parameters<typeof bytes>[0]['values'][number]) =>
      bytes({ step: 3, wallTime: 2, values: [value] })[1].slice(24, -8);
    const head = '090000000000000040' + '1003'; // wall_time 2, step 3
    expect(one({ tag: 'a', scalar: 0 })).toBe(`${head}2a0a0a080a016115${'00000000'}`);
    expect(one({ tag: 'a', scalar: 1 })).toBe(`${head}2a0a0a080a016115${'0000803f'}`);
    const histogram = {
      ...{ min: 0, max: 1, num: 1, sum: 0, sumSquares: 0, bucketLimit: [1], bucket: [1] },
    };
    expect(one({ tag: 'a', histogram })).toContain('3208000000000000f03f' + '3a08000000000000f03f');
    const text = one({ tag: 'a', text: 'hi' });
    expect(text).toContain('42026869'); // string_val
    expect(text).toContain('0a060a0474657874'); // the plug-in's name
  });

  it('leaves out steps without values', () => {
    expect(bytes({ step: 1, wallTime: 1, values: [] })).toHaveLength(1);
  });
});
