import { describe, expect, it } from 'vitest';
import { type NormalizationRules, readCharsmap } from './charsmap.js';
import { NOWHERE, ROOT } from './double-array.js';
import { nmtNfkcMap } from './nmt-nfkc.js';
import { createNormalizer } from './normalizer.js';
import { nmtNfkcRules } from './precompiled.js';

function rulesIn({ trie, replacements }: NormalizationRules): Map<string, string> {
  const map = new Map<string, string>();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const walk = (place: number, key: number[]): void => {
    for (let byte = 1; byte < 256; byte++) {
      const next = trie.step(place, byte);
      if (next === NOWHERE) continue;
      const path = [...key, byte];
      const value = trie.value(next);
      if (value !== NOWHERE) {
        const end = replacements.indexOf(0, value);
        const replacement = decoder.decode(replacements.subarray(value, end));
        map.set(decoder.decode(Uint8Array.from(path)), replacement);
      }
      walk(next, path);
    }
  };
  walk(ROOT, []);
  return map;
}

describe('nmt_nfkc', () => {
  it('is made anew to the same rules', () => {
    const kept = rulesIn(nmtNfkcRules());
    const made = nmtNfkcMap();
    expect(kept.size).toBe(224_725);
    // A later Unicode knows more characters that decompose; those that are known stay as they are.
    for (const [from, to] of kept) expect(made.get(from)).toBe(to);
    if (Number(process.versions.unicode) <= 17) expect(made.size).toBe(kept.size);
  });

  it('replaces, composes, cleans up', () => {
    const { normalize } = createNormalizer({
      rules: nmtNfkcRules(),
      addDummyPrefix: false,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
      whitespaceAsSuffix: false,
    });
    expect(normalize('ﬁ①Ⅷ㍿')).toBe('fi1VIII株式会社');
    expect(normalize('e\u0301 \u1100\u1161\u11a8 ㄱㅏ ｶﾞ')).toBe('é▁각▁가▁ガ');
    expect(normalize('a\t\u200bb\u0007c\u3000 d\n')).toBe('a▁bc▁d');
    expect(normalize('～\uff5e')).toBe('～～');
  });
});

describe('readCharsmap', () => {
  it('refuses lengths that lie', () => {
    expect(() => readCharsmap(Uint8Array.of(1, 2))).toThrow('they have 2 bytes');
    expect(() => readCharsmap(Uint8Array.of(255, 255, 255, 255, 0, 0))).toThrow('4294967295 bytes');
    expect(() => readCharsmap(Uint8Array.of(3, 0, 0, 0, 1, 2, 3, 4, 5))).toThrow('32-bit units');
  });
});
