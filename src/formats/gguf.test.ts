import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOrRefused } from '../../test/suites/damage.js';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { UserError } from '../util/errors.js';
import type { FloatType } from './float-type.js';
import { GgufFile } from './gguf.js';
import { type GgufValue, gguf } from './gguf-types.js';
import { writeGguf } from './gguf-write.js';
import type { TensorToWrite } from './tensor-source.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
beforeAll(() => {
  folder = temporaryFolder();
  file = path.join(folder.path, 'file.gguf');
});
afterAll(() => folder[Symbol.dispose]());

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number | bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string) => Buffer.concat([u64(value.length), Buffer.from(value)]);
const start = (tensors: number | bigint, keys: number | bigint) =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys)]);
const info = (name: string, dims: (number | bigint)[], type: number, offset: number | bigint) =>
  Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]);
/** A file of these parts, and so many bytes of data behind the padding. */
function forge(parts: Buffer[], data = 0): void {
  const header = Buffer.concat(parts);
  const padded = Buffer.alloc(Math.ceil(header.length / 32) * 32 + data);
  header.copy(padded);
  fs.writeFileSync(file, data > 0 ? padded : header);
}
function problem(): string {
  try {
    new GgufFile(file).close();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(file);
    return (error as Error).message;
  }
  return 'none';
}
const floats = (shape: number[], type: FloatType, values: Float32Array): TensorToWrite => ({
  shape,
  type,
  chunks: () => [values],
});

describe('GGUF', () => {
  it('reads back what was written: keys, names, shapes, types and values', () => {
    const values = Float32Array.from({ length: 96 }, (_, i) => i - 40);
    const metadata = new Map<string, GgufValue>([
      ['general.architecture', gguf.string('llama')],
      ['a.count', gguf.u32(4_000_000_000)],
      ['a.rate', gguf.f32(0.5)],
      ['a.flag', gguf.bool(true)],
      ['a.words', gguf.strings(['é', '', '▁the'])],
      ['a.scores', gguf.f32s([-1, 0.25])],
      ['a.types', gguf.i32s([1, -6])],
    ]);
    const tensors = new Map([
      ['x', floats([3, 32], 'F32', values)],
      ['half', floats([96], 'F16', values)],
      ['brain', floats([2, 48], 'BF16', values)],
      ['eighth', floats([3, 32], 'Q8_0', values)],
      ['odd', floats([1, 5], 'F16', values.subarray(0, 5))],
    ]);
    const bytes = writeGguf(file, metadata, tensors);
    expect(fs.statSync(file).size).toBe(bytes);
    using read = new GgufFile(file);
    expect([...read.metadata.keys()]).toEqual([...metadata.keys()]);
    for (const [key, value] of metadata) {
      const found = read.metadata.get(key)!;
      if (value.type !== 'array') expect(found).toEqual(value);
      else expect('values' in found && [...(found.values as string[])]).toEqual(value.values);
    }
    for (const [name, { shape, type }] of tensors) {
      expect(read.tensors.get(name)).toMatchObject({ shape, dtype: type });
      expect(read.tensors.get(name)!.position % 32).toBe(0);
      const count = shape.reduce((a, b) => a * b, 1);
      const all = new Float32Array(count);
      read.readFloats(name, 0, all);
      const worst = all.reduce((most, x, i) => Math.max(most, Math.abs(x - values[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(type === 'Q8_0' ? 0.25 : 0);
      // From the middle of a block on, and over its end.
      const part = new Float32Array(Math.min(3, count));
      read.readFloats(name, count - part.length, part);
      expect([...part]).toEqual([...all.subarray(count - part.length)]);
    }
  });

  it('reads Q8_0 beyond its buffer as in one piece', () => {
    const count = 32 * 70_000;
    const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
    writeGguf(file, new Map(), new Map([['x', floats([count], 'Q8_0', values)]]));
    using read = new GgufFile(file);
    const all = new Float32Array(count);
    read.readFloats('x', 0, all);
    const odd = new Float32Array(count - 45);
    read.readFloats('x', 33, odd);
    expect(odd.every((x, i) => x === all[i + 33])).toBe(true);
    expect(all.every((x, i) => Math.abs(x - values[i]!) < 0.005)).toBe(true);
  });

  it('refuses what it cannot store', () => {
    const write = (name: string, shape: number[], type: FloatType) => () =>
      writeGguf(file, new Map(), new Map([[name, floats(shape, type, new Float32Array(64))]]));
    expect(write('x'.repeat(64), [64], 'F32')).toThrow(/at most 63 bytes/);
    expect(write('x', [2, 31], 'Q8_0')).toThrow(/multiple of 32/);
  });
});

describe('a hostile GGUF file', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['is empty', () => fs.writeFileSync(file, ''), /not a GGUF file/],
    ['is another', () => fs.writeFileSync(file, Buffer.alloc(64)), /not a GGUF file/],
    ['is of version 1', () => forge([Buffer.from('GGUF'), u32(1), u64(0), u64(0)]), /version 1/],
    ['claims 2^64 - 1 keys', () => forge([start(0, 2n ** 64n - 1n)]), /number of keys/],
    ['claims a billion tensors', () => forge([start(1e9, 0)]), /number of tensors/],
    ['claims keys that are not there', () => forge([start(0, 5)]), /cut short, or sizes that lie/],
    [
      'has a key of 2^60 bytes',
      () => forge([start(0, 1), u64(2n ** 60n)]),
      /length of key 0: expected at most 65535/,
    ],
    [
      'has the same key twice',
      () => forge([start(0, 2), text('a'), u32(4), u32(1), text('a'), u32(4), u32(1)]),
      /key "a" comes twice/,
    ],
    [
      'has a value of unknown type',
      () => forge([start(0, 1), text('a'), u32(99)]),
      /unknown type of value 99/,
    ],
    [
      'has an array longer than itself',
      () => forge([start(0, 1), text('a'), u32(9), u32(8), u64(1e15)]),
      /cut short, or sizes that lie/,
    ],
    [
      'nests arrays',
      () => forge([start(0, 1), text('a'), u32(9), u32(9), u64(1)]),
      /array of arrays/,
    ],
    [
      'has a truth of 2',
      () => forge([start(0, 1), text('a'), u32(7), Buffer.of(2)]),
      /true or false/,
    ],
    [
      'has text that is not UTF-8',
      () => forge([start(0, 1), u64(1), Buffer.of(0xff)]),
      /not valid UTF-8/,
    ],
    [
      'has an odd alignment',
      () => forge([start(0, 1), text('general.alignment'), u32(4), u32(24)]),
      /power of 2/,
    ],
    [
      'has the same tensor twice',
      () => forge([start(2, 0), info('a', [1], 0, 0), info('a', [1], 0, 32)], 64),
      /tensor "a" comes twice/,
    ],
    [
      'has a tensor of unknown type',
      () => forge([start(1, 0), info('a', [1], 77, 0)], 32),
      /tensor "a": unknown type 77/,
    ],
    [
      'has a tensor of a type not read here',
      () => forge([start(1, 0), info('a', [256], 12, 0)], 256),
      /tensor "a": type Q4_K; expected one of F32/,
    ],
    [
      'has nine dimensions',
      () => forge([start(1, 0), info('a', Array(9).fill(1), 0, 0)], 32),
      /tensor "a": 9 dimensions/,
    ],
    [
      'has a size beyond 2^53',
      () => forge([start(1, 0), info('a', [2n ** 60n], 0, 0)], 32),
      /dimension of tensor "a"/,
    ],
    [
      'has a product beyond the file',
      () => forge([start(1, 0), info('a', [2 ** 40, 2 ** 40, 2 ** 40], 0, 0)], 32),
      /tensor "a": F32 .* takes .* bytes/,
    ],
    [
      'is cut short',
      () => forge([start(1, 0), info('a', [9], 0, 0)], 32),
      /tensor "a": F32 \(9\) takes 36 bytes/,
    ],
    [
      'has a tensor beyond its end',
      () => forge([start(1, 0), info('a', [1], 0, 2n ** 50n)], 32),
      /tensor "a".*but the file has/,
    ],
    [
      'has a tensor that is not aligned',
      () => forge([start(1, 0), info('a', [1], 0, 4)], 32),
      /that 32 divides/,
    ],
    [
      'overlaps',
      () => forge([start(2, 0), info('a', [16], 0, 0), info('b', [8], 0, 32)], 64),
      /tensor "b": overlaps/,
    ],
    ['has broken blocks', () => forge([start(1, 0), info('a', [33], 8, 0)], 64), /multiple of 32/],
    ['is a folder', () => [fs.rmSync(file), fs.mkdirSync(file)], /folder/],
    ['is not there', () => fs.rmSync(file, { recursive: true }), /no such file/],
  ];
  for (const [what, prepare, expected] of cases) {
    it(`is refused when it ${what}`, () => {
      fs.rmSync(file, { recursive: true, force: true });
      fs.writeFileSync(file, '');
      prepare();
      expect(problem()).toMatch(expected);
    });
  }

  it('is refused in bounded memory when it is one endless list of words', () => {
    const words = 12_000_000;
    forge([start(0, 1), text('a'), u32(9), u32(8), u64(words), Buffer.alloc(words * 8), u64(1e9)]);
    const before = process.memoryUsage().rss;
    expect(problem()).toMatch(/none|header of more/);
    expect(process.memoryUsage().rss - before).toBeLessThan(700_000_000);
  });

  it('never does anything but read or say why not, whatever byte is changed', () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => i);
    const metadata = new Map([
      ['a', gguf.u32(1)],
      ['b', gguf.strings(['x', 'yy'])],
      ['c', gguf.f32s([1, 2])],
    ]);
    const tensors = new Map([
      ['x', floats([2, 32], 'Q8_0', values)],
      ['y', floats([64], 'F16', values)],
    ]);
    writeGguf(file, metadata, tensors);
    const read = () => {
      using opened = new GgufFile(file);
      for (const [name, { shape }] of opened.tensors) {
        opened.readFloats(name, 0, new Float32Array(shape.reduce((a, b) => a * b, 1)));
      }
    };
    readOrRefused(file, read, { runs: 1500, milliseconds: 3000 });
  });
});
