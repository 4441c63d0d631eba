/** Archives that the playground is given: runs, and what somebody made to do harm. */
import { type Zippable, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { folderName, unpack } from '../web/playground/archive.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const zeros = (megabytes: number) => new Uint8Array(megabytes << 20);
const of = (files: Zippable, level: 0 | 1 = 1) => zipSync(files, { level });

/** Where each header of the archive's directory begins. */
function headers(zip: Uint8Array): number[] {
  const view = new DataView(zip.buffer);
  const found: number[] = [];
  for (let at = 0; at + 4 <= zip.length; at++) {
    if (view.getUint32(at, true) === 0x02014b50) found.push(at);
  }
  return found;
}

/** The archive with a number in its last header changed: `at` bytes from the header's beginning. */
function changed(zip: Uint8Array, at: number, value: number, bytes: 2 | 4 = 4): Uint8Array {
  const copy = zip.slice();
  const view = new DataView(copy.buffer);
  const place = headers(copy).at(-1)! + at;
  if (bytes === 4) view.setUint32(place, value, true);
  else view.setUint16(place, value, true);
  return copy;
}
/** In a header of the directory. */
const METHOD = 10;
const COMPRESSED = 20;
const ORIGINAL = 24;
const OFFSET = 42;

const refused = async (zip: Uint8Array, why: RegExp) => {
  const started = performance.now();
  const { message } = await unpack(zip, 'x.zip').then(
    () => new Error('it was unpacked'),
    (error: Error) => error,
  );
  expect(message).toMatch(why);
  expect(message).not.toContain('\n');
  return performance.now() - started;
};

describe('unpack', () => {
  it('gives the files of a run, however they are packed, and passes over folders', async () => {
    const files = {
      'mine/config.json': utf8('{}'),
      'mine/checkpoints/step-000001/model.safetensors': zeros(1).fill(7),
      'mine/empty.txt': new Uint8Array(0),
      'mine/ünd ☃/': new Uint8Array(0),
    };
    const { 'mine/ünd ☃/': _, ...expected } = files;
    for (const level of [0, 1] as const) {
      const unpacked = await unpack(of(files, level), 'x.zip');
      expect([...unpacked.keys()].sort()).toEqual(Object.keys(expected).sort());
      for (const [path, bytes] of Object.entries(expected)) {
        expect(Buffer.compare(unpacked.get(path)!, bytes)).toBe(0);
      }
    }
    expect((await unpack(of({}), 'x.zip')).size).toBe(0);
  });

  it('takes an optimizer’s zeros', async () => {
    const unpacked = await unpack(of({ 'run/optimizer.safetensors': zeros(20) }), 'x.zip');
    expect(unpacked.get('run/optimizer.safetensors')).toHaveLength(20 << 20);
  });

  it('unpacks no bomb: a thousandfold, spread over files, or one content under many names', async () => {
    await refused(of({ 'a/config.json': zeros(80) }), /x\.zip: unpacks to more than 67 MB/);
    const parts = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`a/${i}`, zeros(4)]));
    await refused(of(parts), /unpacks to more than 67 MB/);
    // Every name leads to the same bytes (Fifield 2019, "A better zip bomb").
    const names = Array.from({ length: 9000 }, (_, i) => [`a/${i}`, i === 0 ? zeros(1) : utf8('')]);
    const overlapping = of(Object.fromEntries(names));
    const view = new DataView(overlapping.buffer);
    const [first, ...rest] = headers(overlapping);
    for (const at of rest) {
      for (const field of [COMPRESSED, ORIGINAL, OFFSET]) {
        view.setUint32(at + field, view.getUint32(first! + field, true), true);
      }
      view.setUint16(at + METHOD, view.getUint16(first! + METHOD, true), true);
    }
    await refused(overlapping, /unpacks to more than/);
  });

  it('takes no size on trust', async () => {
    const zip = of({ 'a/1': utf8('x'.repeat(5000)) });
    for (const size of [5001, 60_000_000]) {
      await refused(changed(zip, ORIGINAL, size), /damaged|no archive/);
    }
    // One that is too small cuts the content: no more is ever written than was announced.
    const cut = await unpack(changed(zip, ORIGINAL, 7), 'x.zip');
    expect(cut.get('a/1')).toEqual(utf8('xxxxxxx'));
    await refused(changed(zip, ORIGINAL, 0xffffffff), /unpacks to more than 67 MB/);
    const stored = of({ 'a/1': utf8('x'.repeat(5000)) }, 0);
    await refused(changed(stored, ORIGINAL, 1), /damaged/);
    await refused(changed(stored, COMPRESSED, 4_000_000_000), /damaged/);
    await refused(changed(stored, OFFSET, 4_000_000_000), /damaged|no archive/);
    await refused(changed(zip, METHOD, 14, 2), /no archive that can be read/);
  });

  it('refuses too many files, and a count that lies', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => [`a/${i}`, new Uint8Array(0)]);
    await refused(of(Object.fromEntries(many)), /has more than 10000 files/);
    const zip = of({ 'a/1': utf8('1') });
    const end = zip.length - 22;
    for (const count of [2, 500, 65_535]) {
      const lying = zip.slice();
      new DataView(lying.buffer).setUint16(end + 8, count, true);
      await refused(lying, /x\.zip: /);
    }
  });

  it.each([
    '/etc/passwd',
    '../config.json',
    'a/../../b',
    'a/./b',
    'a//b',
    '..\\b',
    'C:/b',
    'a/\0b',
    '__proto__',
    `a/${'b'.repeat(1000)}`,
  ])('refuses the path %j', async (path) => {
    // Through a header of its own: an object has no key "__proto__".
    const zip = of({ [path.replace('__proto__', '__pr0to__')]: utf8('1') });
    const at = headers(zip)[0]!;
    if (path === '__proto__') zip.set(utf8(path), at + 46);
    await refused(zip, /whose place is outside the run's folder/);
  });

  it('refuses two files of one name', async () => {
    const zip = of({ 'a/1': utf8('1'), 'a/2': utf8('2') });
    zip.set(utf8('a/1'), headers(zip)[1]! + 46);
    await refused(zip, /two files "a\/1"/);
  });

  it('refuses what is cut, or no archive, wherever it is cut', async () => {
    const zip = of({ 'a/1': utf8('x'.repeat(300)), 'a/2': utf8('y') });
    for (let length = 0; length < zip.length; length += 7) {
      await refused(zip.subarray(0, length), /no archive that can be read/);
    }
    await refused(zeros(1), /no archive/);
    await refused(utf8('PK nothing'), /no archive/);
  });

  it('is never at a loss with bytes changed at random', async () => {
    const zip = of({
      'a/config.json': utf8('{"a":1}'.repeat(90)),
      'a/2': zeros(1).subarray(0, 1e5),
    });
    let seed = 1;
    const below = (n: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % n;
    };
    for (let i = 0; i < 500; i++) {
      const broken = zip.slice();
      for (let k = below(4); k >= 0; k--) broken[below(broken.length)] = below(256);
      const outcome = await unpack(broken, 'x.zip').catch((error: Error) => error.message);
      if (typeof outcome === 'string') expect(outcome).toMatch(/^x\.zip: [^\n]+$/);
      else expect([...outcome.keys()].every((path) => !path.includes('..'))).toBe(true);
    }
  });
});

describe('folderName', () => {
  it.each([
    ['mlp-chars-20261130-1200', 'mlp-chars-20261130-1200'],
    ['../../bin', 'bin'],
    ['C:\\x', 'C-x'],
    ['..', 'run'],
    ['', 'run'],
    ['día 7', 'día-7'],
    ['a\nb<script>', 'a-b-script-'],
    ['x'.repeat(500), 'x'.repeat(100)],
  ])('makes of %j a name that stays where it is unpacked', (name, folder) => {
    expect(folderName(name)).toBe(folder);
  });
});
