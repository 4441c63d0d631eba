import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTokenizer, loadTokenizer } from './registry.js';
import { train } from './sentencepiece/train.js';

describe('createTokenizer', () => {
  it('names the nearest valid name', async () => {
    await expect(createTokenizer('p50kbase')).rejects.toThrow('Did you mean "p50k_base"?');
    await expect(createTokenizer('chars')).rejects.toThrow('Did you mean "char"?');
    await expect(createTokenizer('zzzzzzzzzzzzzzz')).rejects.toThrow(/^(?!.*Did you mean).*char/);
  });

  it("takes the names of OpenAI's models", async () => {
    const encodings = {
      'gpt-4o': 'o200k_base',
      'gpt-4o-2024-08-06': 'o200k_base',
      'o3-mini': 'o200k_base',
      'gpt-4': 'cl100k_base',
      'gpt-4-32k': 'cl100k_base',
      'gpt-3.5-turbo': 'cl100k_base',
      'text-davinci-003': 'p50k_base',
      'text-davinci-edit-001': 'p50k_edit',
      davinci: 'r50k_base',
      'gpt-2': 'gpt2',
      'gpt-oss-120b': 'o200k_harmony',
    };
    for (const [model, encoding] of Object.entries(encodings)) {
      expect((await createTokenizer(model)).name).toBe(encoding);
    }
    await expect(createTokenizer('gpt-6')).rejects.toThrow("one of OpenAI's models (gpt-4o)");
  });

  it('says that char needs a text', async () => {
    await expect(createTokenizer('char')).rejects.toThrow('needs the training text');
  });

  it.skipIf(process.platform === 'win32')('waits for no pipe', async () => {
    const pipe = join(mkdtempSync(join(tmpdir(), 'nanogpt-')), 'pipe.model');
    execFileSync('mkfifo', [pipe]);
    await expect(createTokenizer(pipe)).rejects.toThrow('is a pipe: expected a file');
    await expect(train({ input: [pipe], model_type: 'bpe' })).rejects.toThrow(
      'is a pipe: expected a file',
    );
  });
});

describe('loadTokenizer', () => {
  const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
  const manifest = (content: string) => writeFileSync(join(dir, 'nanogpt-tokenizer.json'), content);

  it('refuses what is not a tokenizer', async () => {
    await expect(loadTokenizer(join(dir, 'none'))).rejects.toThrow('holds no saved tokenizer');
    manifest('{');
    await expect(loadTokenizer(dir)).rejects.toThrow('is not valid JSON');
    manifest('null');
    await expect(loadTokenizer(dir)).rejects.toThrow('does not describe a tokenizer');
    manifest('{"format":"nanogpt-tokenizer","version":2,"kind":"char","name":"char"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('version 2');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"char","name":"char"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('no list of characters');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"rune","name":"rune"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('unknown kind of tokenizer "rune"');
    manifest('{"format":"nanogpt-tokenizer","version":1,"kind":"tiktoken","name":"p51k"}');
    await expect(loadTokenizer(dir)).rejects.toThrow('unknown encoding: p51k');
  });
});
