/** From pieces back to text, one piece at a time. */

import { utf8Decoder } from '../support.js';
import { PieceType } from './piece-type.js';
import { characterAt } from './utf8.js';
import type { Vocabulary } from './vocabulary.js';

const SPACE = '\u2581';
const DECODER = utf8Decoder();

export interface DecodeRules {
  addDummyPrefix: boolean;
  removeExtraWhitespaces: boolean;
  /** What the unknown piece becomes. */
  unkSurface: string;
}

/**
 * What has been decoded, as far as the next piece depends on it: whether the space that was put before
 * the text is still to be taken away, and bytes that are not a whole character yet.
 */
export class DecodeState {
  private readonly vocabulary: Vocabulary;
  private readonly rules: DecodeRules;
  private bytes: number[] = [];
  private isEmpty = true;
  private prefixSeen = false;
  private atStart = true;

  constructor(vocabulary: Vocabulary, rules: DecodeRules) {
    this.vocabulary = vocabulary;
    this.rules = rules;
  }

  /** The text that is certain once `id` has come. */
  push(id: number): string {
    const byte = this.vocabulary.byteOf[id]!;
    if (byte >= 0) {
      this.bytes.push(byte);
      return this.note(this.wholeCharacters(false));
    }
    const before = this.note(this.wholeCharacters(true));
    if (this.prefixSeen || !this.isEmpty) this.atStart = false;
    return before + this.note(this.decodePiece(id));
  }

  end(): string {
    return this.note(this.wholeCharacters(true));
  }

  private note(text: string): string {
    if (text !== '') this.isEmpty = false;
    return text;
  }

  private decodePiece(id: number): string {
    const { addDummyPrefix, removeExtraWhitespaces, unkSurface } = this.rules;
    const type = this.vocabulary.types[id];
    this.prefixSeen = false;
    if (type === PieceType.CONTROL) return '';
    if (type === PieceType.UNKNOWN) return unkSurface;
    let piece = this.vocabulary.pieces[id]!;
    if (this.atStart && (addDummyPrefix || removeExtraWhitespaces) && piece.startsWith(SPACE)) {
      piece = piece.slice(1);
      // Where white space is run together, every space at the start goes, not only the first.
      this.prefixSeen = !removeExtraWhitespaces;
    }
    return piece.replaceAll(SPACE, ' ');
  }

  /**
   * Takes the characters that the bytes make off them. A byte that is no part of a character becomes
   * U+FFFD, each by itself; bytes that may yet become a character wait, unless this is the end of them.
   */
  private wholeCharacters(isEnd: boolean): string {
    const { bytes } = this;
    let text = '';
    let at = 0;
    while (at < bytes.length) {
      const length = characterAt(bytes, at);
      if (length === 0 && !isEnd) break;
      if (length > 0) {
        text += DECODER.decode(Uint8Array.from(bytes.slice(at, at + length)));
        at += length;
      } else {
        text += '\ufffd';
        at++;
      }
    }
    if (at > 0) bytes.splice(0, at);
    return text;
  }
}
