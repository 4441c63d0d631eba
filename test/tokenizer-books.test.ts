/** Tokenizers on whole books, beside the programs that they must agree with. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as gptTokenizer from 'gpt-tokenizer/encoding/p50k_base';
import { getEncoding } from 'js-tiktoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadText } from '../src/data/index.js';
import { createTokenizer } from '../src/tokenizers/index.js';
import { ROOT } from './run-cli.js';

const shakespeare = path.join(process.env['NANOGPT_DATA_DIR'] ?? '', 'tinyshakespeare.txt');
const books: [string, () => Promise<string>][] = [
  ['Moby Dick', async () => (await loadText('moby_dick')).text],
];
if (existsSync(shakespeare)) {
  books.push(['tiny_shakespeare', async () => readFileSync(shakespeare, 'utf8')]);
}

it.each(books)(
  'p50k_base: %s, as js-tiktoken and gpt-tokenizer',
  async (_, read) => {
    const text = await read();
    const ids = (await createTokenizer('p50k_base')).encode(text);
    expect(ids.length).toBeGreaterThan(250_000);
    expect(ids).toEqual(Uint32Array.from(getEncoding('p50k_base').encode(text)));
    expect(ids).toEqual(Uint32Array.from(gptTokenizer.encode(text)));
  },
  60_000,
);

const python = '/usr/bin/python3';
const hasOriginal =
  spawnSync('spm_train', ['--version']).status === 0 &&
  spawnSync(python, ['-c', 'import sentencepiece']).status === 0;

/** What the original made of a list of texts. */
interface Encoded {
  ids: number[][];
  decoded: string[];
}

describe.runIf(hasOriginal)('SentencePiece, live', () => {
  const models = {
    'BPE with byte fallback':
      '--model_type=bpe --vocab_size=8000 --byte_fallback --split_digits ' +
      '--normalization_rule_name=identity --remove_extra_whitespaces=false ' +
      '--allow_whitespace_only_pieces',
    'BPE with nmt_nfkc': '--model_type=bpe --vocab_size=8000',
    'unigram with nmt_nfkc': '--model_type=unigram --vocab_size=4000',
    'unigram with byte fallback':
      '--model_type=unigram --vocab_size=4000 --byte_fallback --normalization_rule_name=identity ' +
      '--remove_extra_whitespaces=false',
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'nanogpt-'));
  const file = (book: string) => path.join(folder, `${book}.txt`);
  beforeAll(async () => {
    for (const [book, read] of books) writeFileSync(file(book), await read());
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // Trained on one book only: the other has characters that the models do not know.
  it.each(Object.entries(models))('%s', { timeout: 180_000 }, async (name, options) => {
    const prefix = path.join(folder, name);
    const input = [`--input=${file('Moby Dick')}`, `--model_prefix=${prefix}`];
    expect(spawnSync('spm_train', [...input, ...options.split(' ')]).status).toBe(0);
    const tokenizer = await createTokenizer(`${prefix}.model`);
    const script = path.join(ROOT, 'test/goldens/tokenizers/make-goldens.py');
    for (const [book] of books) {
      const { status, stdout } = spawnSync(
        python,
        ['-B', script, 'book', file(book), `${prefix}.model`],
        { encoding: 'utf8', maxBuffer: 2 ** 28 },
      );
      expect(status).toBe(0);
      const text = readFileSync(file(book), 'utf8');
      const original: Record<'whole' | 'lines', Encoded> = JSON.parse(stdout);
      for (const [parts, { ids, decoded }] of [
        [[text], original.whole],
        [text.split('\n'), original.lines],
      ] as const) {
        expect(parts.length).toBe(ids.length);
        const differing = parts.findIndex((part, i) => {
          const ours = tokenizer.encode(part);
          const isSame =
            ours.length === ids[i]!.length && ours.every((id, at) => id === ids[i]![at]);
          return !isSame || tokenizer.decode(ids[i]!) !== decoded[i];
        });
        expect(differing === -1 ? '' : parts[differing]!.slice(0, 200)).toBe('');
      }
    }
  });
});
