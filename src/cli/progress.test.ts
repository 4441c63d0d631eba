import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProgressEvent } from '../train/index.js';
import { Output } from './output.js';
import { progressLine, showProgress } from './progress.js';

const event: ProgressEvent = {
  step: 640,
  steps: 1400,
  loss: 5.9124,
  lr: 0.5,
  validationLoss: 5.985,
  tokensPerSecond: 24_130,
  seconds: 20,
  secondsLeft: 72,
};

describe('progressLine', () => {
  it('says step, loss, validation loss, rate, pace and time left', () => {
    expect(progressLine(event)).toBe(
      ' 640/1400  loss 5.912  val 5.985  lr 0.5  24.1k tokens/s  1 min 12 s left',
    );
  });

  it('says the loss of the average of the weights beside that of the last ones', () => {
    expect(progressLine({ ...event, emaLoss: 5.971 })).toContain('val 5.985  average 5.971  lr');
  });

  it('leaves out a validation loss that is not there yet', () => {
    expect(progressLine({ ...event, validationLoss: undefined })).not.toContain('val');
  });
});

describe('progressLine within a width', () => {
  it.each([40, 50, 60, 70, 80, 100, 200])(
    'of %d columns fits, and keeps the time left',
    (width) => {
      const line = progressLine(event, width);
      expect(line.length).toBeLessThanOrEqual(width);
      expect(line).toMatch(/^ 640\/1400 .*1 min 12 s left$/);
    },
  );

  it('drops the pace first, then the rate, then the validation loss, then the loss', () => {
    const fields = ['tokens/s', 'lr', 'val', 'loss', '/1400'];
    let dropped = 0;
    for (let width = 80; width >= 14; width--) {
      const has = fields.map((field) => progressLine(event, width).includes(field));
      const now = has.indexOf(true) < 0 ? fields.length : has.indexOf(true);
      expect(has).toEqual(fields.map((_, i) => i >= now)); // those before are gone, no other
      expect(now).toBeGreaterThanOrEqual(dropped);
      dropped = now;
    }
    expect(dropped).toBe(fields.length);
  });
});

describe('plain lines', () => {
  it('come with an evaluation, with the mean loss over the steps since the last', () => {
    const lines: string[] = [];
    const output = new Output(false);
    output.write = (text) => void lines.push(text);
    using progress = showProgress(output); // the tests' standard error is no terminal
    progress.show({ ...event, step: 1, loss: 9 });
    progress.show({ ...event, step: 11, loss: 3 });
    expect(lines).toEqual([]);
    progress.evaluated();
    progress.show({ ...event, step: 20, loss: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^ {2}20\/1400 {2}loss 3\.300 /); // (1·9 + 10·3 + 9·3) / 20
  });
});

describe('the live line', () => {
  const { isTTY, columns } = process.stderr;
  afterEach(() => {
    vi.restoreAllMocks();
    Object.assign(process.stderr, { isTTY, columns });
  });

  it.each([40, 60, 80, 120, 200])('at %d columns leaves a line for each evaluation', (columns) => {
    Object.assign(process.stderr, { isTTY: true, columns });
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const lines: string[] = [];
    const output = new Output(false);
    output.write = (text) => void lines.push(text);
    using progress = showProgress(output);
    for (const step of [10, 20, 30, 40]) {
      if (step % 20 === 0) progress.evaluated();
      progress.show({ ...event, step, loss: step === 10 ? 5 : 3 });
    }
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line.trimEnd().length).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^ {2}20\/1400 .* left\n$/);
    expect(lines[1]).toMatch(/^ {2}40\/1400 .* left\n$/);
  });

  it('stays one line, as wide as the terminal, and makes way for what is to stay', () => {
    Object.assign(process.stderr, { isTTY: true, columns: 100 });
    let seen = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      seen += text;
      return true;
    });
    const progress = showProgress(new Output(true));
    for (let step = 1; step <= 50; step++) progress.show({ ...event, step, loss: 10 / step });
    progress.note('something to know');
    progress.show({ ...event, step: 51 });
    progress[Symbol.dispose]();
    const [live, rest] = seen.split('nanogpt: something to know\n');
    expect(live).not.toContain('\n');
    expect(live).toMatch(/1\/1400 {2}loss 10\.000 .* left {2}█?▁/);
    expect(live!.endsWith('\x1b[2K')).toBe(true); // the line is gone before the note
    expect(rest).toContain('51/1400');
    for (const drawn of seen.split('\x1b')) expect(drawn.length).toBeLessThan(100 + '[1G'.length);
    expect(seen.lastIndexOf('\x1b[?25h')).toBeGreaterThan(seen.lastIndexOf('\x1b[?25l'));
  });
});
