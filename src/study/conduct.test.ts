/** A study from its first run to its page: what is finished is not run again, and what fails is a result. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { conduct } from './conduct.js';
import { studyPage } from './page.js';
import { readResults, writeResults } from './results.js';
import { defineStudy, type Study } from './study.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-study-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const file = path.join(folder, 'sums.ts');
const keep = path.join(folder, 'kept');
let calls: string[] = [];
let stopAfter: (() => void) | undefined;

const sums = (change: Partial<Study<{ add: number }>> = {}) =>
  defineStudy<{ add: number }>({
    ...{
      name: 'sums',
      title: 'Sums',
      topic: 'arithmetic',
      claim: 'Twice is more.',
      source: 'Lore.',
    },
    refuted: 'a half',
    factors: { times: [1, 2], way: ['plain', 'odd'] },
    without: ({ times, way }) => times === 1 && way === 'odd',
    data: null,
    scales: { full: { add: 0 }, quick: { add: 1 }, tiny: { add: 2 } },
    measures: {
      ...{ sum: { says: 'sum' }, place: { says: 'place' }, curve: { says: 'curve' } },
      text: { says: 'What it says' },
    },
    run({ times, way }, { seed, scale }) {
      calls.push(`${times} ${way} ${seed}`);
      if (calls.length === 4) stopAfter?.();
      if (way === 'odd' && seed === 1) throw new Error('the loss became NaN\nat step 3');
      const sum = (times as number) * (10 + 1 / (seed + 3)) + scale.add;
      return {
        sum,
        place: 1,
        curve: [sum, sum + 1],
        ...(seed === 0 && { text: `${times}!\nend` }),
      };
    },
    checks: [
      {
        says: 'twice less once',
        of: (cell) =>
          cell({ times: 2, way: 'plain' })['sum']! - cell({ times: 1, way: 'plain' })['sum']!,
        holds: 'above',
        line: 1,
      },
    ],
    discussion: (r) =>
      `Once is ${r.figure('sum', { times: 1 })}, and twice adds ${r.check(0)}; ${r.failed} failed.`,
    ...change,
  });

beforeEach(() => {
  calls = [];
  stopAfter = undefined;
  fs.rmSync(keep, { recursive: true, force: true });
  fs.writeFileSync(file, 'export default sums;\n');
});

const run = (study: ReturnType<typeof sums>, options = {}) =>
  conduct({ study, file }, { workers: 0, folder: keep, ...options });

describe('conduct', () => {
  it('runs all cells of a seed before the next, and counts what fails', async () => {
    const results = await run(sums());
    expect(calls.slice(0, 4)).toEqual(['1 plain 0', '2 plain 0', '2 odd 0', '1 plain 1']);
    expect(results).toMatchObject({ setting: 'full', seeds: 5, verdict: 'holds' });
    expect(results.runs).toHaveLength(15);
    const failed = results.runs.filter((each) => each.failed !== undefined);
    expect(failed).toMatchObject([
      { levels: { times: 2, way: 'odd' }, failed: 'the loss became NaN' },
    ]);
    expect(results.runs[0]!.measures!['sum']).toBe(10.33333);
  });

  it('takes up what is finished: a second call runs nothing, more seeds only the new ones', async () => {
    const first = await run(sums());
    calls = [];
    const again = await run(sums());
    expect(calls).toEqual([]);
    expect(again.runs).toEqual(first.runs);
    await run(sums(), { seeds: 6 });
    expect(calls).toEqual(['1 plain 5', '2 plain 5', '2 odd 5']);
  });

  it('goes on where it was stopped', async () => {
    const controller = new AbortController();
    stopAfter = () => controller.abort();
    await expect(run(sums(), { signal: controller.signal })).rejects.toThrow(
      'stopped after 4 of 15 runs, which are kept',
    );
    calls = [];
    stopAfter = undefined;
    await run(sums());
    expect(calls).toHaveLength(11);
    expect(calls[0]).toBe('2 plain 1');
  });

  it('runs anew what another scale, or a change of its file, decides', async () => {
    await run(sums(), { seeds: 1 });
    expect(calls).toHaveLength(3);
    await run(sums(), { seeds: 1, setting: 'quick' });
    expect(calls).toHaveLength(6);
    fs.appendFileSync(file, '// another rule\n');
    await run(sums(), { seeds: 1 });
    expect(calls).toHaveLength(9);
  });

  it('runs anew what a damaged file was kept in', async () => {
    await run(sums(), { seeds: 1 });
    const own = path.join(keep, 'sums');
    const [one, two] = fs.readdirSync(own);
    fs.writeFileSync(path.join(own, one!), '{"seconds": 1');
    fs.writeFileSync(path.join(own, two!), '{"seconds": "long"}');
    calls = [];
    await run(sums(), { seeds: 1 });
    expect(calls).toHaveLength(2);
  });

  it('tells how far it is', async () => {
    const seen: string[] = [];
    await run(sums(), {
      seeds: 2,
      onProgress: ({ done, runs, failed, secondsLeft }: never) =>
        seen.push(`${done}/${runs} ${failed} ${secondsLeft === undefined ? '?' : 'known'}`),
    });
    expect(seen[0]).toBe('0/6 0 ?');
    expect(seen.at(-1)).toBe('6/6 1 known');
  });

  it('gives up where every run fails, and says why', async () => {
    const all = sums({
      run() {
        throw new Error('no such setting');
      },
    });
    await expect(run(all)).rejects.toThrow('study sums: every run failed: no such setting');
  });
});

describe('results', () => {
  it('come back from their file, and give the same page', async () => {
    const study = sums();
    const results = await run(study);
    const written = writeResults(folder, results);
    const read = readResults(written);
    expect(read).toEqual(JSON.parse(JSON.stringify(results)));
    const page = studyPage(study, read);
    expect(page).toBe(studyPage(study, results));
    expect(page).toContain('**Verdict: holds.**');
    expect(page).toContain('| twice less once | +10.2 | +10.1 … +10.3 | above 1 | < 0.001 |');
    expect(page).toContain('Once is 10.219, and twice adds +10.2 (+10.1 … +10.3); 1 failed.');
    expect(page).toContain('| 2 | odd | 20.421 ± 0.271 | 1.000 ± 0.000 | 1 |');
    expect(page).not.toContain('| curve |');
    expect(page).toContain(
      '## What it says\n\n### times 1, plain\n\n    1!\n    end\n\n### times 2, plain',
    );
    expect(page).toContain(
      '3 cells, seeds 0 to 4, the same for every cell: 15 runs, of which 1 failed',
    );
  });

  it('are refused where they are damaged', () => {
    const bad = path.join(folder, 'bad.json');
    fs.writeFileSync(bad, '{"format":"nanogpt-study","study":3}');
    expect(() => readResults(bad)).toThrow(/bad\.json: is no study's results: .*study/);
  });
});

describe('defineStudy', () => {
  it('says what is missing', () => {
    expect(() => sums({ name: 'Sums!' })).toThrow('expected a name of lower-case letters');
    expect(() => sums({ claim: '' })).toThrow('study sums: expected claim, a text');
    expect(() => sums({ factors: {} })).toThrow('expected factors, each with its levels');
    expect(() => sums({ factors: { times: [1, 1] } })).toThrow('levels of times to differ');
    const check = { says: 'x', of: () => 1, holds: 'between', line: 1 } as const;
    expect(() => sums({ checks: [check] })).toThrow('a line for "x": a number, or two ascending');
    expect(() => sums({ checks: [{ ...check, holds: 'above', aside: true }] })).toThrow(
      'expected checks',
    );
  });
});
