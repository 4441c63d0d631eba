/**
 * Added tokens: spellings that are found in a text before all else and become one id each. Some are
 * looked for in the text as it is, some (`normalized`) in what the normalizer made of it.
 *
 * As the original does it: leftmost and longest first, and a spelling that is found but may not stand
 * there (`single_word`) is passed over as a whole.
 */

import { Trie } from './trie.js';

export interface AddedToken {
  id: number;
  content: string;
  /** Only where no letter, digit or `_` stands beside it. */
  single_word: boolean;
  /** Takes the white space before it. */
  lstrip: boolean;
  /** Takes the white space after it. */
  rstrip: boolean;
  /** Looked for in the normalised text. */
  normalized: boolean;
  special: boolean;
}

/** A stretch of text, or an added token in its place. */
export type Part = string | AddedToken;

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /\p{White_Space}/u;

export class AddedTokens {
  private readonly trie = new Trie();
  private readonly tokens: readonly AddedToken[];

  /** @param normalize what the text that they are looked for in went through. */
  constructor(tokens: readonly AddedToken[], normalize?: (text: string) => string) {
    this.tokens = tokens;
    for (const [i, token] of tokens.entries()) {
      const spelling = normalize?.(token.content) ?? token.content;
      if (spelling !== '') this.trie.add(spelling, i);
    }
  }

  /** Cuts `text` at its added tokens; special tokens that are not allowed are ordinary text. */
  split(text: string, allowed: 'all' | ReadonlySet<string>): Part[] {
    if (this.tokens.length === 0) return text === '' ? [] : [text];
    const parts: Part[] = [];
    let from = 0;
    for (let at = 0; at < text.length; ) {
      const found = this.longestAt(text, at);
      if (!found) {
        at++;
        continue;
      }
      const { token, end } = found;
      at = end;
      if (token.special && allowed !== 'all' && !allowed.has(token.content)) continue;
      let start = end - found.length;
      if (token.single_word && (endsWithWord(text, start) || startsWithWord(text, end))) continue;
      let stop = end;
      if (token.rstrip) while (stop < text.length && SPACE.test(text[stop]!)) stop++;
      if (token.lstrip) {
        while (start > from && SPACE.test(text[start - 1]!)) start--;
        // White space that the token before has taken is not this one's, and may be all that it has.
        start = Math.max(start, from);
        if (start >= stop) continue;
      }
      if (from < start) parts.push(text.slice(from, start));
      parts.push(token);
      from = stop;
    }
    if (from < text.length) parts.push(text.slice(from));
    return parts;
  }

  private longestAt(
    text: string,
    at: number,
  ): { token: AddedToken; end: number; length: number } | undefined {
    const { trie } = this;
    let best = -1;
    let end = at;
    for (let node = 0, i = at; i < text.length; ) {
      node = trie.step(node, text.charCodeAt(i++));
      if (node < 0) break;
      if (trie.value(node) >= 0) {
        best = trie.value(node);
        end = i;
      }
    }
    return best < 0 ? undefined : { token: this.tokens[best]!, end, length: end - at };
  }
}

function startsWithWord(text: string, at: number): boolean {
  return at < text.length && WORD.test(String.fromCodePoint(text.codePointAt(at)!));
}

function endsWithWord(text: string, end: number): boolean {
  if (end === 0) return false;
  const low = text.charCodeAt(end - 1);
  const isPair = low >= 0xdc00 && low <= 0xdfff && end > 1;
  return WORD.test(text.slice(end - (isPair ? 2 : 1), end));
}
