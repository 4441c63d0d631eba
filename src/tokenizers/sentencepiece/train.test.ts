import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseOptions } from './spec.js';
import { train } from './train.js';
import { trainToFiles } from './train-aside.js';

const goldens = join(import.meta.dirname, '../../../test/goldens/tokenizers');
const data = process.env['NANOGPT_DATA_DIR'] ?? '';
const paths: Record<string, string> = {
  'corpus.txt': join(goldens, 'corpus.txt'),
  'ideographs.txt': join(goldens, 'ideographs.txt'),
  'names.txt': join(data, 'names.txt'),
  'tinyshakespeare.txt': join(data, 'tinyshakespeare.txt'),
};

interface Case {
  corpus: string;
  options: string;
  sha256?: string;
  lines?: number;
  refusal?: string;
}
const cases: Case[] = JSON.parse(readFileSync(join(goldens, 'vocab-hashes.json'), 'utf8'));

const run = (options: string, input: string, prefix = '') =>
  train({ ...parseOptions(options.split(' ').filter(Boolean)).settings, ...base(input, prefix) });
const base = (input: string, prefix: string) => ({
  input: [input],
  model_type: 'bpe',
  model_prefix: prefix,
});
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const scratch = () => mkdtempSync(join(tmpdir(), 'nanogpt-'));

describe('training equals spm_train, by recorded hashes', () => {
  for (const { corpus, options, sha256: hash, lines, refusal } of cases) {
    const path = paths[corpus]!;
    it.runIf(existsSync(path))(`${corpus} ${options}`, async () => {
      if (refusal) {
        await expect(run(options, path)).rejects.toThrow(refusal);
        return;
      }
      const { vocab } = await run(options, path);
      expect(vocab.split('\n').length - 1).toBe(lines);
      expect(sha256(vocab)).toBe(hash);
    });
  }
});

const hasOriginal = spawnSync('spm_train', ['--version']).status === 0;

describe.runIf(hasOriginal)('training equals spm_train, live', () => {
  const dir = scratch();
  const both = async (options: string, input: string) => {
    const prefix = join(dir, 'm');
    const args = options.split(' ').filter(Boolean);
    const fixed = ['--model_type=bpe', `--input=${input}`, `--model_prefix=${prefix}`];
    const original = spawnSync('spm_train', [...fixed, ...args]);
    const ours = await run(options, input, prefix);
    // The original crashes where all pairs are used up just at a hundredth piece.
    if (original.signal === 'SIGSEGV') return { ours, vocab: Buffer.from(ours.vocab) };
    expect(original.status).toBe(0);
    return { ours, model: readFileSync(`${prefix}.model`), vocab: readFileSync(`${prefix}.vocab`) };
  };

  it('writes the same .vocab and, without rules compiled in, the same .model byte for byte', async () => {
    const options =
      '--vocab_size=1200 --normalization_rule_name=identity --byte_fallback --pad_id=3';
    const { ours, model, vocab } = await both(options, paths['corpus.txt']!);
    expect(ours.vocab).toBe(vocab.toString('utf8'));
    expect(Buffer.compare(ours.model, model!)).toBe(0);
  });

  it('counts lines of a table by their numbers', async () => {
    const input = join(dir, 'words.tsv');
    writeFileSync(input, 'low\t5\nlower\t2\nnewest\t6\nwidest\t3\n');
    const options = '--input_format=tsv --vocab_size=30 --hard_vocab_limit=false';
    const { ours, vocab } = await both(options, input);
    expect(ours.vocab).toBe(vocab.toString('utf8'));
  });

  it('agrees on many small random corpora, where nearly everything is a tie', async () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * n);
    };
    for (let round = 0; round < 25; round++) {
      const letters = 2 + random(6);
      const line = () =>
        Array.from({ length: 1 + random(12) }, () =>
          Array.from({ length: 1 + random(9) }, () => 'abcdefgh'[random(letters)]).join(''),
        ).join(' ');
      const input = join(dir, `r${round}.txt`);
      writeFileSync(input, `${Array.from({ length: 40 + random(150) }, line).join('\n')}\n`);
      const options = `--vocab_size=${60 + random(3000)} --hard_vocab_limit=false`;
      const { ours, vocab } = await both(options, input);
      expect(ours.vocab).toBe(vocab.toString('utf8'));
    }
  });
});

describe('training refuses', () => {
  const dir = scratch();
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(dir, name);
    writeFileSync(path, content);
    return path;
  };

  it('an empty corpus, a missing file, a file that is not UTF-8', async () => {
    await expect(run('--vocab_size=100', file('empty', ''))).rejects.toThrow('corpus is empty');
    await expect(run('--vocab_size=100', file('blank', '\n\n\n'))).rejects.toThrow(
      'corpus is empty',
    );
    await expect(run('--vocab_size=100', join(dir, 'none'))).rejects.toThrow('cannot read');
    const bad = Uint8Array.of(0x61, 0x62, 0xc3, 0x28, 0x61);
    await expect(run('--vocab_size=100', file('bad', bad))).rejects.toThrow('not UTF-8 (byte 2)');
    const late = Buffer.concat([Buffer.from('é漢🙂\n'.repeat(999)), Uint8Array.of(0xff)]);
    await expect(run('--vocab_size=100', file('late', late))).rejects.toThrow(
      `not UTF-8 (byte ${late.length - 1})`,
    );
  });

  it('settings that contradict each other', async () => {
    const input = file('text', 'a b c\n'.repeat(20));
    const wrong = (options: string) => expect(run(options, input)).rejects;
    await wrong('--vocab_size=5').toThrow('smaller than required_chars. 5 vs 7');
    await wrong('--vocab_size=0').toThrow('vocab_size: expected a number from 1');
    await wrong('--character_coverage=0.5').toThrow('character_coverage');
    await wrong('--unk_id=-1').toThrow('<unk> must be defined');
    await wrong('--bos_id=0').toThrow('bos_id 0 is already that of <unk>');
    await wrong('--user_defined_symbols=x,x').toThrow('x is already defined.');
    await wrong('--user_defined_symbols=<unk>').toThrow('must not be defined');
    await wrong('--normalization_rule_name=nfkc_cf').toThrow('expected identity or nmt_nfkc');
    await expect(train({ input: [input], model_type: 'unigram', vocab_size: 20 })).rejects.toThrow(
      'trains bpe only',
    );
  });

  it('to write where nothing can be written', async () => {
    const input = file('text2', 'a b c\n'.repeat(20));
    const settings = { input: [input], model_type: 'bpe', vocab_size: 7 };
    const inFile = { ...settings, model_prefix: join(input, 'm') };
    await expect(trainToFiles(inFile)).rejects.toThrow('cannot write');
    const prefix = join(dir, 'new-folder', 'm');
    await trainToFiles({ ...settings, model_prefix: prefix });
    expect(readFileSync(`${prefix}.vocab`, 'utf8')).toMatch(/^<unk>\t0\n<s>\t0\n<\/s>\t0\n/);
    expect(readdirSync(join(dir, 'new-folder')).sort()).toEqual(['m.model', 'm.vocab']);
  });
});
