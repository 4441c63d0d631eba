/** Drawn models of a `tokenizer.json`: every type that the format has, on few letters. */
import type { Draw } from './draw.js';

export const LETTERS = [
  ...'abcdeABC',
  "'",
  '.',
  ',',
  '!',
  '-',
  '1',
  '2',
  '_',
  'é',
  'ß',
  'σ',
  '漢',
  '字',
  '𠀀',
  '😀',
];
const MARKS = ['▁', '##', ' ', 'Ġ', '\u0301', '\u0085', '\ufeff', '\u00a0', '\n', '|', '</w>'];

/** What texts are made of: letters, odd white space, marks, other scripts, special spellings. */
export const TEXT = [
  ...LETTERS,
  ...[
    ' ',
    ' ',
    ' ',
    '  ',
    '\n',
    '\t',
    '\r\n',
    '\u0085',
    '\ufeff',
    '\u00a0',
    '\u3000',
    '\u200b',
    '\u2028',
  ],
  ...[
    '\u0000',
    '\u0007',
    '\u00ad',
    '\u0301',
    '\u0327',
    'ﬁ',
    'ﬀ',
    '½',
    'Å',
    'İ',
    'ı',
    'Σ',
    'ſ',
    'K',
    'ǅ',
    'ⅷ',
  ],
  ...[
    'हि',
    'ก็',
    '한',
    '가',
    '👩‍👩‍👧',
    '🇫🇷',
    '𝒳',
    '𐐀',
    '\ufffd',
    '▁',
    'Ġ',
    '٣',
    '़',
    '״',
    '。',
    '、',
    '～',
    '$',
    '^',
  ],
  ...[
    "don't",
    "I'LL",
    "we've",
    'do not',
    'ab',
    'abab',
    'aaaa',
    '<s>',
    '</s>',
    '<unk>',
    '[MASK]',
    '<0x41>',
  ],
];
export type Json = Record<string, unknown>;
const bytesNames = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** GPT-2's spelling of the bytes. */
const SPELT = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) =>
    String.fromCharCode((b >= 33 && b <= 126) || (b >= 161 && b !== 173 && b <= 255) ? b : next++),
  );
})();

export const makers: Record<string, (draw: Draw, isByteLevel: boolean) => Json> = {
  BPE(draw, isByteLevel) {
    const prefix = draw.chance(0.15) ? '##' : '';
    const suffix = draw.chance(0.15) ? '</w>' : '';
    const starts = isByteLevel
      ? SPELT
      : draw.shuffled([...LETTERS, ...MARKS]).slice(0, 8 + draw.below(24));
    const tokens = new Set<string>(['<unk>', ...starts]);
    for (const start of starts) {
      if (prefix !== '') tokens.add(prefix + start);
      if (suffix !== '') tokens.add(start + suffix);
      if (prefix !== '' && suffix !== '') tokens.add(prefix + start + suffix);
    }
    const byteFallback = draw.chance(0.4);
    if (byteFallback) for (const name of bytesNames) if (draw.chance(0.999)) tokens.add(name);
    const merges: [string, string][] = [];
    const pool = [...tokens].filter((token) => token !== '<unk>' && !token.startsWith('<0x'));
    for (let i = draw.below(40); i > 0; i--) {
      const left = draw.of(pool);
      const right = draw.of(pool);
      if (prefix !== '' && !right.startsWith(prefix)) continue;
      if (merges.some(([a, b]) => a === left && b === right)) continue;
      const token = left + right.slice(prefix.length);
      merges.push([left, right]);
      tokens.add(token);
      pool.push(token);
    }
    return {
      type: 'BPE',
      dropout: null,
      unk_token: draw.chance(0.8) ? '<unk>' : null,
      continuing_subword_prefix: prefix || null,
      end_of_word_suffix: suffix || null,
      fuse_unk: draw.chance(0.5),
      byte_fallback: byteFallback,
      ignore_merges: draw.chance(0.3),
      vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
      merges,
    };
  },
  WordPiece(draw) {
    const prefix = draw.chance(0.8) ? '##' : '';
    const tokens = new Set(['[UNK]', '<s>']);
    for (const letter of LETTERS) if (draw.chance(0.8)) tokens.add(letter).add(prefix + letter);
    for (let i = draw.below(30); i > 0; i--) {
      const word = Array.from({ length: 1 + draw.below(4) }, () => draw.of(LETTERS)).join('');
      tokens.add(draw.chance(0.5) ? word : prefix + word);
    }
    return {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: draw.of([100, 100, 4]),
      vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
    };
  },
  WordLevel(draw) {
    const tokens = new Set(['<unk>', 'a', 'b', 'ab', 'don', 't', "'", '▁a', '▁', '漢']);
    for (let i = draw.below(20); i > 0; i--)
      tokens.add(draw.of(TEXT) + (draw.chance(0.3) ? draw.of(TEXT) : ''));
    return {
      type: 'WordLevel',
      unk_token: '<unk>',
      vocab: Object.fromEntries([...tokens].map((token, id) => [token, id])),
    };
  },
  Unigram(draw) {
    const tokens = new Set(['<unk>', '<s>']);
    for (const letter of [...LETTERS, '▁', ' ']) if (draw.chance(0.7)) tokens.add(letter);
    for (let i = draw.below(40); i > 0; i--) {
      tokens.add(
        Array.from({ length: 2 + draw.below(3) }, () => draw.of([...LETTERS, '▁'])).join(''),
      );
    }
    const byteFallback = draw.chance(0.4);
    if (byteFallback) for (const name of bytesNames) if (draw.chance(0.999)) tokens.add(name);
    // Few different scores, so that ties are frequent.
    const vocab = [...tokens].map((token, id) => [token, id < 2 ? 0 : -(1 + draw.below(12)) / 4]);
    return { type: 'Unigram', unk_id: 0, vocab, byte_fallback: byteFallback };
  },
};
