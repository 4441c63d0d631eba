/** How many bytes of the raw text each split stands for: the unit of bits per byte. */
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { utf8Length } from '../util/utf8-length.js';
import { SPLIT_NAMES, type SplitName } from './split.js';
import type { TokenIds } from './token-ids.js';

export interface SplitBytes {
  readonly bytes: Record<SplitName, number>;
  /** Whether the cuts were found in the text; otherwise the bytes were shared out in proportion. */
  readonly exact: boolean;
}

/** Characters that may be missing at a cut: a space that decoding drops, bytes of a cut character. */
const SLACK = 4;

/**
 * The UTF-8 bytes of the text that each split covers. They sum to those of the whole text.
 *
 * The splits are decoded from the last to the first and found in the text. A character whose tokens lie
 * on both sides of a cut counts as a whole, for the part before it. Where decoding does not give the text back (a
 * tokenizer that lowercases or normalises), the text's bytes are shared out in proportion to the decoded
 * ones, which is close but not exact.
 */
export function splitBytes(
  text: string,
  tokenizer: Pick<Tokenizer, 'decode'>,
  splits: Record<SplitName, TokenIds>,
): SplitBytes {
  const decoded = (name: SplitName) => tokenizer.decode(splits[name]);
  const ends = findCuts(text, [decoded('validation'), decoded('test')]);
  const total = utf8Length(text);
  if (ends !== undefined) {
    const [first, second] = ends;
    const validation = utf8Length(text.slice(first, second));
    const test = utf8Length(text.slice(second));
    return { bytes: { train: total - validation - test, validation, test }, exact: true };
  }
  const parts = SPLIT_NAMES.map((name) => utf8Length(decoded(name)));
  const sum = Math.max(1, parts[0]! + parts[1]! + parts[2]!);
  // The cuts are rounded, not the parts: those might together be more than there is.
  const first = Math.round((total * parts[0]!) / sum);
  const second = Math.round((total * (parts[0]! + parts[1]!)) / sum);
  const bytes = { train: first, validation: second - first, test: total - second };
  return { bytes, exact: false };
}

/** Where the last parts of `text` begin, given what each decodes to; undefined when they do not fit. */
function findCuts(text: string, parts: [string, string]): [number, number] | undefined {
  const cuts: [number, number] = [0, 0];
  let end = text.length;
  for (const k of [1, 0] as const) {
    // What is left of a character that was cut in two decodes to replacement characters.
    const part = parts[k].replace(/^\uFFFD{1,3}/, '').replace(/\uFFFD{1,3}$/, '');
    if (part !== '') {
      let slack = 0;
      while (slack <= SLACK && !text.startsWith(part, end - part.length - slack)) slack++;
      if (slack > SLACK || part.length + slack > end) return undefined;
      end -= part.length + slack;
    }
    cuts[k] = end;
  }
  return cuts;
}
