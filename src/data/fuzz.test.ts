/**
 * Fuzzing of texts, splits and the token cache: briefly here, at length with NANOGPT_FUZZ=<cases each>:
 *
 *     NANOGPT_FUZZ=100000 npx vitest run -t fuzz
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ByteBpeTokenizer } from '../tokenizers/bytes/trained.js';
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import { joinDocuments, shuffledDocuments } from './documents.js';
import { encodeDocuments } from './encode-documents.js';
import { readFolder, TEXT_EXTENSIONS } from './folder.js';
import { SPLIT_NAMES, type SplitFractions, splitIds } from './split.js';
import { splitBytes } from './split-bytes.js';
import { textOf } from './text-bytes.js';
import { encodeCached } from './token-cache.js';
import { packIds } from './token-ids.js';

const CASES = Number(process.env['NANOGPT_FUZZ'] ?? 60);
const TIMEOUT = 60_000 + CASES * 60;
const runs = { numRuns: CASES };

let folder: string;
let tokenizers: Tokenizer[];
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-fuzz-'));
  const split = String.raw`\p{L}+|\s+|[^\p{L}\s]+`;
  tokenizers = [
    await createTokenizer('gpt2'),
    await createTokenizer('bert-base-uncased'),
    ByteBpeTokenizer.train('to be or not to be, naïve', { vocabSize: 262, split, specials: [] }),
  ];
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Text with what is hard: marks, separators, controls, emoji, several scripts. */
const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom(
    'to be ',
    '\n',
    '\r\n',
    '\uFEFF',
    '\uFFFD',
    '\0',
    '漢字',
    '👩‍👩‍👧',
    'e\u0301',
    '  ',
    '.',
    '\u2028',
  ),
);
const text = fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  text.map((value) => new Uint8Array(Buffer.from(value))),
  fc.tuple(text, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([value, at, byte]) => {
    const all = new Uint8Array(Buffer.from(value));
    if (all.length > 0) all[at % all.length] = byte;
    return all;
  }),
);
const fractions: fc.Arbitrary<SplitFractions> = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20), fc.nat(20))
  .map(([a, b, c]) => [a / (a + b + c), b / (a + b + c), c / (a + b + c)]);

function expected(all: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(all) || undefined;
  } catch {
    return undefined;
  }
}

async function outcome(all: Uint8Array): Promise<string | undefined> {
  try {
    return await textOf(all, 'x');
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).not.toContain('\n');
    return undefined;
  }
}

it('fuzz: bytes become the text that they are, or one line', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (all) => {
      const text = await outcome(all);
      if (text === undefined && /^(?=.*\0)/s.test(expected(all) ?? '')) return; // like UTF-16
      expect(text).toBe(expected(all));
    }),
    runs,
  );
});

it('fuzz: gzip gives its text, and damaged gzip no other one', { timeout: TIMEOUT }, async () => {
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), fc.nat(255), fc.boolean(), async (value, at, xor, cuts) => {
      const whole = gzipSync(value);
      fc.pre(expected(Buffer.from(value)) !== undefined && !value.includes('\0'));
      const right = expected(Buffer.from(value));
      expect(await outcome(whole)).toBe(right);
      const place = 2 + (at % (whole.length - 2)); // without its first two bytes it is no gzip
      const damaged = cuts ? whole.subarray(0, place) : Buffer.from(whole);
      if (!cuts) damaged[place]! ^= xor;
      expect([undefined, right]).toContain(await outcome(damaged));
    }),
    runs,
  );
});

it('fuzz: splits are all of the ids, and bytes all of the text', { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(text, fractions, fc.nat(2), (value, shares, which) => {
      const tokenizer = tokenizers[which]!;
      const ids = packIds(tokenizer, tokenizer.encode(value));
      const splits = splitIds(ids, shares);
      expect(SPLIT_NAMES.flatMap((name) => [...splits[name]])).toEqual([...ids]);
      const { bytes, exact } = splitBytes(value, tokenizer, splits);
      const sizes = SPLIT_NAMES.map((name) => bytes[name]);
      expect(sizes.every((size) => Number.isInteger(size) && size >= 0)).toBe(true);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(Buffer.byteLength(value));
      // Where no character is cut, a split's bytes are those of its own text.
      const decoded = SPLIT_NAMES.map((name) => tokenizer.decode(splits[name]));
      if (exact && decoded.join('') === value && !value.includes('\uFFFD')) {
        expect(sizes).toEqual(decoded.map((part) => Buffer.byteLength(part)));
      }
    }),
    runs,
  );
});

it('fuzz: the cache gives the right ids, whatever became of its file', {
  timeout: TIMEOUT,
}, async () => {
  const cache = path.join(folder, 'tokens');
  const ids = fc.oneof(
    fc.tuple(fc.constant(2 ** 16), fc.array(fc.nat(2 ** 16 - 1), { maxLength: 20 })),
    fc.tuple(fc.constant(200_000), fc.array(fc.nat(199_999), { maxLength: 20 })),
  );
  const change = fc.record({
    how: fc.constantFrom('flip', 'cut', 'longer', 'folder', 'swap', 'none'),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(ids, text, change, async ([vocabSize, list], value, { how, at, by }) => {
      fs.rmSync(cache, { recursive: true, force: true });
      const tokenizer = { vocabSize, fingerprint: 'f', encode: () => Uint32Array.from(list) };
      const source = { text: value, sha256: createHash('sha256').update(value).digest('hex') };
      const load = () => encodeCached(source, tokenizer, { folder: cache });
      await load();
      const file = path.join(cache, fs.readdirSync(cache)[0]!);
      const content = fs.readFileSync(file);
      if (how === 'flip') content[at % content.length]! ^= by;
      if (how === 'swap') content.subarray(80).reverse();
      if (how === 'folder') {
        fs.rmSync(file);
        fs.mkdirSync(file);
      } else {
        const end = how === 'cut' ? at % content.length : content.length;
        fs.writeFileSync(file, content.subarray(0, end));
        if (how === 'longer') fs.appendFileSync(file, content.subarray(0, 1 + (by % 80)));
      }
      const again = await load();
      expect([...again.ids]).toEqual(list);
      if (how === 'none') expect(again.cached).toBe(true);
      if (how === 'flip') expect(again.cached).toBe(false);
    }),
    runs,
  );
});

it('fuzz: documents keep their number, order and boundaries', { timeout: TIMEOUT }, async () => {
  const line = text.map((value) => value.replace(/[\r\n]/g, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), fractions, async (lines, shares) => {
      const all = lines.filter((value) => value !== '');
      if (all.length === 0) {
        expect(() => shuffledDocuments(lines.join('\n'), 'x')).toThrow(UserError);
        return;
      }
      const documents = shuffledDocuments(lines.join('\n'), 'x');
      expect([...documents].sort()).toEqual([...all].sort());
      const tokenizer = tokenizers[2]!;
      const { ids, bytes, info } = await encodeDocuments(documents, tokenizer, shares, {
        folder: null,
      });
      let from = 0;
      for (const name of SPLIT_NAMES) {
        const count = info.splits[name];
        const own = joinDocuments(documents.slice(from, from + count));
        expect(tokenizer.decode(ids[name])).toBe(own);
        expect(bytes[name]).toBe(Buffer.byteLength(own));
        from += count;
      }
      expect(from).toBe(documents.length);
    }),
    runs,
  );
});

it.skipIf(process.platform === 'win32')(
  'fuzz: a folder of any shape is read once, in order, and ends',
  { timeout: TIMEOUT },
  async () => {
    const name = fc.constantFrom(
      'a',
      'b',
      'c.txt',
      'D.MD',
      '.hidden',
      'e.png',
      'ü.txt',
      'f.txt.gz',
    );
    const entry = fc.record({
      at: fc.array(name, { minLength: 1, maxLength: 3 }),
      kind: fc.constantFrom('file', 'file', 'file', 'empty', 'link'),
      text: fc.stringMatching(/^[a-z]{1,5}\n?$/),
      to: fc.constantFrom('.', '..', 'a', '../a', 'c.txt', 'nothing', 'a/b', '../../b'),
    });
    const root = path.join(folder, 'tree');
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 10 }), async (entries) => {
        fs.rmSync(root, { recursive: true, force: true });
        fs.mkdirSync(root);
        let hasLinks = false;
        for (const { at, kind, text, to } of entries) {
          const file = path.join(root, ...at);
          try {
            fs.mkdirSync(path.dirname(file), { recursive: true });
            if (!fs.realpathSync(path.dirname(file)).startsWith(root)) continue; // a link led out
            if (kind === 'link') fs.symlinkSync(to, file);
            else fs.writeFileSync(file, kind === 'empty' ? '' : text, { flag: 'wx' });
            hasLinks ||= kind === 'link';
          } catch {
            // The place is taken.
          }
        }
        const read = await readFolder(root).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UserError);
          return undefined;
        });
        if (hasLinks) return; // that it ends, and how, is all that is asked of it
        const files = fs
          .readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((e) => e.isFile())
          .map((e) => path.relative(root, path.join(e.parentPath, e.name)))
          .filter((f) => !f.split('/').some((part) => part.startsWith('.')))
          .filter((f) =>
            TEXT_EXTENSIONS.includes(path.extname(f.toLowerCase().replace(/\.gz$/, ''))),
          )
          .sort((a, b) => (a < b ? -1 : 1));
        const texts = files.map((f) => fs.readFileSync(path.join(root, f), 'utf8')).filter(Boolean);
        const joined = texts.map((t, i) =>
          i < texts.length - 1 && !t.endsWith('\n') ? `${t}\n` : t,
        );
        expect(read?.text).toBe(texts.length > 0 ? joined.join('') : undefined);
      }),
      runs,
    );
  },
);
