import { describe, expect, it } from 'vitest';
import { UserError } from '../../util/errors.js';
import { translate } from './oniguruma.js';
import { regexPattern } from './pattern.js';

const found = (pattern: string, text: string) => {
  const places = regexPattern(pattern, 'x').findAll(text);
  return Array.from({ length: places.length / 2 }, (_, i) =>
    text.slice(places[2 * i], places[2 * i + 1]),
  );
};

describe("Oniguruma's patterns", () => {
  it('find what they find there', () => {
    expect(found(String.raw`\s+`, 'a \u0085b\ufeff')).toEqual([' \u0085']);
    expect(found(String.raw`\w+`, 'día_1 हि ½')).toEqual(['día_1', 'हि', '½']);
    expect(found(String.raw`\h+`, 'xC0ffee')).toEqual(['C0ffee']);
    expect(found("(?i:'LL|K)s?", "I'll \u212as 'Ll k")).toEqual(["'ll", '\u212as', "'Ll", 'k']);
    expect(found('a(?i)b|c', 'aB aC C b')).toEqual(['aB', 'aC']);
    expect(found(String.raw`[\p{L}&&[^\p{Han}]]+`, 'ab漢cd')).toEqual(['ab', 'cd']);
    expect(found('[[:upper:]a-c-]+', 'aB-dE')).toEqual(['aB-', 'E']);
    expect(found('^.$', 'ab\nc\n')).toEqual(['c']);
    expect(found(String.raw`\A.|.\z`, 'abc')).toEqual(['a', 'c']);
    expect(found('a++b|a', 'aab aa')).toEqual(['aab', 'a', 'a']);
    expect(found('(?>ab|a)b', 'abb ab')).toEqual(['abb']);
    expect(found('a{,2}b|x{2}?y', 'aaab xxy xy')).toEqual(['aab', 'xxy', 'y']);
    expect(found(String.raw`\x{6f22}|\x41|\u00e9`, '漢Aé')).toEqual(['漢', 'A', 'é']);
    expect(found(String.raw`\R`, 'a\r\nb\n\u2028')).toEqual(['\r\n', '\n', '\u2028']);
    expect(found('(?x) a b # ab', 'ab')).toEqual(['ab']);
  });

  it('are refused, saying why, where they are broken or not to be had', () => {
    const refused = (pattern: string) => expect(() => regexPattern(pattern, 'here'));
    refused('(a').toThrow('here: cannot use the pattern "(a": a ( has no )');
    refused('a)').toThrow('a ) has no (');
    refused('*a').toThrow('* has nothing before it');
    refused('[a').toThrow('it ends too early');
    refused('[b-a]').toThrow('the range b-a is empty');
    refused(String.raw`(a)\1`).toThrow(String.raw`\1 is not supported`);
    refused('(?(1)a|b)').toThrow('(?( is not supported');
    refused(String.raw`\p{Klingon}`).toThrow(String.raw`\p{Klingon} is not known`);
    refused('('.repeat(500)).toThrow('nested deeper');
    refused('a{9,2}').toThrow('ends before it begins');
    refused('a'.repeat(30_000)).toThrow('more than 20000 characters');
    expect(() => regexPattern('[a', 'here')).toThrow(UserError);
  });

  it('that may take for ever are stopped', () => {
    for (const pattern of ['(?:a+)+$x', '(?:a|a)*x', '(?:a*)*b']) {
      const watched = regexPattern(pattern, 'here', 300);
      const started = performance.now();
      expect(() => watched.findAll(`${'a'.repeat(60)}!`), pattern).toThrow(
        /here: the pattern .* took more than 0.3 s on a text of 61 characters/,
      );
      expect(performance.now() - started).toBeLessThan(5000);
    }
    // One character after the other, but as many times as the text is long, to the third.
    const cubic = regexPattern('a*a*a*b', 'here', 300);
    expect(() => cubic.findAll('a'.repeat(5000))).toThrow('took more than');
  });

  it('of which no part can explode are told from those that may', () => {
    expect(translate(String.raw` ?\p{L}+|\s+(?!\S)|a{1,3}b`).degree).toBe(1);
    expect(translate('a+b*c').degree).toBe(2);
    expect(translate('(?:a+)?b').degree).toBe(1);
    expect(translate('(?:a+)+').degree).toBe(Number.POSITIVE_INFINITY);
    expect(translate('(?:ab){2,3}').degree).toBe(Number.POSITIVE_INFINITY);
  });
});
