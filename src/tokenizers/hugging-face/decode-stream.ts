/** Text of ids that arrive one at a time, by a decoder that only knows whole lists. */

import type { DecodeStream } from '../tokenizer.js';

/** So many ids are decoded at once, so that a long text takes time in proportion to its length. */
const WINDOW = 64;
/**
 * An end of a text that more ids may still change: a character that is not whole shows as U+FFFD, and what
 * looks like ` n't` or ` 've` loses its space in decoders that clean up.
 */
const UNCERTAIN = /(?:\ufffd+| (?:n ?(?:' ?)?|'[ a-z]{0,2})?)$/;

export class WindowStream implements DecodeStream {
  private readonly decode: (ids: readonly number[]) => string;
  private readonly waits: (id: number) => boolean;
  private readonly endsDiffer: boolean;
  private ids: number[] = [];
  /** Text of `ids` that has been handed out. */
  private given = '';
  /** Where the text was whole some ids ago: the ids before it may be let go. */
  private whole = 0;
  private limit = WINDOW;

  /**
   * @param waits whether what an id is may still depend on those that follow.
   * @param endsDiffer whether the last id's text is another one when more follow.
   */
  constructor(
    decode: (ids: readonly number[]) => string,
    waits: (id: number) => boolean,
    endsDiffer: boolean,
  ) {
    this.decode = decode;
    this.waits = waits;
    this.endsDiffer = endsDiffer;
  }

  push(id: number): string {
    this.ids.push(id);
    if (this.waits(id)) {
      this.decode([id]); // refuses what is no id
      return '';
    }
    const all = this.decode(this.ids);
    let certain = all.length - (UNCERTAIN.exec(all)?.[0].length ?? 0);
    if (this.endsDiffer) {
      certain = Math.min(certain, commonPrefix(all, this.decode([...this.ids, id])));
    }
    if (certain < this.given.length || !all.startsWith(this.given)) return '';
    const more = all.slice(this.given.length, certain);
    this.given = all.slice(0, certain);
    const isWhole = certain === all.length;
    if (this.whole === 0 && this.ids.length >= WINDOW / 2 && isWhole) this.whole = this.ids.length;
    if (this.ids.length >= this.limit) this.forget(all);
    return more;
  }

  end(): string {
    const all = this.decode(this.ids);
    return all.slice(commonPrefix(all, this.given));
  }

  private forget(all: string): void {
    const kept = this.ids.slice(this.whole);
    const keptText = this.decode(kept);
    const keptGiven = keptText.length - (all.length - this.given.length);
    if (keptGiven > 0 && all.endsWith(keptText)) {
      this.ids = kept;
      this.given = keptText.slice(0, keptGiven);
      this.whole = 0;
      this.limit = WINDOW;
    } else {
      // It was no place to begin at, as inside a word of WordPiece; perhaps this one is.
      this.whole = this.ids.length;
      this.limit = this.ids.length + WINDOW / 2;
    }
  }
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < b.length && a[length] === b[length]) length++;
  return length;
}
