/** What a `tokenizer.json` does to a text before it is cut: its `normalizer`. */

import { readCharsmap } from '../sentencepiece/charsmap.js';
import { spellBytes } from './byte-spelling.js';
import { type Fields, type Makers, make, makeEach } from './fields.js';
import { type Pattern, patternOf } from './pattern.js';
import { precompiled } from './precompiled.js';
import { CONTROL, MARK, NONSPACING } from './unicode.js';

export type Normalize = (text: string) => string;

const CONTROLS = new RegExp(`${CONTROL}|\\u{fffd}`, 'gv');
const NONSPACINGS = new RegExp(NONSPACING, 'gv');
const MARKS = new RegExp(MARK, 'gv');
const SPACES = /\p{White_Space}/gu;
const SPACES_AT_START = /^\p{White_Space}+/u;
/** Chinese, Japanese and Korean ideographs as BERT has them. */
const IDEOGRAPHS =
  /[\u{3400}-\u{4dbf}\u{4e00}-\u{9fff}\u{f900}-\u{faff}\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const NMT_REMOVED = /(?![\t\n\f\r\u0080-\u008e\u0090-\u009e])[^\P{Cc}\0]/gu;
const NMT_SPACE = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** What is no base64 comes to no bytes, which are refused as rules. */
function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

const MAKERS: Makers<Normalize> = {
  Sequence: (fields) => {
    const each = makeEach(fields, 'normalizers', MAKERS);
    return (text) => each.reduce((changed, normalize) => normalize(changed), text);
  },
  BertNormalizer: bert,
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (text) => text.replace(MARKS, ''),
  Strip: (fields) => {
    const left = fields.flag('strip_left', true);
    const right = fields.flag('strip_right', true);
    return (text) => {
      const from = left ? text.replace(SPACES_AT_START, '') : text;
      return right ? withoutEnd(from) : from;
    };
  },
  Replace: (fields) => {
    const pattern = patternOf(fields);
    const content = fields.text('content');
    return (text) => replaceAll(text, pattern, content);
  },
  Prepend: (fields) => {
    const prepend = fields.text('prepend');
    return (text) => (text === '' ? text : prepend + text);
  },
  Precompiled: (fields) => {
    const blob = fields.text('precompiled_charsmap');
    return precompiled(readCharsmap(fromBase64(blob)));
  },
  Nmt: () => (text) => text.replace(NMT_REMOVED, '').replace(NMT_SPACE, ' '),
  ByteLevel: (fields) => {
    fields.ignore('add_prefix_space', 'trim_offsets', 'use_regex');
    return spellBytes;
  },
};

/** @param json undefined or null: the text stays as it is. */
export function makeNormalizer(json: unknown): Normalize | undefined {
  return json === undefined || json === null ? undefined : make(json, 'normalizer', MAKERS);
}

/** Devlin et al. 2019; as in BERT's own tokenization.py. */
function bert(fields: Fields): Normalize {
  const cleans = fields.flag('clean_text', true);
  const parts = fields.flag('handle_chinese_chars', true);
  const lowers = fields.flag('lowercase', true);
  const strips = fields.take('strip_accents') === undefined ? lowers : fields.flag('strip_accents');
  return (text) => {
    let out = text;
    if (cleans) out = out.replace(CONTROLS, '').replace(SPACES, ' ');
    if (parts) out = out.replace(IDEOGRAPHS, ' $& ');
    if (strips) out = out.normalize('NFD').replace(NONSPACINGS, '');
    return lowers ? lowercase(out) : out;
  };
}

/** Each character for itself: the end of a word makes no other sigma of it. */
function lowercase(text: string): string {
  return text.includes('\u03a3')
    ? text.replaceAll('\u03a3', '\u03c3').toLowerCase()
    : text.toLowerCase();
}

/** From the end, as a pattern with `$` would try each run of white space in the text. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** `text` with each place where the pattern is found replaced by `content` as it stands. */
export function replaceAll(text: string, pattern: Pattern, content: string): string {
  const places = pattern.findAll(text);
  let out = '';
  let from = 0;
  for (let i = 0; i < places.length; i += 2) {
    out += text.slice(from, places[i]) + content;
    from = places[i + 1]!;
  }
  return from === 0 && places.length === 0 ? text : out + text.slice(from);
}
