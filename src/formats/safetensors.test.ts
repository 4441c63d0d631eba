import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOrRefused } from '../../test/suites/damage.js';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { Scope, tensor, zeros } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { restoreSafetensors, SafetensorsFile, writeSafetensors } from './safetensors.js';

let folder: ReturnType<typeof temporaryFolder>;
let file: string;
beforeAll(() => {
  folder = temporaryFolder();
  file = path.join(folder.path, 'file.safetensors');
});
afterAll(() => folder[Symbol.dispose]());

/** A file with this header and so many bytes of data. */
function forge(header: string | Uint8Array, dataBytes = 0, length?: bigint): void {
  const text = Buffer.from(header);
  const bytes = Buffer.alloc(8 + text.length + dataBytes);
  bytes.writeBigUInt64LE(length ?? BigInt(text.length));
  text.copy(bytes, 8);
  fs.writeFileSync(file, bytes);
}

function problem(): string {
  try {
    new SafetensorsFile(file).close();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toContain(file);
    return (error as Error).message;
  }
  return 'none';
}

const f32 = (shape: string, offsets: string, dtype = 'F32') =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

const drawn = fc.record({
  shape: fc.array(fc.nat(5), { maxLength: 4 }),
  dtype: fc.constantFrom('float32', 'int32', 'int64'),
  seed: fc.nat(),
});
const named = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), drawn), {
  selector: ([name]) => name,
  maxLength: 6,
});

function make({ shape, dtype, seed }: { shape: number[]; dtype: string; seed: number }) {
  const count = shape.reduce((a, b) => a * b, 1);
  const at = (i: number) => Math.imul(seed + i, 0x9e3779b1) >> 3;
  if (dtype === 'int64') {
    const values = BigInt64Array.from({ length: count }, (_, i) => BigInt(at(i)) << 30n);
    return { shape, values };
  }
  return dtype === 'int32'
    ? tensor(
        Int32Array.from({ length: count }, (_, i) => at(i)),
        { shape },
      )
    : tensor(
        Float32Array.from({ length: count }, (_, i) => at(i) / 7),
        { shape },
      );
}

describe('safetensors', () => {
  it('reads back what was written: any names, shapes, types and metadata', () => {
    const text = fc.string({ unit: 'grapheme' });
    const metadata = fc.dictionary(text, text);
    fc.assert(
      fc.property(named, metadata, (entries, metadata) => {
        using _all = new Scope();
        fc.pre(entries.every(([name]) => name !== '__metadata__' && isWellFormed(name)));
        const sources = entries.map(([name, d]) => [name, make(d)] as const);
        const written = writeSafetensors(file, sources, metadata);
        expect(fs.statSync(file).size).toBe(written.bytes);
        using read = new SafetensorsFile(file);
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect(new Set(read.tensors.keys())).toEqual(new Set(entries.map(([name]) => name)));
        for (const [name, source] of sources) {
          expect(read.tensors.get(name)!.shape).toEqual(source.shape);
          expect(read.read(name)).toEqual('values' in source ? source.values : source.dataSync());
          expect(read.tensors.get(name)!.begin % ('values' in source ? 8 : 4)).toBe(0);
        }
        expect(read.path).toBe(file);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a mask as int32, and fills one from it', () => {
    using _scope = new Scope();
    writeSafetensors(file, [['mask', tensor([true, false, true])]]);
    const stored = new SafetensorsFile(file);
    const mask = zeros([3], 'bool');
    stored.readInto('mask', mask);
    expect([...mask.dataSync()]).toEqual([1, 0, 1]);
    expect(stored.readTensor('mask').dtype).toBe('int32');
    stored.close();
  });

  it('passes tensors larger than its buffer through whole, and NaN and infinity as they are', () => {
    using _all = new Scope();
    const values = Float32Array.from({ length: 2_500_000 }, (_, i) => i / 3);
    values.set([Number.NaN, Infinity, -Infinity, -0], 1_048_574); // across the end of the first buffer
    const source = tensor(values, { shape: [5, 500_000] });
    writeSafetensors(file, [['x', source]]);
    const target = zeros([5, 500_000]);
    restoreSafetensors(file, [['x', target]]);
    expect(Buffer.from(target.dataSync().buffer).equals(Buffer.from(values.buffer))).toBe(true);
  });

  const noPython = spawnSync('python3', ['--version']).status !== 0;
  it.skipIf(noPython)('is read by another implementation, and reads what that wrote', () => {
    using _all = new Scope();
    const script = fileURLToPath(
      new URL('../../test/goldens/safetensors_peer.py', import.meta.url),
    );
    const peer = (...args: string[]) =>
      execFileSync('python3', [script, ...args], { encoding: 'utf8' });
    writeSafetensors(
      file,
      [
        [
          'a.weight',
          tensor([
            [1.5, -2],
            [3, 4],
          ]),
        ],
        ['ids', tensor(Int32Array.of(7, -8, 9))],
        ['empty', zeros([0, 3])],
        ['scalar', tensor([42]).alias([])],
        ['step', { shape: [1], values: BigInt64Array.of(2n ** 40n) }],
      ],
      { format: 'nanogpt', ключ: '"\\' },
    );
    expect(JSON.parse(peer('read', file))).toEqual({
      __metadata__: { format: 'nanogpt', ключ: '"\\' },
      'a.weight': { dtype: 'F32', shape: [2, 2], values: [1.5, -2, 3, 4] },
      ids: { dtype: 'I32', shape: [3], values: [7, -8, 9] },
      empty: { dtype: 'F32', shape: [0, 3], values: [] },
      scalar: { dtype: 'F32', shape: [], values: [42] },
      step: { dtype: 'I64', shape: [1], values: [2 ** 40] },
    });
    peer('write', file);
    using read = new SafetensorsFile(file);
    expect({ ...read.metadata }).toEqual({ by: 'peer' });
    expect(read.read('x')).toEqual(Float32Array.of(0.5, -1, 2));
    expect(read.read('n')).toEqual(BigInt64Array.of(1n, -2n));
    expect([...read.readTensor('i').dataSync()]).toEqual([3, 4]);
  });

  it('refuses names that are taken', () => {
    using _all = new Scope();
    const x = zeros([1]);
    for (const names of [['a', 'a'], ['__metadata__']]) {
      expect(() =>
        writeSafetensors(
          file,
          names.map((name) => [name, x]),
        ),
      ).toThrow(/is taken/);
    }
  });

  it('names everything that does not fit, and then changes nothing', () => {
    using _all = new Scope();
    writeSafetensors(file, [
      ['a', tensor([1, 2])],
      ['b', tensor([3])],
      ['c', tensor([4])],
    ]);
    const a = zeros([2]);
    const b = zeros([2]);
    const into = [
      ['a', a],
      ['b', b],
      ['d', zeros([1])],
    ] as const;
    expect(() => restoreSafetensors(file, into)).toThrow(
      /it lacks d; it has besides c; of another shape or type b: expected \(2\), got \(1\)/,
    );
    expect([...a.dataSync()]).toEqual([0, 0]);
  });
});

function isWellFormed(text: string): boolean {
  return Buffer.from(text, 'utf8').toString('utf8') === text;
}

describe('a hostile safetensors file', () => {
  const cases: [string, () => void, RegExp][] = [
    ['is empty', () => fs.writeFileSync(file, ''), /at least 8 bytes, got 0/],
    ['ends in the length', () => fs.writeFileSync(file, 'abc'), /at least 8 bytes, got 3/],
    ['has no header', () => forge(''), /begin with "\{"/],
    ['claims a header beyond the file', () => forge('{}', 0, 1000n), /does not fit into 10/],
    [
      'claims a header beyond the limit',
      () => forge('{}', 0, 100_000_001n),
      /above the format's limit/,
    ],
    [
      'claims a header of 2^64 - 1 bytes',
      () => forge('{}', 0, 2n ** 64n - 1n),
      /above the format's limit/,
    ],
    ['begins with a space', () => forge(' {}'), /begin with "\{"/],
    ['is not UTF-8', () => forge(Uint8Array.of(0x7b, 0xff, 0x7d)), /UTF-8/],
    ['is not JSON', () => forge('{"a":}'), /expected "\{"/],
    ['has a header that stops', () => forge('{"a":{"dtype":"F32"'), /got its end/],
    ['has more behind its header', () => forge('{} x'), /expected the end/],
    ['has a string that does not end', () => forge('{"a'), /expected a string/],
    ['has a bad escape', () => forge('{"\\x":1}'), /expected a string/],
    [
      'has the same tensor twice',
      () => forge(`{"a":${f32('[1]', '[0,4]')},"\\u0061":${f32('[1]', '[0,4]')}}`, 4),
      /tensor "a" comes twice/,
    ],
    [
      'has the same key twice',
      () => forge('{"a":{"dtype":"F32","dtype":"F32"}}'),
      /key "dtype" comes twice/,
    ],
    ['lacks a key', () => forge('{"a":{"dtype":"F32","shape":[]}}'), /expected "dtype", "shape"/],
    ['has a key too many', () => forge('{"a":{"evil":1}}'), /expected "dtype", "shape" or/],
    [
      'has an unknown type',
      () => forge(`{"a":${f32('[1]', '[0,4]', 'F31')}}`, 4),
      /unknown type "F31"/,
    ],
    [
      'has a type from the prototype',
      () => forge(`{"a":${f32('[1]', '[0,4]', 'toString')}}`, 4),
      /unknown type/,
    ],
    ['has a negative size', () => forge(`{"a":${f32('[-1]', '[0,4]')}}`, 4), /whole number/],
    ['has a fraction as size', () => forge(`{"a":${f32('[1.0]', '[0,4]')}}`, 4), /whole number/],
    ['has an exponent as size', () => forge(`{"a":${f32('[1e0]', '[0,4]')}}`, 4), /whole number/],
    [
      'has a size beyond 2^53',
      () => forge(`{"a":${f32('[9007199254740993]', '[0,4]')}}`, 4),
      /whole number/,
    ],
    [
      'has a product beyond all numbers',
      () => forge(`{"a":${f32(`[${Array(60).fill(9e15).join()}]`, '[0,4]')}}`, 4),
      /takes .* bytes/,
    ],
    [
      'has too many dimensions',
      () => forge(`{"a":${f32(`[${Array(65).fill(1).join()}]`, '[0,4]')}}`, 4),
      /at most 64/,
    ],
    [
      'nests where a number should be',
      () => forge(`{"a":${f32(`${'['.repeat(100_000)}`, '[0,4]')}}`, 4),
      /whole number/,
    ],
    ['has one offset', () => forge(`{"a":${f32('[1]', '[4]')}}`, 4), /two "data_offsets"/],
    ['has its offsets reversed', () => forge(`{"a":${f32('[1]', '[4,0]')}}`, 4), /hold -4/],
    [
      'has offsets that do not match the shape',
      () => forge(`{"a":${f32('[2]', '[0,4]')}}`, 4),
      /takes 8 bytes/,
    ],
    [
      'has a gap',
      () => forge(`{"a":${f32('[1]', '[0,4]')},"b":${f32('[1]', '[8,12]')}}`, 12),
      /tensor "b": leaves a gap/,
    ],
    ['begins with a gap', () => forge(`{"a":${f32('[1]', '[4,8]')}}`, 8), /leaves a gap/],
    [
      'overlaps',
      () => forge(`{"a":${f32('[2]', '[0,8]')},"b":${f32('[2]', '[4,12]')}}`, 12),
      /tensor "b": overlaps/,
    ],
    [
      'is cut short',
      () => forge(`{"a":${f32('[2]', '[0,8]')}}`, 7),
      /cut short.* take 8 bytes, but only 7/,
    ],
    ['has bytes left over', () => forge(`{"a":${f32('[1]', '[0,4]')}}`, 5), /1 bytes at the end/],
    ['has metadata that is no text', () => forge('{"__metadata__":{"a":1}}'), /expected a string/],
    [
      'is a folder',
      () => {
        fs.rmSync(file);
        fs.mkdirSync(file);
      },
      /folder|not a file/,
    ],
    ['is not there', () => fs.rmSync(file, { recursive: true, force: true }), /no such file/],
  ];
  for (const [what, prepare, expected] of cases) {
    it(`is refused when it ${what}`, () => {
      fs.rmSync(file, { recursive: true, force: true });
      fs.writeFileSync(file, '');
      prepare();
      expect(problem()).toMatch(expected);
    });
  }

  it('is refused in bounded memory and time when its header is as large as the format allows', () => {
    const entries = '{'.padEnd(90_000_000, '"":{},');
    forge(entries);
    const before = process.memoryUsage().rss;
    expect(problem()).toMatch(/not valid|expected/);
    expect(process.memoryUsage().rss - before).toBeLessThan(700_000_000);
  });

  it('never does anything but read or say why not, whatever byte is changed', () => {
    using _all = new Scope();
    writeSafetensors(
      file,
      [
        ['a', tensor([1, 2, 3])],
        ['b', tensor([[4], [5]])],
      ],
      { k: 'v' },
    );
    const read = () => {
      using opened = new SafetensorsFile(file);
      for (const name of opened.tensors.keys()) opened.read(name);
    };
    readOrRefused(file, read, { runs: 3000, milliseconds: 5000 });
  });
});
