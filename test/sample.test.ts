/** `nanogpt sample`, as a user meets it: several texts, stops, alternatives, averages, and a session. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, SMALL, Workshop } from './run-cli.js';

interface Sampled {
  tokens: number[];
  text: string;
}

let shop: Workshop;
beforeAll(async () => {
  shop = new Workshop();
  await shop.json(['train', ...SMALL, '--out', 'runs/one', '--ema-decay', '0.9']);
  await shop.json(['train', ...SMALL, '--out', 'runs/plain', '--steps', '2']);
});
afterAll(() => shop[Symbol.dispose]());

const sample = (...args: string[]) => shop.json<Sampled>(['sample', 'one', ...args]);

describe('several texts', () => {
  it('are those of one seed after the other', async () => {
    const args = ['--tokens', '20', '--prompt', 'Anna'];
    const { samples } = await shop.json<{ samples: Sampled[] }>([
      ...['sample', 'one', ...args, '--samples', '3', '--seed', '4'],
    ]);
    expect(samples).toHaveLength(3);
    for (const [i, { tokens, text }] of samples.entries()) {
      expect(samples[i]).toHaveProperty('seed', 4 + i);
      expect(await sample(...args, '--seed', `${4 + i}`)).toMatchObject({ tokens, text });
    }
    const shown = await shop.nanogpt(['sample', 'one', ...args, '--samples', '2', '--seed', '4']);
    const [first, second] = samples;
    expect(shown.stdout).toBe(
      `── seed 4 ──\nAnna${first!.text}\n\n── seed 5 ──\nAnna${second!.text}\n`,
    );
  });
});

describe('ways of choosing', () => {
  it('of min-p 1, a penalty and token ids to begin with', async () => {
    const greedy = await sample('--tokens', '30', '--temperature', '0');
    const options = ['--tokens', '30', '--min-p', '1'];
    expect(await sample(...options)).toEqual(greedy);
    expect(await sample(...options, '--start-ids', '0')).toEqual(greedy);
    const varied = await sample(...options, '--repetition-penalty', '50');
    expect(new Set(varied.tokens).size).toBeGreaterThan(new Set(greedy.tokens).size);
  });

  it('stop at a text that is then left out, and after a token', async () => {
    const { text, tokens } = await sample('--tokens', '60');
    const stop = text.slice(20, 23);
    const stopped = await sample('--tokens', '60', '--stop', stop, '--stop', 'never this');
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    const [last] = tokens.slice(15);
    const ended = await sample('--tokens', '60', '--stop-ids', `${last},${last}`);
    expect(ended.tokens).toEqual(tokens.slice(0, tokens.indexOf(last!) + 1));
  });

  it('show what else might have come, without changing what comes', async () => {
    interface Choice {
      id: number;
      text: string;
      surprise: number;
      entropy: number;
      alternatives: { id: number; text: string; probability: number }[];
    }
    const args = ['--tokens', '8', '--seed', '2'];
    const alternatives = [...args, '--show-alternatives', '3'];
    const { choices, ...rest } = (await sample(...alternatives)) as Sampled & { choices: Choice[] };
    expect(rest).toEqual(await sample(...args));
    expect(choices.map(({ id }) => id)).toEqual(rest.tokens);
    expect(choices.map(({ text }) => text).join('')).toBe(rest.text);
    for (const { surprise, entropy, alternatives } of choices) {
      expect(surprise).toBeGreaterThan(0);
      expect(entropy).toBeGreaterThan(0);
      const found = alternatives.map(({ probability }) => probability);
      expect(found).toEqual([...found].sort((a, b) => b - a));
      expect(found).toHaveLength(3);
    }
    const shown = await shop.nanogpt(['sample', 'one', ...alternatives]);
    const lines = shown.stdout.split('\n');
    expect(
      lines.filter((line) =>
        /^"(\\?.)" +\d+\.\d{3} +\d+\.\d{3}( +".+?" [01]\.\d{3}){3}$/.test(line),
      ),
    ).toHaveLength(8);
    expect(shown.stdout).toMatch(/\nmean +\d+\.\d{3} +\d+\.\d{3}\n$/);
  });
});

describe('--ema', () => {
  it('takes the average of the weights, in eval too', async () => {
    const score = (...args: string[]) => shop.json<{ loss: number }>(['eval', 'one', ...args]);
    const [last, average] = [await score(), await score('--ema')];
    expect(average.loss).not.toBe(last.loss);
    const sure = ['--tokens', '5', '--show-alternatives', '1']; // how sure it is, and of what
    expect(await sample('--ema', ...sure)).not.toEqual(await sample(...sure));
    const shown = await shop.nanogpt(['eval', 'one', '--ema']);
    expect(shown.stdout).toMatch(/step 60, average of the weights/);
  });

  it('is refused where the run keeps none', async () => {
    for (const command of ['sample', 'eval']) {
      expectMessage(await shop.nanogpt([command, 'plain', '--ema']), 1, /no average of weights/);
    }
  });
});

describe('--interactive', () => {
  const args = ['sample', 'one', '--interactive', '--tokens', '25', '--temperature', '0.9'];

  it('completes line by line, each with the next seed, and passes over what it cannot encode', async () => {
    const ran = await shop.nanogpt([...args, '--seed', '3'], {
      input: 'pipe',
      started: (child) => child.stdin!.end('Anna\n\u00fcbel\n\nBen reads'),
    });
    const written: string[] = [];
    for (const [i, prompt] of ['Anna', undefined, 'Ben reads'].entries()) {
      const own = ['--tokens', '25', '--temperature', '0.9', '--seed', `${3 + i}`];
      const { text } = await sample(...own, ...(prompt ? ['--prompt', prompt] : []));
      written.push(`${prompt ?? ''}${text}\n\n`);
    }
    expect(ran.stdout).toBe(written.join(''));
    expect(ran.stderr).toMatch(/Ctrl-D ends\nnanogpt: char: [^\n]*'ü'[^\n]*\n$/);
    expect(ran.code).toBe(0);
  });

  it('stops a text by Ctrl-C, and not the session', async () => {
    let stops = 0;
    const ran = await shop.nanogpt([...args, '--tokens', '1000000'], {
      input: 'pipe',
      started: (child) => child.stdin!.write('Anna\n'),
      watch: (child, { stdout }) => {
        // Written to, so that it is known which text is under way.
        const under = stdout.length - stdout.indexOf(stops === 0 ? 'Anna' : 'Ben, 77');
        if (stops === 2 || under > stdout.length || under < 200) return;
        stops++;
        child.kill('SIGINT');
        if (stops === 1) child.stdin!.write('Ben, 77\n');
        else child.stdin!.end();
      },
    });
    expect(ran.code).toBe(0);
    expect(ran.signal).toBeNull();
    expect(stops).toBe(2);
  });

  it.each([
    ['--prompt', 'x'],
    ['--ids', '1'],
    ['--samples', '2'],
    ['--show-alternatives', '2'],
  ])('goes without %s', async (...option) => {
    const ran = await shop.nanogpt([...args, ...option]);
    expectMessage(ran, 2, `it goes without ${option[0]}`);
  });
});

describe('what sample refuses', () => {
  it.each([
    [['--stop', ''], /--stop: expected a text, got nothing/],
    [['--stop-ids', '1,x'], /--stop-ids 1,x: expected whole numbers/],
    [['--min-p', '0'], /above 0 and up to 1/],
    [['--repetition-penalty', '0'], /Expected a number above 0/],
    [['--samples', '0'], /at least 1/],
    [['--show-alternatives', '-2'], /at least 1/],
    [['--interactive', '--json'], /goes without --json/],
  ])('%j', async (options, message) => {
    expectMessage(await shop.nanogpt(['sample', 'one', ...options]), 2, message);
  });

  it('stop tokens that there are none of', async () => {
    const ran = await shop.nanogpt(['sample', 'one', '--stop-ids', '99']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/stopAt: expected token ids from 0 to \d+, got 99/);
  });
});
