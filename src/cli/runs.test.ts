import { describe, expect, it } from 'vitest';
import type { RunRow } from '../runs/index.js';
import { tableOf } from './runs.js';

const row = (name: string): RunRow => ({
  name,
  path: `/runs/${name}`,
  created: '2026-01-31T19:05:00.000Z',
  model: 'mlp',
  preset: 'published',
  parameters: 20_562_681,
  step: 1400,
  steps: 1400,
  validationLoss: 5.59,
  tokensPerSecond: 40_000,
  state: 'finished',
});

describe('tableOf', () => {
  const rows = [row('mlp-published-20260131-1905'), row('a')];

  it.each([40, 60, 80, 100, 200])('fits %d columns', (width) => {
    for (const name of ['short', 'x'.repeat(100)]) {
      const text = tableOf([...rows, row(name)], width);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
      for (const heading of ['run', 'validation', 'state']) expect(text).toContain(heading);
    }
  });

  it('drops the pace first, and shortens names last', () => {
    expect(tableOf(rows)).toContain('tokens/s');
    expect(tableOf(rows, 100)).not.toContain('tokens/s');
    expect(tableOf(rows, 60)).toContain('mlp-published-20260131-1905');
    expect(tableOf([row('mlp-published-20260131-1905')], 40)).toMatch(/^mlp-pub\S*…\S*1905 /m);
  });
});
