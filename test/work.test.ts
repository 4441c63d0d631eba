/** Long work in threads: the compiled package, as a program that uses the library has it. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as nanogpt from '../src/index.js';
import type { DataProgress, EncodeOptions, Tokenizer } from '../src/index.js';
import { machine } from '../src/util/atomic-file.js';
import { ROOT } from './run-cli.js';

let library: typeof nanogpt;
let folder: string;
let text: string;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-work-'));
  library = await import(pathToFileURL(path.join(ROOT, 'dist', 'index.js')).href);
  text = (await library.loadText('moby_dick')).text.slice(0, 400_000);
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('encoding in a thread', () => {
  it.each(['char', 'gpt2', 'bert-base-uncased'])('gives the ids of %s', async (name) => {
    const tokenizer = await library.createTokenizer(name, { text: () => text });
    const progress: DataProgress[] = [];
    const ids = await library.encodeAside(tokenizer, text, {
      onProgress: (event) => progress.push(event),
    });
    expect(Buffer.from(ids.buffer).equals(Buffer.from(packed(tokenizer, text).buffer))).toBe(true);
    expect(progress[0]).toEqual({ doing: 'tokenizing', share: undefined });
    expect(progress.at(-1)).toEqual({ doing: 'tokenizing', share: 1 });
  });

  it('passes on the options, and what the tokenizer throws', async () => {
    const gpt2 = await library.createTokenizer('gpt2');
    const long = `${text}<|endoftext|>`;
    for (const options of [{}, { special: true }, { bos: true }] as Omit<
      EncodeOptions,
      'onProgress'
    >[]) {
      const ids = await library.encodeAside(gpt2, long, options);
      expect(ids.at(-1)).toBe(gpt2.encode(long, options).at(-1));
      expect(ids[0]).toBe(gpt2.encode('E', options)[0] === 50_256 ? 50_256 : ids[0]);
    }
    const char = await library.createTokenizer('char', { text: () => text });
    const error = await library.encodeAside(char, `${text}漢`).catch((reason) => reason);
    expect(error).toBeInstanceOf(library.UserError);
    expect(error.message).toMatch(
      /^char: the text has a character that is not among.*'漢' \(U\+6F22\)/,
    );
  });

  it("does somebody's own tokenizer here, whatever it saves", async () => {
    const char = await library.createTokenizer('char', { text: () => text });
    const own = (save: (dir: string) => void) =>
      Object.assign(Object.create(char) as Tokenizer, {
        fingerprint: 'my own',
        encode: (given: string) => new Uint32Array(given.length).fill(7),
        save,
      });
    for (const save of [
      () => {},
      (dir: string) => fs.writeFileSync(path.join(dir, 'mine.json'), '{}'),
      (dir: string) => char.save(dir), // which would come back as another
      () => {
        throw new Error('no');
      },
    ]) {
      const ids = await library.encodeAside(own(save), text);
      expect([ids.length, ids[0]]).toEqual([text.length, 7]);
    }
  });

  it('leaves the event loop free, and ends when it is told to', async () => {
    const bert = await library.createTokenizer('bert-base-uncased');
    const { pid } = spawnSync(process.execPath, ['--version']);
    // What a killed process left is cleared by the next one.
    const orphan = path.join(os.tmpdir(), `nanogpt-tokenizer-${pid}-${machine()}-abcdef`);
    fs.mkdirSync(orphan);
    const stop = new AbortController();
    let isUnderWay = false;
    let ticks = 0;
    let told = 0;
    // Were the loop not free, encoding would be over before it has turned so often.
    const timer = setInterval(() => {
      if (!isUnderWay || ++ticks !== 12) return;
      told = performance.now();
      stop.abort();
    }, 5);
    const onProgress = () => {
      isUnderWay = true;
    };
    const data = path.join(folder, 'long.txt');
    fs.writeFileSync(data, text.repeat(30));
    const loading = library.loadDataset({
      ...{
        data,
        tokenizer: bert,
        tokenCache: path.join(folder, 'ids'),
        signal: stop.signal,
        onProgress,
      },
    });
    await expect(loading).rejects.toThrow(library.StoppedError);
    clearInterval(timer);
    expect(performance.now() - told).toBeLessThan(3000);
    expect(ticks).toBeGreaterThanOrEqual(12);
    expect(fs.existsSync(path.join(folder, 'ids'))).toBe(false);
    expect(tokenizersOnTheWay()).toEqual([]);
    expect(fs.existsSync(orphan)).toBe(false);
    await expect(library.encodeAside(bert, text, { signal: AbortSignal.abort() })).rejects.toThrow(
      'tokenizing was stopped',
    );
  });

  it('counts bytes of a long text as of a short one', async () => {
    const data = path.join(folder, 'book.txt');
    fs.writeFileSync(data, text.repeat(12)); // long enough to be decoded in a thread
    const { splits, info } = await library.loadDataset({
      data,
      tokenizer: 'gpt2',
      tokenCache: null,
    });
    const sizes = Object.values(splits).map(({ bytes }) => bytes);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(info.bytes);
    expect(info.exactBytes).toBe(true);
    const gpt2 = await library.createTokenizer('gpt2');
    expect(Buffer.byteLength(gpt2.decode(splits.test.ids))).toBe(splits.test.bytes);
  });
});

function packed(tokenizer: Tokenizer, of: string): Uint16Array {
  return Uint16Array.from(tokenizer.encode(of)); // all three have fewer than 65,536 tokens
}

function tokenizersOnTheWay(): string[] {
  return fs
    .readdirSync(os.tmpdir())
    .filter((name) => name.startsWith(`nanogpt-tokenizer-${process.pid}-`));
}
