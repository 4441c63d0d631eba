import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeCached } from './token-cache.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-tokens-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** One id per UTF-16 unit, counting how often it is asked. */
function tokenizer(vocabSize: number, fingerprint = 'f') {
  return {
    vocabSize,
    fingerprint,
    calls: 0,
    encode(text: string): Uint32Array {
      this.calls++;
      return Uint32Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    },
  };
}

function textOf(text: string) {
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}

describe('encodeCached', () => {
  it.each([
    [1000, Uint16Array],
    [2 ** 16, Uint16Array],
    [2 ** 16 + 1, Uint32Array],
  ])('keeps ids of a vocabulary of %i in %o', async (vocabSize, type) => {
    const t = tokenizer(vocabSize);
    const first = await encodeCached(textOf('to be'), t, { folder });
    const second = await encodeCached(textOf('to be'), t, { folder });
    expect([first.cached, second.cached, t.calls]).toEqual([false, true, 1]);
    expect(first.ids).toBeInstanceOf(type);
    expect(second.ids).toEqual(first.ids);
    expect([...second.ids]).toEqual([...'to be'].map((c) => c.charCodeAt(0)));
  });

  it('tells texts and tokenizers apart', async () => {
    const t = tokenizer(1000);
    await encodeCached(textOf('to be'), t, { folder });
    expect((await encodeCached(textOf('to bee'), t, { folder })).cached).toBe(false);
    expect((await encodeCached(textOf('to be'), tokenizer(1000, 'g'), { folder })).cached).toBe(
      false,
    );
    expect((await encodeCached(textOf('to be'), tokenizer(1001), { folder })).cached).toBe(false);
  });

  it('notices every damaged byte and every cut, and mends the file', async () => {
    const t = tokenizer(1000);
    const { ids } = await encodeCached(textOf('to be'), t, { folder });
    const [name] = fs.readdirSync(folder);
    const file = path.join(folder, name!);
    const good = fs.readFileSync(file);
    const expectMended = async (broken: Uint8Array, what: string) => {
      fs.writeFileSync(file, broken);
      const result = await encodeCached(textOf('to be'), t, { folder });
      expect(result.cached, what).toBe(false);
      expect(result.ids, what).toEqual(ids);
      expect(fs.readFileSync(file).equals(good), what).toBe(true);
    };
    for (let at = 0; at < good.length; at++) {
      const broken = Buffer.from(good);
      broken[at]! ^= 0x10;
      await expectMended(broken, `byte ${at} changed`);
      await expectMended(good.subarray(0, at), `cut to ${at} bytes`);
    }
    await expectMended(Buffer.concat([good, good]), 'longer');
    expect(fs.readdirSync(folder)).toEqual([name]);
  });

  it('does not take a file for another that was renamed to its name', async () => {
    const t = tokenizer(1000);
    await encodeCached(textOf('one'), t, { folder });
    const [one] = fs.readdirSync(folder);
    await encodeCached(textOf('two'), t, { folder });
    const two = fs.readdirSync(folder).find((name) => name !== one);
    fs.renameSync(path.join(folder, one!), path.join(folder, two!));
    expect((await encodeCached(textOf('two'), t, { folder })).cached).toBe(false);
  });

  it('goes on without a cache where it cannot write, with a notice, or where none is wanted', async () => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '');
    const t = tokenizer(1000);
    const { ids, notice } = await encodeCached(textOf('to be'), t, { folder: file });
    expect(ids).toHaveLength(5);
    expect(notice).toMatch(/not kept .* a file/);
    expect(await encodeCached(textOf('to be'), t, { folder: null })).toEqual({
      ids,
      cached: false,
    });
    expect(fs.readdirSync(folder)).toEqual(['file']);
  });
});
