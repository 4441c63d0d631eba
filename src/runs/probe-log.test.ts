import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProbes } from './probe-log.js';
import { type ModelProbe, packBits, type TensorsProbe, unpackBits } from './probe-records.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(os.tmpdir(), 'nanogpt-probes-'));
  file = join(folder, 'probes.jsonl');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const model = (step: number): ModelProbe => ({
  type: 'model',
  ...{ step, loss: 2.5, lr: 0.1, gradNorm: 1.25, clipping: { steps: 1, clipped: 0 } },
  parameters: [
    { path: 'output.weight', std: 0.1, updateToData: -3.1, gradientToData: null, nonFinite: 0 },
  ],
  activations: [{ path: 'hidden', mean: 0, std: 1, gradientStd: null, nonFinite: 0 }],
  ...{ layers: [], units: [], predictions: null, attention: [], batchNorms: [], diagnosis: [] },
});
const tensors = (step: number): TensorsProbe => ({
  type: 'tensors',
  step,
  tensors: [
    {
      ...{ path: 'output.weight', kind: 'weight', count: 9, mean: 0.1, std: 1, min: -2, max: 2 },
      ...{
        norm: 3,
        zeros: 0,
        nan: 1,
        inf: 0,
        bins: [
          [-3, 1, 0, 2],
          [1, 5],
        ] as [number[], number[]],
      },
    },
  ],
});
const lines = (...values: unknown[]) =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('readProbes', () => {
  it('gives back what was written, all of it or one type', () => {
    const all = [model(1), tensors(1), model(2), tensors(2)];
    fs.writeFileSync(file, lines(...all));
    expect(readProbes(file).records).toEqual(all);
    expect(readProbes(file, { type: 'model' }).records).toEqual([model(1), model(2)]);
    expect(readProbes(file, { type: 'tensors' }).records).toEqual([tensors(1), tensors(2)]);
    expect(readProbes(join(folder, 'none'))).toEqual({ records: [], next: 0 });
  });

  it('goes on where it stopped, and waits for the end of a line', () => {
    const [first, second] = [lines(model(1)), lines(model(2))];
    fs.writeFileSync(file, first + second.slice(0, 40));
    const { records, next } = readProbes(file);
    expect(records).toEqual([model(1)]);
    expect(next).toBe(first.length);
    fs.appendFileSync(file, second.slice(40));
    expect(readProbes(file, { from: next })).toEqual({
      records: [model(2)],
      next: first.length + second.length,
    });
    fs.truncateSync(file, 0); // the run went back
    fs.appendFileSync(file, lines(model(3)));
    expect(readProbes(file, { from: next + second.length }).records).toEqual([model(3)]);
  });

  it('thins records that are many, and keeps the last', () => {
    fs.writeFileSync(file, lines(...Array.from({ length: 1001 }, (_, i) => model(i + 1))));
    const steps = readProbes(file, { most: 20 }).records.map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(9);
    expect(steps.length).toBeLessThanOrEqual(20);
    expect(steps.at(-1)).toBe(1001);
    expect(readProbes(file, { most: 1 }).records.map(({ step }) => step)).toEqual([1001]);
  });

  it.each([
    ['half a line', '{"type":"model","step":1,"lo'],
    ['binary', '\0\xff\x01'],
    ['nesting', `{"type":"model","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a long string', `{"type":"model","step":"${'x'.repeat(9_000_000)}"}`],
    ['a giant line', `{"type":"model","step":1,"x":"${'x'.repeat(20 * 1024 * 1024)}"}`],
    ['an infinite figure', JSON.stringify(model(1)).replace('2.5', '1e999')],
    [
      'a path as long as a book',
      JSON.stringify(model(1)).replace('output.weight', 'x'.repeat(9999)),
    ],
    ['a negative count', JSON.stringify(tensors(1)).replace('"count":9', '"count":-9')],
    ['bins that do not exist', JSON.stringify(tensors(1)).replace('[-3,', '[-3000,')],
    ['another type', '{"type":"nothing","step":1}'],
    ['a prototype', '{"type":"model","__proto__":{"step":1}}'],
    ['no object', '[1,2,3]'],
  ])('passes over %s', (_, line) => {
    fs.writeFileSync(file, `${line}\n\n${lines(model(7))}`);
    expect(readProbes(file).records).toEqual([model(7)]);
  });

  it('refuses a folder in its place', () => {
    fs.mkdirSync(file);
    expect(() => readProbes(file)).toThrow(/is a folder: expected a file/);
  });
});

describe('packBits', () => {
  it('keeps a flag for each unit', () => {
    const flags = Array.from({ length: 19 }, (_, i) => (i % 3 === 0 ? 1 : 0));
    expect([...unpackBits(packBits(flags), 19)]).toEqual(flags);
    expect(packBits([0, 0, 0])).toBe('');
    expect([...unpackBits('', 3)]).toEqual([0, 0, 0]);
    expect([...unpackBits('%%%', 2)]).toEqual([0, 0]);
  });
});
