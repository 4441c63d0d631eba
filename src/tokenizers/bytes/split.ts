/**
 * The patterns by which the GPT family cuts a text into words before any merging.
 *
 * They are written for engines where `\s` is Unicode's White_Space. JavaScript's `\s` differs in two
 * characters (it has U+FEFF and lacks U+0085), so `\p{White_Space}` stands here in its place. And `s`
 * without regard to case is, by Unicode's folding, also `ſ` (U+017F).
 *
 * The end of the text is `(?![\s\S])`, since `$` is the end of a line to Oniguruma, which Hugging Face's
 * library uses.
 *
 * Source: tiktoken, `tiktoken_ext/openai_public.py`; Radford et al. 2019, §2.2, for the idea.
 */

const W = String.raw`\p{White_Space}`;
const NOT_W = String.raw`\P{White_Space}`;
const ENDING = `'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;

/** GPT-2: `gpt2`, `r50k_base`, `p50k_base`. */
export const GPT2_SPLIT = [
  `'(?:[sdmt]|ll|ve|re)`,
  String.raw` ?\p{L}+`,
  String.raw` ?\p{N}+`,
  String.raw` ?[^${W}\p{L}\p{N}]+`,
  `${W}+(?!${NOT_W})`,
  `${W}+`,
].join('|');

/** GPT-4: `cl100k_base`. Numbers fall into groups of at most three digits, lines keep their break. */
export const GPT4_SPLIT = [
  ENDING,
  String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^${W}\p{L}\p{N}]+[\r\n]*`,
  String.raw`${W}+(?![\s\S])`,
  String.raw`${W}*[\r\n]`,
  `${W}+(?!${NOT_W})`,
  W,
].join('|');

/** GPT-4o: `o200k_base`. Words also break where case says so. */
export const GPT4O_SPLIT = [
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+(?:${ENDING})?`,
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*(?:${ENDING})?`,
  String.raw`\p{N}{1,3}`,
  String.raw` ?[^${W}\p{L}\p{N}]+[\r\n/]*`,
  String.raw`${W}*[\r\n]+`,
  `${W}+(?!${NOT_W})`,
  `${W}+`,
].join('|');
