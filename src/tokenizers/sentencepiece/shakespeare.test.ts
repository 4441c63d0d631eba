import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../registry.js';

const path = join(process.env['NANOGPT_DATA_DIR'] ?? '', 'tinyshakespeare.txt');

describe.runIf(existsSync(path))('the shakespeare tokenizer', () => {
  it('is trained once, kept, trained anew where the kept one is broken', async () => {
    const text = () => readFileSync(path, 'utf8');
    const cacheDir = join(mkdtempSync(join(tmpdir(), 'nanogpt-')), 'tokenizers');
    const first = await createTokenizer('shakespeare', { text, cacheDir });
    expect(first.vocabSize).toBe(32_000);
    expect([first.bosId, first.eosId]).toEqual([1, 2]);
    const ids = first.encode(text());
    expect(first.decode(ids)).toBe(text());
    expect(first.encode('First Citizen').length).toBe(2);
    const file = join(cacheDir, readdirSync(cacheDir)[0]!);
    const started = performance.now();
    const again = await createTokenizer('shakespeare', { text, cacheDir });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(again.fingerprint).toBe(first.fingerprint);
    writeFileSync(file, 'broken');
    const anew = await createTokenizer('shakespeare', { text, cacheDir });
    expect(anew.fingerprint).toBe(first.fingerprint);
    expect(readFileSync(file).length).toBeGreaterThan(100_000);
  });
});
