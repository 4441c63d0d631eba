/**
 * The original's default normalisation, `nmt_nfkc`: Unicode's NFKC, written out as rules, with white
 * space and controls cleaned up as for machine translation.
 *
 * NFKC comes from the JavaScript engine. It never changes for a character once that is in Unicode, so
 * the original's rules follow from it, but for characters that have come since.
 *
 * Making and compiling them takes two seconds, and depends on the engine's Unicode. So the compiled
 * rules are kept in `nmt-nfkc-table.ts`; this file is how they were made, and a test makes them again.
 *
 * Source: Unicode Standard Annex #15; SentencePiece's `doc/normalization.md` and the rules that its
 * model files hold, with which the tests compare these.
 */

/**
 * Characters with a decomposition that Unicode has got since the original's rules were made: they are
 * left as they are.
 */
const LATER: readonly (readonly [first: number, last: number])[] = [
  [0xa7f1, 0xa7f4],
  [0x105c0, 0x105f3],
  [0x10780, 0x107ba],
  [0x11380, 0x113e2],
  [0x1e030, 0x1e06d],
];

/** Hangul syllables: each falls into two or three jamo, which is arithmetic (Unicode, §3.12). */
const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
/** Ranges without any decomposition, not worth trying. */
const PLAIN: readonly (readonly [number, number])[] = [
  [0x3400, 0x9fff],
  [0xa000, 0xa63f],
  [0xd800, 0xf8ff],
  [0x12000, 0x1d0ff],
  [0x20000, 0x2f7ff],
];
const LAST = 0x2fa1f;

/** What is replaced → by what. */
export function nmtNfkcMap(): Map<string, string> {
  const map = nfkcMap();
  const become = (replacement: string, ...points: number[]): void => {
    for (const point of points) map.set(String.fromCodePoint(point), replacement);
  };
  // Tab, line ends and separators, zero-width characters, marks of direction, the mark of a space itself.
  become(' ', 0x09, 0x0a, 0x0c, 0x0d, 0x1680, 0x200b, 0x200c, 0x200e, 0x200f, 0x2028, 0x2029);
  become(' ', 0x2581, 0xfeff, 0xfffd);
  // Controls vanish: of the second set, just these three.
  for (let point = 0x01; point <= 0x1f; point++) {
    if (!map.has(String.fromCodePoint(point))) become('', point);
  }
  become('', 0x7f, 0x8f, 0x9f);
  // The wide tilde means something else than the narrow one in Japanese, and stays.
  map.delete('\uff5e');
  return withoutRedundant(map);
}

/**
 * NFKC as replacements: of single characters, and of sequences that compose, in every spelling (a
 * letter in its compatibility form and an accent, say).
 */
function nfkcMap(): Map<string, string> {
  const map = new Map<string, string>();
  /** A fully decomposed character → all characters that decompose to it alone. */
  const spellings = new Map<string, string[]>();
  const decomposed = new Set<string>();
  const visit = (character: string): void => {
    const nfkd = character.normalize('NFKD');
    const nfkc = character.normalize('NFKC');
    if (nfkc !== character) map.set(character, nfkc);
    if (nfkd === character) return;
    if (isSingle(nfkd)) {
      const list = spellings.get(nfkd);
      if (list) list.push(character);
      else spellings.set(nfkd, [nfkd, character]);
    } else {
      decomposed.add(nfkd);
    }
  };
  for (let point = 1; point <= LAST; point++) {
    const skipped = inRanges(PLAIN, point) && !(point >= HANGUL_FIRST && point <= HANGUL_LAST);
    if (!skipped && !inRanges(LATER, point)) visit(String.fromCodePoint(point));
  }
  for (const nfkd of decomposed) {
    const composed = nfkd.normalize('NFC');
    if (composed === nfkd) continue;
    let sequences = [''];
    for (const character of nfkd) {
      const spelt = spellings.get(character) ?? [character];
      sequences = sequences.flatMap((start) => spelt.map((s) => start + s));
    }
    for (const sequence of sequences) if (sequence !== composed) map.set(sequence, composed);
  }
  return map;
}

function inRanges(ranges: readonly (readonly [number, number])[], point: number): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last);
}

function isSingle(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

/** Leaves out each rule for a sequence that shorter rules, leftmost and longest first, give as well. */
function withoutRedundant(map: Map<string, string>): Map<string, string> {
  const byLength = new Map<number, [string[], string][]>();
  for (const [from, to] of map) {
    const characters = [...from];
    const list = byLength.get(characters.length);
    if (list) list.push([characters, to]);
    else byLength.set(characters.length, [[characters, to]]);
  }
  const kept = new Map<string, string>();
  for (const length of [...byLength.keys()].sort((a, b) => a - b)) {
    const added: [string, string][] = [];
    for (const [characters, to] of byLength.get(length)!) {
      if (length === 1 || apply(kept, characters, length - 1) !== to) {
        added.push([characters.join(''), to]);
      }
    }
    for (const [from, to] of added) kept.set(from, to);
  }
  return kept;
}

function apply(map: Map<string, string>, characters: string[], longest: number): string {
  let out = '';
  for (let at = 0; at < characters.length; ) {
    let length = Math.min(longest, characters.length - at);
    let replacement: string | undefined;
    for (; length > 0; length--) {
      replacement = map.get(
        length === 1 ? characters[at]! : characters.slice(at, at + length).join(''),
      );
      if (replacement !== undefined) break;
    }
    out += replacement ?? characters[at]!;
    at += Math.max(1, length);
  }
  return out;
}
