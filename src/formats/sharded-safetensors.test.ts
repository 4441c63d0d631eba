import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { Scope, tensor } from '../tensor/index.js';
import type { FloatType } from './float-type.js';
import { restoreSafetensors, SafetensorsFile, writeSafetensors } from './safetensors.js';
import { ShardedSafetensors } from './sharded-safetensors.js';
import type { TensorToWrite } from './tensor-source.js';

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const at = (name: string) => path.join(folder.path, name);
const INDEX = 'model.safetensors.index.json';
const stored = (type: FloatType, ...values: number[]): TensorToWrite => ({
  shape: [values.length],
  type,
  chunks: () => [Float32Array.from(values)],
});
function index(map: unknown): string {
  fs.writeFileSync(at(INDEX), JSON.stringify({ metadata: {}, weight_map: map }));
  return at(INDEX);
}

describe('floats of 16 bits in safetensors', () => {
  it('are written, and read as float32', () => {
    using _all = new Scope();
    const file = at('halves.safetensors');
    writeSafetensors(file, [
      ['odd', stored('F16', 1, -0.5, 65504)],
      ['brain', stored('BF16', 2, 2 ** 99)],
      ['whole', stored('F32', 0.1, 3)],
    ]);
    using read = new SafetensorsFile(file);
    // The wide one first, so that it is aligned.
    expect([...read.tensors].map(([name, { dtype, begin }]) => [name, dtype, begin])).toEqual([
      ['whole', 'F32', 0],
      ['odd', 'F16', 8],
      ['brain', 'BF16', 14],
    ]);
    expect([...read.read('odd')]).toEqual([1, -0.5, 65504]);
    expect([...read.readTensor('brain').dataSync()]).toEqual([2, 2 ** 99]);
    const part = new Float32Array(2);
    read.readFloats('odd', 1, part);
    expect([...part]).toEqual([-0.5, 65504]);
    const [odd, brain, whole] = [tensor([0, 0, 0]), tensor([0, 0]), tensor([0, 0])];
    restoreSafetensors(file, [
      ['odd', odd],
      ['brain', brain],
      ['whole', whole],
    ]);
    expect([...odd.dataSync()]).toEqual([1, -0.5, 65504]);
  });

  it('are no whole numbers', () => {
    using _all = new Scope();
    const file = at('halves.safetensors');
    writeSafetensors(file, [
      ['x', stored('F16', 1)],
      ['n', tensor(Int32Array.of(1))],
    ]);
    using read = new SafetensorsFile(file);
    expect(() => read.readInto('x', tensor(Int32Array.of(1)))).toThrow(/tensor "x": expected I32/);
    expect(() => read.readFloats('n', 0, new Float32Array(1))).toThrow(/tensor "n" is of type I32/);
    expect(() => writeSafetensors(file, [['q', stored('Q8_0', ...Array(32).fill(1))]])).toThrow(
      /"q": expected F32, F16 or BF16/,
    );
  });
});

describe('sharded safetensors', () => {
  const a = 'model-00001-of-00002.safetensors';
  const b = 'model-00002-of-00002.safetensors';
  beforeEach(() => {
    writeSafetensors(at(a), [
      ['x', stored('F32', 1, 2)],
      ['y', stored('BF16', 3)],
    ]);
    writeSafetensors(at(b), [['z', stored('F16', 4, 5)]]);
  });

  it('are one source', () => {
    using read = new ShardedSafetensors(index({ x: a, z: b, y: a }));
    expect([...read.tensors.keys()]).toEqual(['x', 'z', 'y']);
    const out = new Float32Array(1);
    read.readFloats('z', 1, out);
    expect(out[0]).toBe(5);
    expect(() => read.readFloats('w', 0, out)).toThrow(/has no tensor "w"/);
  });

  const outside = { x: a, y: a, z: '../../model.safetensors' };
  const cases: [string, unknown, RegExp][] = [
    ['is missing', { x: a, y: a, z: 'model-00003.safetensors' }, /model-00003.*no such file/],
    ['lies outside the folder', outside, /tensor "z": expected the name of a .safetensors file/],
    ['is absolute', { ...outside, z: '/etc/x.safetensors' }, /of the same folder, got "\/etc/],
    ['is hidden', { ...outside, z: '.safetensors' }, /expected the name/],
    ['is no text', { ...outside, z: 3 }, /expected the name/],
    ['is of another format', { ...outside, z: 'pytorch_model.bin' }, /expected the name/],
    ['lacks a tensor', { x: a, y: a, z: a }, /has no tensor "z"/],
    ['has one more', { x: a, z: b }, /has a tensor "y" that .* does not say/],
    ['is not named', [], /expected "weight_map"/],
  ];
  for (const [what, map, expected] of cases) {
    it(`are refused when a shard ${what}`, () => {
      expect(() => new ShardedSafetensors(index(map))).toThrow(expected);
    });
  }

  it('are refused when the index is nonsense', () => {
    fs.writeFileSync(at(INDEX), '{"weight_map":{'.repeat(100));
    expect(() => new ShardedSafetensors(at(INDEX))).toThrow(/nested more than/);
    fs.writeFileSync(at(INDEX), '{"weight_map":');
    expect(() => new ShardedSafetensors(at(INDEX))).toThrow(/not valid JSON/);
  });
});
