import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { exportCsv, exportTensorBoard } from './export-series.js';
import type { ModelProbe, TensorsProbe } from './probe-records.js';
import type { RunDirectory } from './run-directory.js';
import { intervalsOf } from './run-series.js';

const TENSOR = {
  ...{ path: 'a,"b"', kind: 'weight' as const, count: 10, mean: 0.5, std: 1, min: -3, max: 2 },
  ...{ norm: 3, zeros: 0.2, nan: 1, inf: 0 },
  bins: [
    [2, 1, 2],
    [0, 4],
  ] as [number[], number[]],
};

/** A run of which only what was measured is asked for. */
function fakeRun(folder: string): RunDirectory {
  const model: ModelProbe = {
    ...{ type: 'model', step: 2, loss: 2.5, lr: 0.1, gradNorm: null },
    clipping: { steps: 2, clipped: 1 },
    parameters: [{ path: 'w', std: 0, updateToData: null, gradientToData: -2, nonFinite: 0 }],
    ...{ activations: [], layers: [], units: [], predictions: null, attention: [], batchNorms: [] },
    diagnosis: [{ rule: 'r', path: '', value: 1, since: 1, text: 'something is wrong' }],
  };
  const tensors: TensorsProbe = { type: 'tensors', step: 2, tensors: [TENSOR] };
  const probes = join(folder, 'probes.jsonl');
  fs.writeFileSync(probes, `${JSON.stringify(model)}\n${JSON.stringify(tensors)}\n{"half`);
  const metrics = [
    { type: 'step', step: 2, split: 'train', loss: 2.4, seconds: 1, lr: 'x' },
    { type: 'stop', step: 2 },
    { type: 'evaluation', step: 2, split: 'validation', loss: 2.6, seconds: 1 },
  ];
  return {
    path: join(folder, 'my-run'),
    config: { name: 'my-run', created: '2026-01-01T00:00:00.000Z' },
    read: () => metrics,
    logPath: () => probes,
  } as unknown as RunDirectory;
}

describe('exportCsv', () => {
  it('writes a row for each number, and cells that no comma breaks', () => {
    using folder = temporaryFolder();
    const run = fakeRun(folder.path);
    const { files, probes } = exportCsv(run, join(folder.path, 'new', 'out'));
    expect(probes).toBe(1);
    const text = (name: string) =>
      fs.readFileSync(join(folder.path, 'new', 'out', 'my-run', name), 'utf8');
    expect(files.map((name) => text(name).split('\n')[0])).toEqual([
      'step,name,path,value',
      'step,name,path,value',
      'step,kind,path,count,seen,mean,std,min,max,norm,zeros,nan,inf',
      'step,kind,path,low,high,count',
    ]);
    expect(text('metrics.csv')).toContain('2,validation/loss,,2.6\n');
    expect(text('probes.csv')).toContain('2,gradientToData,w,-2\n');
    expect(text('probes.csv')).toContain('2,clippedShare,,0.5\n');
    expect(text('tensors.csv')).toContain('2,weight,"a,""b""",10,10,0.5,1,-3,2,3,0.2,1,0\n');
    expect(text('histograms.csv').match(/\n2,weight/g)).toHaveLength(4);
    expect(() => exportCsv(run, join(folder.path, 'new', 'out'))).toThrow(/is there already/);
  });
});

describe('exportTensorBoard', () => {
  it('writes scalars, histograms and texts by name', () => {
    using folder = temporaryFolder();
    const { files } = exportTensorBoard(fakeRun(folder.path), folder.path);
    expect(files).toEqual(['events.out.tfevents.1767225600.nanogpt']);
    const bytes = fs.readFileSync(join(folder.path, 'my-run', files[0]), 'latin1');
    for (const name of [
      'brain.Event:2',
      'train/loss',
      'validation/loss',
      'probe-gradientToData/w',
      'weight/a,"b"',
      'something is wrong',
      'settings',
    ]) {
      expect(bytes).toContain(name);
    }
  });
});

describe('intervalsOf', () => {
  it('goes from the least to the greatest, zeros between', () => {
    const found = intervalsOf(TENSOR).map(({ low, high, count }) => [
      Number(low.toFixed(2)),
      Number(high.toFixed(2)),
      count,
    ]);
    expect(found).toEqual([
      [-4, -2.83, 2],
      [-2.83, -2, 1],
      [0, 0, 2],
      [1, 1.41, 4],
    ]);
  });
});
