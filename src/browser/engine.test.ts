/** The engine, asked as a page asks it, with runs and texts from anywhere. */
import { describe, expect, it } from 'vitest';
import { Engine } from './engine.js';
import type { EndReport, StartOrder } from './protocol.js';

const TEXT = 'the quick brown fox jumps over the lazy dog.\n'.repeat(60);
const SMALL = ['blockSize=4', 'nHidden=8', 'nEmbd=4', 'batchSize=8', 'evalInterval=10'];

const order = (text: string, steps = 20): StartOrder => ({
  model: 'mlp',
  preset: 'chars',
  set: [...SMALL, `steps=${steps}`],
  given: { name: 'mine', text },
});

/** An engine, and how its next training ends. */
function engine(): { engine: Engine; end: Promise<EndReport> } {
  let made: Engine;
  const end = new Promise<EndReport>((resolve, reject) => {
    made = new Engine((event, ...[given]) => {
      if (event === 'end') resolve(given as EndReport);
      if (event === 'failed') reject(new Error(given as string));
    });
  });
  return { engine: made!, end };
}

/** The files of a short run on that text. */
async function trained(text: string): Promise<Map<string, Uint8Array>> {
  const { engine: first, end } = engine();
  await first.start(order(text));
  await end;
  return first.save();
}

describe('the engine', () => {
  it.each([
    ['a byte order mark', `\uFEFF${TEXT}`],
    ['two of them', `\uFEFF\uFEFF${TEXT}`],
    ['halves of surrogate pairs', `${TEXT}\uD800${TEXT}\uDC00`],
    ['CR LF and NUL', TEXT.replaceAll('. ', '\r\n').replaceAll('q', '\0')],
    [
      '12,000 distinct characters',
      Array.from({ length: 30_000 }, (_, i) =>
        String.fromCodePoint(0x20000 + ((i * 7919) % 12_000)),
      ).join(''),
    ],
  ])('goes on with a run that it saved, whose text has %s', async (_, text) => {
    const files = await trained(text);
    const { engine: second, end } = engine();
    expect((await second.open(files)).hasText).toBe(true);
    await second.resume({ steps: 25 });
    expect((await end).step).toBe(25);
  });

  it('reports a training before its first event, however short it is', async () => {
    const heard: string[] = [];
    const one = new Engine((event, ..._) => {
      heard.push(String(event));
    });
    const report = await one.start(order(TEXT, 1));
    expect([report.step, ...heard]).toEqual([0]);
    await expect.poll(() => heard.at(-1)).toBe('end');
  });

  it('makes or opens one run at a time: none closes another that has begun meanwhile', async () => {
    const files = await trained(TEXT);
    const { engine: one, end } = engine();
    const opening = one.open(files);
    await expect(one.start(order(TEXT))).rejects.toThrow(
      'another run is being made or opened: wait for it.',
    );
    await opening;
    const starting = one.start(order(TEXT, 60));
    await expect(one.open(files)).rejects.toThrow('another run is being made');
    await starting;
    await expect(one.open(files)).rejects.toThrow('a training is under way');
    expect((await end).step).toBe(60);
    // What was refused leaves nothing behind.
    await one.open(files);
  });

  it('shows of a run’s own account what is a curve', async () => {
    const files = await trained(TEXT);
    const log = [
      '{"type":"step","step":1,"loss":2}',
      '{"type":"step","step":2,"loss":null}',
      '{"type":"step","step":"3","loss":1}',
      '{"type":"evaluation","step":4,"loss":{}}',
      '{"type":"evaluation","loss":1}',
      '{"type":"evaluation","step":5,"loss":1.5}',
      '[1]',
      'nonsense',
    ].join('\n');
    files.set('metrics.jsonl', new TextEncoder().encode(log));
    const { metrics } = await engine().engine.open(files);
    expect(metrics.map(({ step, loss }) => [step, loss])).toEqual([
      [1, 2],
      [5, 1.5],
    ]);
  });
});
