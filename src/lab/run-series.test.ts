import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunSeries } from './run-series.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-series-'));
  file = path.join(folder, 'metrics.jsonl');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const line = (step: number, loss = step / 10) =>
  `${JSON.stringify({ type: 'step', step, split: 'train', loss, lr: 0.1, tokens: step * 8, tokensPerSecond: 9, seconds: step })}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => line(from + i)).join('');
const steps = (series: RunSeries) => [...series.steps.get('step')];

describe('RunSeries', () => {
  it('reads on as the file grows, and waits for the end of a line', async () => {
    const series = new RunSeries(folder);
    expect(await series.update()).toBe(false);
    fs.writeFileSync(file, lines(1, 3) + line(4).slice(0, 20));
    await series.update();
    expect(steps(series)).toEqual([1, 2, 3]);
    fs.appendFileSync(file, line(4).slice(20) + line(5));
    await series.update();
    expect(steps(series)).toEqual([1, 2, 3, 4, 5]);
    expect(await series.update()).toBe(false);
  });

  it('begins anew when the run went back to a checkpoint, even where the file is as long again', async () => {
    const series = new RunSeries(folder);
    fs.writeFileSync(file, lines(1, 9));
    await series.update();
    fs.truncateSync(file, lines(1, 5).length);
    fs.appendFileSync(file, [6, 7, 8, 9].map((step) => line(step, 0.5)).join('') + line(10));
    await series.update();
    expect(steps(series)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(series.steps.get('loss')[6]).toBe(0.5);
  });

  it('forgets what was removed', async () => {
    const series = new RunSeries(folder);
    fs.writeFileSync(file, lines(1, 3));
    await series.update();
    fs.rmSync(file);
    expect(await series.update()).toBe(true);
    expect(steps(series)).toEqual([]);
  });

  it('passes over what is broken, nested, giant or no object', async () => {
    const series = new RunSeries(folder);
    const giant = `{"type":"step","step":2,"loss":${'9'.repeat(3 << 20)}}\n`;
    const odd = 'null\n[1]\n{"type":"step"}\n{"type":"step","step":"x","loss":1}\n{"type":"st\n\n';
    const nested = `${'['.repeat(100_000)}\n`;
    const stop = '{"type":"stop","step":3,"reason":{"a":1}}\n';
    fs.writeFileSync(file, line(1) + giant + odd + nested + stop + line(3));
    await series.update();
    expect(steps(series)).toEqual([1, 3]);
    expect(series.stops).toEqual([{ step: 3, reason: '[object Object]' }]);
  });

  it('does not follow a link', async () => {
    const other = path.join(folder, 'other');
    fs.writeFileSync(other, lines(1, 3));
    fs.symlinkSync(other, file);
    const series = new RunSeries(folder);
    await series.update();
    expect(steps(series)).toEqual([]);
  });

  it('keeps evaluations and missing numbers', async () => {
    fs.writeFileSync(
      file,
      `{"type":"step","step":1,"loss":null,"lr":1}\n{"type":"evaluation","step":1,"loss":2.5,"trainLoss":null}\n`,
    );
    const series = new RunSeries(folder);
    await series.update();
    expect(series.steps.get('loss')[0]).toBeNaN();
    expect([...series.evaluations.get('loss')]).toEqual([2.5]);
  });
});
