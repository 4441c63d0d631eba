/** SentencePiece's normalisation rules as the original library of `tokenizer.json` applies them. */

import type { NormalizationRules } from '../sentencepiece/charsmap.js';
import { NOWHERE, ROOT } from '../sentencepiece/double-array.js';

/** Longer graphemes are looked up character by character. */
const MOST_BYTES = 6;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Each grapheme (what a reader takes for one character), and where no rule begins it, each of its
 * characters, becomes what the shortest rule that begins it says.
 */
export function precompiled(rules: NormalizationRules): (text: string) => string {
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const known = new Map<string, string>();
  const become = (grapheme: string): string => {
    const bytes = encoder.encode(grapheme);
    const whole = bytes.length < MOST_BYTES ? shortestRule(rules, bytes) : undefined;
    if (whole !== undefined) return whole;
    return Array.from(grapheme, (c) => shortestRule(rules, encoder.encode(c)) ?? c).join('');
  };
  return (text) => {
    let out = '';
    for (const { segment } of graphemes.segment(text)) {
      let changed = known.get(segment);
      if (changed === undefined) {
        changed = become(segment);
        if (known.size < 1 << 16) known.set(segment, changed);
      }
      out += changed;
    }
    return out;
  };
}

function shortestRule(rules: NormalizationRules, bytes: Uint8Array): string | undefined {
  let place = ROOT;
  for (const byte of bytes) {
    place = rules.trie.step(place, byte);
    if (place === NOWHERE) return undefined;
    const at = rules.trie.value(place);
    if (at === NOWHERE) continue;
    const end = rules.replacements.indexOf(0, at);
    return decoder.decode(rules.replacements.subarray(at, end < 0 ? undefined : end));
  }
  return undefined;
}
