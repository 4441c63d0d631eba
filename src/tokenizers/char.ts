/**
 * One token per character (Unicode code point): the smallest tokenizer that there is.
 *
 * The vocabulary is the set of characters of the training text, sorted by code point, so the same
 * text always gives the same ids (nanoGPT's `shakespeare_char` does likewise: 65 of them).
 */

import { UserError, VocabularyError } from '../util/errors.js';
import { writeFiles } from './save-folder.js';
import { allowedSpecials } from './specials.js';
import {
  addBosEos,
  checkId,
  fingerprintOf,
  type TokenizerFiles,
  type TokenizerManifest,
  tokenizerFiles,
  wellFormed,
} from './support.js';
import type { DecodeStream, EncodeOptions, Tokenizer } from './tokenizer.js';

/** The characters of a text, by code point. */
export function charactersOf(text: string): string[] {
  const seen = new Uint8Array(0x110000);
  const whole = wellFormed(text);
  for (let i = 0; i < whole.length; i++) {
    const point = whole.codePointAt(i)!;
    seen[point] = 1;
    if (point > 0xffff) i++;
  }
  const characters: string[] = [];
  for (let point = 0; point < seen.length; point++) {
    if (seen[point]) characters.push(String.fromCodePoint(point));
  }
  return characters;
}

export class CharTokenizer implements Tokenizer {
  readonly kind = 'char';
  readonly name = 'char';
  readonly vocabSize: number;
  readonly bosId = undefined;
  readonly eosId = undefined;
  readonly fingerprint: string;
  private readonly characters: string[];
  /** Code point → id, -1 where there is none. */
  private readonly ids: Int32Array;

  /** @param characters the vocabulary in id order: single code points, no one twice. */
  constructor(characters: string[]) {
    if (characters.length === 0) {
      throw new UserError(
        'char: the text is empty, so there is not a character to build a vocabulary of',
      );
    }
    const points = characters.map((c) => c.codePointAt(0)!);
    this.ids = new Int32Array(Math.max(...points.map((p) => p ?? 0)) + 1).fill(-1);
    for (const [id, character] of characters.entries()) {
      const point = points[id];
      if (point === undefined || String.fromCodePoint(point) !== character) {
        throw new UserError(
          `char: token ${id} must be one character, got ${JSON.stringify(character.slice(0, 40))}`,
        );
      }
      if (this.ids[point] !== -1) {
        throw new UserError(`char: ${show(point)} is in the vocabulary twice`);
      }
      this.ids[point] = id;
    }
    this.characters = characters;
    this.vocabSize = characters.length;
    this.fingerprint = fingerprintOf('char', characters.join(''));
  }

  /** The tokenizer of exactly the characters in `text`. */
  static fromText(text: string): CharTokenizer {
    return new CharTokenizer(charactersOf(text));
  }

  static fromManifest(manifest: TokenizerManifest): CharTokenizer {
    const characters = manifest['characters'];
    if (!Array.isArray(characters) || !characters.every((c) => typeof c === 'string')) {
      throw new UserError('char: the saved tokenizer has no list of characters');
    }
    return new CharTokenizer(characters);
  }

  encode(text: string, options?: EncodeOptions): Uint32Array {
    const whole = wellFormed(text);
    allowedSpecials(this.name, whole, [], options);
    const out = new Uint32Array(whole.length);
    let n = 0;
    for (let i = 0; i < whole.length; i++) {
      const point = whole.codePointAt(i)!;
      const id = point < this.ids.length ? this.ids[point]! : -1;
      if (id < 0) throw this.unknown(whole);
      out[n++] = id;
      if (point > 0xffff) i++;
    }
    return addBosEos(this, out.slice(0, n), options);
  }

  decode(ids: ArrayLike<number>): string {
    const parts = new Array<string>(ids.length);
    for (let i = 0; i < ids.length; i++) parts[i] = this.tokenToString(ids[i]!);
    return parts.join('');
  }

  decodeStream(): DecodeStream {
    return { push: (id) => this.tokenToString(id), end: () => '' };
  }

  tokenToString(id: number): string {
    checkId(this.name, id, this.vocabSize);
    return this.characters[id]!;
  }

  save(dir: string): void {
    writeFiles(dir, this.toFiles());
  }

  toFiles(): TokenizerFiles {
    const { kind, name, characters } = this;
    return tokenizerFiles({ kind, name, characters });
  }

  /** Names every unknown character of `text`, how often it occurs and where first (to ten of them). */
  private unknown(text: string): VocabularyError {
    const found = new Map<number, { count: number; line: number; column: number }>();
    let line = 1;
    let column = 0;
    for (const character of text) {
      const point = character.codePointAt(0)!;
      column++;
      if (!(point < this.ids.length && this.ids[point]! >= 0)) {
        const entry = found.get(point);
        if (entry) entry.count++;
        else found.set(point, { count: 1, line, column });
      }
      if (character === '\n') {
        line++;
        column = 0;
      }
    }
    const list = [...found].slice(0, 10).map(([point, { count, line, column }]) => {
      const times = count === 1 ? 'once' : `${count} times`;
      return `${show(point)} ${times}, ${count === 1 ? 'at' : 'first at'} line ${line}, column ${column}`;
    });
    const rest = found.size > 10 ? `; and ${found.size - 10} more` : '';
    const what = found.size === 1 ? 'a character that is' : `${found.size} characters that are`;
    return new VocabularyError(
      `char: the text has ${what} not among the ${this.vocabSize} of the vocabulary: ` +
        `${list.join('; ')}${rest}. Build the tokenizer from a text that has them, or remove them.`,
    );
  }
}

function show(point: number): string {
  const code = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  const printable = !/[\p{C}\p{Z}\p{M}]/u.test(String.fromCodePoint(point));
  return printable ? `'${String.fromCodePoint(point)}' (${code})` : code;
}
