/** Signals while a text is tokenized or a tokenizer trained: heard at once, and nothing half-written is left. */
import fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Generator } from '../src/util/random.js';
import { type Ran, type RunOptions, SMALL, Workshop } from './run-cli.js';

let shop: Workshop;
beforeAll(() => {
  shop = new Workshop();
  fs.mkdirSync(shop.path('temporary'));
  fs.writeFileSync(shop.path('long.txt'), randomWords(6e6));
});
afterAll(() => shop[Symbol.dispose]());

/** Words of random letters: each tokenizer has work with them. */
function randomWords(bytes: number): string {
  const random = new Generator(1);
  const words: string[] = [];
  for (let length = 0; length < bytes; length += words.at(-1)!.length) {
    const letters = Array.from({ length: 3 + random.integer(7) }, () => 97 + random.integer(26));
    words.push(`${String.fromCharCode(...letters)}${random.integer(9) === 0 ? '.\n' : ' '}`);
  }
  return words.join('');
}

/** Runs a command and sends the signal as soon as it says that it does `doing`. */
async function interrupt(
  args: readonly string[],
  doing: string,
  signal: NodeJS.Signals = 'SIGINT',
  options: RunOptions = {},
): Promise<Ran & { seconds: number }> {
  let sent = 0;
  const ran = await shop.nanogpt(args, {
    ...options,
    env: { TMPDIR: shop.path('temporary') },
    watch: (child, { stderr }) => {
      if (sent > 0 || !stderr.includes(`${doing} …`)) return;
      sent = performance.now();
      child.kill(signal);
    },
  });
  return { ...ran, seconds: sent > 0 ? (performance.now() - sent) / 1000 : Infinity };
}

/** Everything that commands left in the workshop, its folder for temporary files included. */
function everything(): string[] {
  return fs
    .readdirSync(shop.folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('package') && !/^cache(\/\w+)?$/.test(name))
    .sort();
}

const train = (tokenizer: string) => [
  'train',
  'mlp',
  '--data',
  'long.txt',
  '--tokenizer',
  tokenizer,
];
const learn = (type: string) => [
  ...['tokenizer', 'train', '--input', 'long.txt', '--type', type],
  ...['--vocab-size', '8000', '--out', 'mine'],
];

describe('a signal', () => {
  it.each<[string, readonly string[], string, NodeJS.Signals]>([
    ['training, tokenizing', train('bert-base-uncased'), 'tokenizing', 'SIGINT'],
    ['training, tokenizing', train('bert-base-uncased'), 'tokenizing', 'SIGTERM'],
    ['training on first use', train('shakespeare'), 'training the tokenizer', 'SIGINT'],
    ['tokenizer train, bpe', learn('bpe'), 'training the tokenizer', 'SIGINT'],
    ['tokenizer train, byte-level', learn('byte-level'), 'training the tokenizer', 'SIGTERM'],
  ])('ends %s at once', async (_, args, doing, signal) => {
    const before = everything();
    const ran = await interrupt(args, doing, signal);
    expect(ran.stderr).toMatch(
      new RegExp(`^nanogpt: ${doing} …\nnanogpt: ${doing} was stopped\n$`),
    );
    expect([ran.code, ran.stdout]).toEqual([signal === 'SIGINT' ? 130 : 143, '']);
    expect(ran.seconds).toBeLessThan(3);
    expect(everything()).toEqual(before);
  });

  it('ends reading standard input, and encoding it', async () => {
    const encode = ['tokenizer', 'encode', '--tokenizer', 'bert-base-uncased'];
    const { code } = await interrupt(encode, 'tokenizing', 'SIGINT', {
      input: shop.path('long.txt'),
    });
    expect(code).toBe(130);
    let sent = false;
    const reading = await shop.nanogpt(['train', ...SMALL, '--data', '-'], {
      input: 'pipe', // that nobody writes to
      watch: () => {},
      started: (child) => {
        setTimeout(() => {
          sent = true;
          child.kill('SIGTERM');
        }, 3000);
      },
    });
    expect([sent, reading.code, reading.stderr]).toEqual([
      true,
      143,
      'nanogpt: reading standard input was stopped\n',
    ]);
  });

  it('ends eval while the text is tokenized again', async () => {
    fs.copyFileSync(shop.path('text.txt'), shop.path('grows.txt'));
    const args = ['--data', 'grows.txt', '--tokenizer', 'bert-base-uncased', '--steps', '2'];
    const made = await shop.nanogpt(['train', ...SMALL, ...args, '--out', 'runs/small']);
    expect(made.code).toBe(0);
    fs.copyFileSync(shop.path('long.txt'), shop.path('grows.txt'));
    const ran = await interrupt(['eval', 'small'], 'tokenizing');
    expect([ran.code, ran.stdout]).toEqual([130, '']);
    expect(ran.stderr).toMatch(/tokenizing was stopped\n$/);
  });
});

describe('a run on standard input', () => {
  it('keeps its text, goes on with it and is measured on it', async () => {
    const text = shop.path('text.txt');
    const args = ['train', ...SMALL.filter((arg) => arg !== 'text.txt' && arg !== '--data')];
    const plain = await shop.json<{ validation: unknown }>([
      'train',
      ...SMALL,
      '--out',
      'runs/plain',
    ]);
    const piped = await shop.json<{ validation: unknown }>(
      [...args, '--data', '-', '--out', 'runs/piped'],
      { input: text },
    );
    expect(piped.validation).toEqual(plain.validation);
    expect(fs.readFileSync(shop.path('runs/piped/text.txt'))).toEqual(fs.readFileSync(text));
    const more = ['--steps', '80'];
    const on = (name: string) =>
      shop.json<{ validation: unknown }>(['train', '--resume', `runs/${name}`, ...more]);
    expect((await on('piped')).validation).toEqual((await on('plain')).validation);
    const scored = await shop.nanogpt(['eval', 'piped']);
    expect([scored.code, scored.stderr]).toEqual([0, '']);

    fs.appendFileSync(shop.path('runs/piped/text.txt'), 'and more');
    const changed = await shop.nanogpt(['eval', 'piped']);
    expect(changed.code).toBe(1);
    expect(changed.stderr).toMatch(/its data has changed/);
    fs.rmSync(shop.path('runs/piped/text.txt'));
    const gone = await shop.nanogpt(['eval', 'piped'], { input: text });
    expect([gone.code, gone.stderr]).toEqual([1, expect.stringMatching(/text\.txt\) is gone/)]);
    const none = await shop.nanogpt([...args, '--data', '-']);
    expect([none.code, none.stderr]).toEqual([
      1,
      'nanogpt: standard input is empty: expected UTF-8 text.\n',
    ]);
  });
});
