/** Finds the longest of a few strings that a text has at a given place, in UTF-8. */

import { DoubleArray, NOWHERE, ROOT } from './double-array.js';
import { compareBytes } from './utf8.js';

export class PrefixMatcher {
  private readonly trie: DoubleArray | undefined;

  constructor(strings: readonly string[]) {
    const encoder = new TextEncoder();
    const keys = [...new Set(strings)].filter((s) => s !== '' && !s.includes('\0'));
    const bytes = keys.map((s) => encoder.encode(s)).sort(compareBytes);
    this.trie =
      bytes.length > 0
        ? DoubleArray.build(
            bytes,
            bytes.map(() => 0),
          )
        : undefined;
  }

  /** Bytes of the longest match at `at`; 0 if there is none. */
  longest(text: Uint8Array, at: number): number {
    if (!this.trie) return 0;
    let length = 0;
    let place = ROOT;
    for (let i = at; i < text.length; i++) {
      place = this.trie.step(place, text[i]!);
      if (place === NOWHERE) break;
      if (this.trie.value(place) !== NOWHERE) length = i + 1 - at;
    }
    return length;
  }
}
