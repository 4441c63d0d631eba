import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildProgram } from './program.js';

const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
const input = join(dir, 'a.txt');
writeFileSync(input, 'low lower lowest\nnew newer newest\n'.repeat(30));

let printed = '';
beforeEach(() => {
  printed = '';
  vi.stubEnv('NANOGPT_CACHE_DIR', join(dir, 'cache'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function nanogpt(...args: string[]): Promise<string> {
  printed = '';
  await buildProgram().parseAsync(['node', 'nanogpt', 'tokenizer', ...args]);
  return printed;
}

describe('nanogpt tokenizer', () => {
  it('trains by either spelling, to the same files', async () => {
    const a = join(dir, 'kebab');
    const b = join(dir, 'pasted');
    await nanogpt('train', '--type', 'bpe', '--input', input, '--vocab-size', '24', '--out', a);
    const pasted = `spm_train --input=${input} --model_type=bpe --required_chars= --vocab_size=24 --model_prefix=${b}`;
    const line = await nanogpt('train', ...pasted.split(' '), '--json');
    expect(JSON.parse(line)).toMatchObject({ type: 'bpe', pieces: 24 });
    expect(readFileSync(`${a}.vocab`, 'utf8')).toBe(readFileSync(`${b}.vocab`, 'utf8'));
    expect(existsSync(`${a}.model`)).toBe(true);
  });

  it('encodes and decodes', async () => {
    const folder = join(dir, 'bytes');
    const several = ['--input', input, input, '--vocab-size', '280', '--out', folder];
    await nanogpt('train', '--type', 'byte-level', ...several);
    const ids = (await nanogpt('encode', '--tokenizer', folder, 'lower newest')).trim();
    expect(await nanogpt('decode', '--tokenizer', folder, ...ids.split(' '))).toBe(
      'lower newest\n',
    );
    const json = JSON.parse(await nanogpt('encode', '--tokenizer', folder, 'low', '--json'));
    expect(json.tokens.join('')).toBe('low');
    expect(json.ids.join(' ')).toBe((await nanogpt('encode', '--tokenizer', folder, 'low')).trim());
  });

  it('inspects several side by side, and writes the page', async () => {
    const html = join(dir, 'page.html');
    const both = ['--tokenizer', 'char', '--tokenizer', 'gpt2', '--data', input];
    const text = await nanogpt('inspect', ...both, '--word', 'lowest', '--html', html);
    expect(text).toContain('never used');
    expect(readFileSync(html, 'utf8')).toContain('<!doctype html>');
    const { tokenizers } = JSON.parse(
      await nanogpt('inspect', ...both, '--word', 'lowest', '--json'),
    );
    expect(tokenizers.map((t: { name: string }) => t.name)).toEqual(['char', 'gpt2']);
  });

  it('reads special tokens as asked', async () => {
    const text = '<|endoftext|>';
    const encode = (...args: string[]) => nanogpt('encode', '--tokenizer', 'gpt2', text, ...args);
    expect(await encode()).not.toBe('50256\n');
    expect(await encode('--special')).toBe('50256\n');
    expect(await encode('--allowed-special', text)).toBe('50256\n');
    expect(await encode('--allowed-special', 'all')).toBe('50256\n');
    await expect(encode('--disallowed-special', 'all')).rejects.toThrow('disallowed special token');
    await expect(encode('--allowed-special', '<s>')).rejects.toThrow('is not a special token');
  });

  it('trains on compressed files and on standard input', async () => {
    const packed = join(dir, 'a.txt.gz');
    writeFileSync(packed, gzipSync(readFileSync(input)));
    for (const type of ['bpe', 'byte-level']) {
      const size = type === 'bpe' ? '24' : '280';
      const train = async (from: string, out: string) => {
        await nanogpt('train', '--type', type, '--input', from, '--vocab-size', size, '--out', out);
        return readFileSync(type === 'bpe' ? `${out}.vocab` : join(out, 'tokenizer.json'), 'utf8');
      };
      const plain = await train(input, join(dir, `${type}-plain`));
      expect(await train(packed, join(dir, `${type}-packed`))).toBe(plain);
      const broken = join(dir, 'broken.gz');
      writeFileSync(broken, 'no gzip');
      await expect(train(broken, join(dir, 'none'))).rejects.toThrow('cannot read');
    }
  });

  it('refuses wrong usage', async () => {
    const train = (...args: string[]) => expect(nanogpt('train', ...args)).rejects;
    await train('--type', 'bpee', '--input', input).toThrow('Did you mean "bpe"?');
    await train('--input', input, '--out', dir).toThrow(
      '--type is needed: --type bpe or byte-level. Without it, spm_train trains unigram',
    );
    await train('--type', 'bpe', '--input', input).toThrow('--out is needed');
    await train('--type', 'bpe', '--vocabsize', '3', '--out', dir).toThrow('--vocab_size?');
    await train('--type', 'byte-level', '--patern', 'x').toThrow('Did you mean "pattern"?');
    await train('--preset', 'shakspeare', '--out', dir).toThrow('Did you mean "shakespeare"?');
    await expect(nanogpt('decode', '--tokenizer', 'gpt2', 'x')).rejects.toThrow('got "x"');
    await expect(nanogpt('encode', '--tokenizer', 'gpt3', 'x')).rejects.toThrow('"gpt2"');
  });
});
