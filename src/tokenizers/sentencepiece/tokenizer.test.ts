import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../util/errors.js';
import { loadTokenizer } from '../registry.js';
import { PieceType } from './piece-type.js';
import { readModel, writeModel } from './schema.js';
import { SentencePieceTokenizer } from './tokenizer.js';
import { train } from './train.js';

const goldens = join(import.meta.dirname, '../../../test/goldens/tokenizers');

interface Golden {
  model: string;
  text: string;
  ids: number[];
  decoded: string;
  /** Piece, first and last code point of the text. */
  pieces: [string, number, number][];
  drawn: number[];
  drawnDecoded: string;
}

/** What the original made of a text, against ours: ids, pieces, offsets, text back, any ids to text. */
function check(tokenizer: SentencePieceTokenizer, golden: Golden): void {
  const units: number[] = [];
  let unit = 0;
  for (const character of golden.text) {
    units.push(unit);
    unit += character.length;
  }
  units.push(unit);
  expect([...tokenizer.encode(golden.text)]).toEqual(golden.ids);
  const pieces = tokenizer.encodeWithOffsets(golden.text);
  expect(pieces.map((p) => [p.piece, p.begin, p.end])).toEqual(
    golden.pieces.map(([piece, begin, end]) => [piece, units[begin], units[end]]),
  );
  expect(tokenizer.decode(golden.ids)).toBe(golden.decoded);
  expect(tokenizer.decode(golden.drawn)).toBe(golden.drawnDecoded);
  const stream = tokenizer.decodeStream();
  expect(golden.drawn.map((id) => stream.push(id)).join('') + stream.end()).toBe(
    golden.drawnDecoded,
  );
}

describe('encoding and decoding equal the original', () => {
  const lines = readFileSync(join(goldens, 'encodings.jsonl'), 'utf8').trimEnd().split('\n');
  const all: Golden[] = lines.map((line) => JSON.parse(line));
  it.each([...new Set(all.map((g) => g.model))])('%s', (name) => {
    const tokenizer = SentencePieceTokenizer.fromFile(join(goldens, `${name}.model`));
    for (const golden of all) if (golden.model === name) check(tokenizer, golden);
  });

  const python = '/usr/bin/python3';
  const hasOriginal = spawnSync(python, ['-c', 'import sentencepiece']).status === 0;
  const count = Number(process.env['NANOGPT_FUZZ'] ?? 3000);
  it.runIf(hasOriginal)(`${count} fuzzed texts, live`, { timeout: 600_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
    const models = ['bpe-bytes', 'bpe-suffix', 'bpe-lines', 'unigram', 'unigram-bytes'].map(
      (name) => join(goldens, `${name}.model`),
    );
    // With nmt_nfkc compiled in by us, read by the original.
    const trained = await train({
      input: [join(goldens, 'corpus.txt')],
      model_type: 'bpe',
      vocab_size: 1200,
    });
    const own = join(dir, 'nfkc.model');
    writeFileSync(own, trained.model);
    const script = join(goldens, 'make-goldens.py');
    const args = ['-B', script, 'fuzz', String(count), '3', own, ...models];
    const result = spawnSync(python, args, { maxBuffer: 2 ** 30, encoding: 'utf8' });
    expect(result.status).toBe(0);
    const tokenizers = new Map(
      [own, ...models].map((path) => [path, SentencePieceTokenizer.fromFile(path)]),
    );
    for (const line of result.stdout.trimEnd().split('\n')) {
      const golden: Golden = JSON.parse(line);
      check(tokenizers.get(golden.model)!, golden);
    }
  });
});

const small = () => SentencePieceTokenizer.fromFile(join(goldens, 'bpe-bytes.model'), 'small');

describe('the interface', () => {
  it('adds begin and end, and reads control pieces only when asked', () => {
    const tokenizer = small();
    const ids = [...tokenizer.encode('eta')];
    expect([...tokenizer.encode('eta', { bos: true, eos: true })]).toEqual([1, ...ids, 2]);
    expect([...tokenizer.encode('<s>')]).not.toContain(1);
    expect([...tokenizer.encode('<s>eta', { special: true })]).toEqual([1, ...ids]);
    expect(() => tokenizer.decode([tokenizer.vocabSize])).toThrow('out of range');
    expect(tokenizer.tokenToString(1)).toBe('<s>');
    expect(tokenizer.tokenToString(3)).toBe('<0x00>');
  });

  it('comes back to any text, by stream as well', () => {
    const tokenizer = small();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (raw) => {
        const text = raw.replaceAll('\u2581', ' ');
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        const stream = tokenizer.decodeStream();
        expect(Array.from(ids, (id) => stream.push(id)).join('') + stream.end()).toBe(text);
      }),
    );
    expect(tokenizer.encode('a\ud800')).toEqual(tokenizer.encode('a\ufffd'));
  });

  it('is saved and loaded', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nanogpt-'));
    const tokenizer = small();
    tokenizer.save(dir);
    const loaded = await loadTokenizer(dir);
    expect(loaded.fingerprint).toBe(tokenizer.fingerprint);
    expect(loaded.encode('an etaoin')).toEqual(tokenizer.encode('an etaoin'));
  });
});

describe('broken models', () => {
  const bytes = readFileSync(join(goldens, 'bpe-bytes.model'));
  const open = (content: Uint8Array) => new SentencePieceTokenizer(content, 'x.model');

  it('are refused wherever they are cut', () => {
    for (let length = 0; length < bytes.length - 1; length += 97) {
      expect(() => open(bytes.subarray(0, length))).toThrow(UserError);
    }
  });

  it('are refused for what is wrong with them', () => {
    const model = readModel(bytes, 'x');
    const written = (
      change: (pieces: { piece: string; score: number; type: number }[]) => void,
    ) => {
      const pieces = model.pieces.map(({ piece, score, type }) => ({ piece, score, type }));
      change(pieces);
      const trainerSpec = { modelType: 2, byteFallback: true };
      return () => open(writeModel({ pieces, trainerSpec, normalizerSpec: {} }));
    };
    expect(written(() => {})).not.toThrow();
    expect(written((p) => void (p[0]!.type = PieceType.CONTROL))).toThrow('unk is not defined');
    expect(written((p) => void (p[1]!.type = PieceType.UNKNOWN))).toThrow('unk is already defined');
    expect(written((p) => void (p[300]!.piece = p[301]!.piece))).toThrow('is already defined');
    expect(written((p) => void (p[300]!.piece = ''))).toThrow('piece 300 is empty');
    expect(written((p) => void (p[300]!.score = Number.NaN))).toThrow('not a number');
    expect(written((p) => void (p[300]!.type = 9))).toThrow('unknown type 9');
    expect(written((p) => void p.splice(10, 1))).toThrow('not 256 byte pieces');
    const gigabytes = Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x61);
    expect(() => open(gigabytes)).toThrow('is not a SentencePiece model');
  });

  it('are refused or used, but never hang or crash, when bytes are changed at random', () => {
    const started = performance.now();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const changed = Uint8Array.from(bytes);
          for (const [at, byte] of changes) changed[at] = byte;
          try {
            const tokenizer = open(changed);
            tokenizer.decode(tokenizer.encode('eta ☃ \u0301'));
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
