/** Drawn `tokenizer.json`s, with every component and field that the format has, and texts for them. */
import type { Draw } from './draw.js';
import { type Json, makers, TEXT } from './draw-tokenizer-model.js';

export function drawTokenizerJson(draw: Draw): Json {
  const kind = draw.of(['BPE', 'BPE', 'WordPiece', 'WordLevel', 'Unigram', 'Unigram']);
  const maybe = (p: number, make: () => unknown) => (draw.chance(p) ? make() : null);
  const isByteLevel = kind === 'BPE' && draw.chance(0.4);
  const model = makers[kind]!(draw, isByteLevel);
  const pre = maybe(0.8, () => preTokenizer(draw, 0));
  const normal = maybe(0.6, () => normalizer(draw, 0));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(draw, model, normal),
    normalizer: normal,
    pre_tokenizer: withoutFirst(normal, isByteLevel ? withByteLevel(draw, pre) : pre),
    post_processor: null,
    decoder: maybe(0.8, () => (isByteLevel ? { type: 'ByteLevel' } : decoder(draw, 0))),
    model,
  };
}

/**
 * `prepend_scheme: first` goes by where a word's first character came from, to which a normalizer that makes
 * several of one leads every one of them: the original then prepends more than once, or, behind what was
 * replaced, not at all.
 */
function withoutFirst(normal: unknown, pre: unknown): unknown {
  const makesSeveral = /ByteLevel|NF|Bert|Replace/.test(JSON.stringify(normal));
  return makesSeveral ? JSON.parse(JSON.stringify(pre).replaceAll('"first"', '"always"')) : pre;
}

export function anyText(draw: Draw, json: Json): string {
  const spelt = (json['added_tokens'] as { content: string }[]).map((token) => token.content);
  const parts = Array.from({ length: draw.below(14) }, () => {
    if (draw.chance(0.12) && spelt.length > 0) return draw.of(spelt);
    if (draw.chance(0.06))
      return String.fromCodePoint(draw.below(0x2ff) + draw.of([0, 0x370, 0x900, 0x3000]));
    return draw.of(TEXT);
  });
  return parts.join('');
}

export function anyIds(draw: Draw, vocabSize: number): number[] {
  return Array.from({ length: draw.below(20) }, () => draw.below(vocabSize));
}
function addedTokens(draw: Draw, model: Json, normal: unknown): Json[] {
  // A spelling of which the normalizer leaves nothing ends the original's process.
  const mayBeNormalized = !/"(?:Replace|Strip)"/.test(JSON.stringify(normal));
  const vocab = model['vocab'] as Record<string, number> | [string, number][];
  const known = Array.isArray(vocab)
    ? new Map(vocab.map(([token], id) => [token, id]))
    : new Map(Object.entries(vocab));
  let next = known.size;
  const contents = ['<s>', '</s>', '<unk>', '[MASK]', 'ab', '  ', 'É', ' x', 'a b', '<0x41>', '1'];
  return draw
    .shuffled(contents)
    .slice(0, draw.below(5))
    .map((content) => ({
      id: known.get(content) ?? next++,
      content,
      single_word: draw.chance(0.2),
      // White space that is taken twice ends the original's process.
      lstrip: draw.chance(0.2) && content.trim() !== '',
      rstrip: draw.chance(0.2),
      normalized: draw.chance(0.3) && mayBeNormalized,
      special: draw.chance(0.5),
    }));
}
const PATTERNS = [
  String.raw`\s+`,
  String.raw`\w+|[^\w\s]+`,
  String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s*[\r\n]|\s+(?!\S)|\s`,
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String.raw`[\p{L}\p{M}&&[^\p{Han}]]+|\p{Han}`,
  '[[:alpha:]]+|[[:^space:]&&[^a-c]]',
  '(?i)[a-b]+|K|é',
  '(?i:[^a-b])b',
  String.raw`(?>a|ab)c?|[\d.,]{2,}?`,
  String.raw`\p{^Lu}\p{Lu}|\P{L}{2}`,
  String.raw`(a(?i)b|c)|\x{6f22}|[\x41-\x43]|\u00e9`,
  String.raw`[a-c-e\]\-]+|[]b]`,
];

/** Patterns that may find nothing, and find it; replacing that ends the original's process. */
const EMPTY_PATTERNS = [
  String.raw`(?<=\d)(?=\d)|\b`,
  '^.|$',
  String.raw`\h{2}|\R|\A\s|\z`,
  'x{0}a{2}?|b{,2}c',
];

function pattern(draw: Draw, mayBeEmpty = false): Json {
  if (draw.chance(0.3)) return { String: draw.of([' ', 'a', 'ab', '▁', '.', "'", '漢', 'b']) };
  return { Regex: draw.of(mayBeEmpty ? [...PATTERNS, ...EMPTY_PATTERNS] : PATTERNS) };
}

function normalizer(draw: Draw, depth: number): Json {
  const flag = () => draw.chance(0.5);
  const all: (() => Json)[] = [
    () => ({
      type: 'BertNormalizer',
      clean_text: flag(),
      handle_chinese_chars: flag(),
      strip_accents: draw.of([null, true, false]),
      lowercase: flag(),
    }),
    () => ({ type: draw.of(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt']) }),
    () => ({ type: 'Strip', strip_left: flag(), strip_right: flag() }),
    () => ({
      type: 'Replace',
      pattern: pattern(draw),
      content: draw.of(['', '▁', ' ', 'x', '$1']),
    }),
    () => ({ type: 'Prepend', prepend: draw.of(['▁', ' ', 'ab']) }),
    () => ({ type: 'ByteLevel' }),
  ];
  if (depth < 2) {
    all.push(() => ({
      type: 'Sequence',
      normalizers: Array.from({ length: draw.below(4) }, () => normalizer(draw, depth + 1)),
    }));
  }
  return draw.of(all)();
}

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

function metaspace(draw: Draw): Json {
  return {
    type: 'Metaspace',
    replacement: draw.of(['▁', '▁', '_']),
    prepend_scheme: draw.of(['always', 'first', 'never']),
    split: draw.chance(0.6),
  };
}

function preTokenizer(draw: Draw, depth: number): Json {
  const flag = () => draw.chance(0.5);
  const all: (() => Json)[] = [
    () => ({
      type: 'ByteLevel',
      add_prefix_space: flag(),
      trim_offsets: flag(),
      use_regex: flag(),
    }),
    () => metaspace(draw),
    () => ({ type: draw.of(['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit']) }),
    () => ({ type: 'CharDelimiterSplit', delimiter: draw.of([' ', 'a', '漢', '.']) }),
    () => ({ type: 'Digits', individual_digits: flag() }),
    () => ({ type: 'Punctuation', behavior: draw.of(BEHAVIORS) }),
    () => ({
      type: 'Split',
      pattern: pattern(draw, true),
      behavior: draw.of(BEHAVIORS),
      invert: flag(),
    }),
    () => ({ type: 'FixedLength', length: 1 + draw.below(5) }),
  ];
  if (depth < 2) {
    all.push(() => ({
      type: 'Sequence',
      pretokenizers: Array.from({ length: draw.below(4) }, () => preTokenizer(draw, depth + 1)),
    }));
  }
  return draw.of(all)();
}

/** Ends in bytes, which a vocabulary of bytes needs. */
function withByteLevel(draw: Draw, pre: unknown): Json {
  const last = {
    type: 'ByteLevel',
    add_prefix_space: draw.chance(0.3),
    trim_offsets: true,
    use_regex: draw.chance(0.5),
  };
  return pre === null ? last : { type: 'Sequence', pretokenizers: [pre, last] };
}

function decoder(draw: Draw, depth: number): Json {
  const flag = () => draw.chance(0.5);
  const all: (() => Json)[] = [
    () => ({ type: draw.of(['ByteLevel', 'ByteFallback', 'Fuse']) }),
    () => metaspace(draw),
    () => ({ type: 'WordPiece', prefix: '##', cleanup: flag() }),
    () => ({ type: 'BPEDecoder', suffix: draw.of(['</w>', 'a']) }),
    () => ({
      type: 'CTC',
      pad_token: draw.of(['<unk>', 'a']),
      word_delimiter_token: '|',
      cleanup: flag(),
    }),
    () => ({ type: 'Replace', pattern: pattern(draw), content: draw.of(['', ' ', 'x', '$1']) }),
    () => ({ type: 'Strip', content: draw.of([' ', 'a']), start: draw.below(3), stop: 0 }),
  ];
  if (depth < 2) {
    all.push(() => ({
      type: 'Sequence',
      decoders: Array.from({ length: draw.below(4) }, () => decoder(draw, depth + 1)),
    }));
  }
  return draw.of(all)();
}
