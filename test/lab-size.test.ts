/** What the Lab weighs, and how soon it answers. */
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ROOT } from './run-cli.js';
import { LabFixture, metricsOf } from './suites/lab.js';

it('the page is at most 320 kB compressed, and names no other machine to load from', () => {
  const web = path.join(ROOT, 'dist', 'web');
  const files = ['index.html', 'app.js', 'charts.js', 'app.css', 'favicon.svg'];
  const bytes = files.map((file) => gzipSync(fs.readFileSync(path.join(web, file))).length);
  expect(bytes.reduce((sum, size) => sum + size)).toBeLessThan(320_000);
  for (const file of ['index.html', 'app.css']) {
    expect(fs.readFileSync(path.join(web, file), 'utf8')).not.toMatch(/https?:|\/\/[a-z]/);
  }
});

it('ten runs of 50,000 steps are there at once, and only what is new is read again', async () => {
  await using lab = await LabFixture.start();
  const metrics = metricsOf(50_000);
  for (let i = 0; i < 10; i++) lab.addRun(`run-${i}`, metrics);
  const query = Array.from({ length: 10 }, (_, i) => `run=run-${i}`).join('&');
  const at = `/api/series?metrics=loss,lr,gradNorm&smoothing=0.99&${query}`;
  const began = performance.now();
  const answer = await lab.ask({ path: at });
  const first = performance.now() - began;
  const { runs } = answer.json() as unknown as { runs: { points: number }[] };
  expect(runs.map(({ points }) => points)).toEqual(Array(10).fill(50_000));
  // Under a second on a quiet machine (docs/log.md); the bound leaves room for a busy one.
  expect(first).toBeLessThan(5000);
  fs.appendFileSync(
    path.join(lab.folder, 'run-3', 'metrics.jsonl'),
    metricsOf(50_001).slice(metrics.length),
  );
  const again = performance.now();
  const next = (await lab.ask({ path: at })).json() as unknown as typeof runs & {
    runs: typeof runs;
  };
  expect(next.runs[3]!.points).toBe(50_001);
  expect(performance.now() - again).toBeLessThan(first);
  if (process.env['NANOGPT_SHOW'])
    console.log(
      `first ${first.toFixed(0)} ms, then ${(performance.now() - again).toFixed(0)} ms, ${answer.text.length} characters`,
    );
});
