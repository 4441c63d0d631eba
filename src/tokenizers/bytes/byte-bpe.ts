/**
 * Byte-level BPE: what tiktoken's encodings and the tokenizers that we train on bytes have in common.
 *
 * A text is cut into words by a pattern; each word's UTF-8 bytes are tokens; pairs are joined by rank.
 * There is no unknown token: any byte is in the vocabulary. Most words repeat, so each is merged once
 * and remembered.
 *
 * Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", §2.2.
 */

import { UserError } from '../../util/errors.js';
import { withFreshRoom } from '../../util/grow.js';
import { IdList } from '../id-list.js';
import { allowedSpecials, SpecialFinder } from '../specials.js';
import { byteDecodeStream, bytesToString, checkId, utf8Decoder, wellFormed } from '../support.js';
import type { DecodeStream, EncodeOptions, MergeStep } from '../tokenizer.js';
import { applyMerges, type Merges } from './merge.js';

/** Maximum number of cached words; beyond it the cache starts afresh. */
const CACHE_WORDS = 1 << 18;
/** Longer words are not worth remembering. */
const CACHE_LENGTH = 64;

export interface ByteBpeParts {
  name: string;
  /** Bytes of each ordinary token by id; undefined where an id is special or unused. */
  tokens: (Uint8Array | undefined)[];
  /** Special tokens: spelling → id. */
  specials: ReadonlyMap<string, number>;
  /** Ids are below it. */
  vocabSize: number;
  /** Pattern of words (flags `gu` are added). */
  split: string;
  merges: Merges;
}

export class ByteBpe {
  private readonly parts: ByteBpeParts;
  private readonly idOfByte = new Uint32Array(256);
  private readonly split: RegExp;
  private readonly special: SpecialFinder;
  private readonly specialOf = new Map<number, string>();
  private readonly encoder = new TextEncoder();
  private cache = new Map<string, number | Uint32Array>();
  private bytes = new Uint8Array(256);
  private work = new Uint32Array(256);

  constructor(parts: ByteBpeParts) {
    this.parts = parts;
    const seen = new Uint8Array(256);
    for (const [id, token] of parts.tokens.entries()) {
      if (token?.length === 1) {
        this.idOfByte[token[0]!] = id;
        seen[token[0]!] = 1;
      }
    }
    const missing = seen.indexOf(0);
    if (missing >= 0) {
      throw new UserError(`${parts.name}: the vocabulary has no token for the byte ${missing}`);
    }
    for (const [text, id] of parts.specials) this.specialOf.set(id, text);
    this.split = new RegExp(parts.split, 'gu');
    this.special = new SpecialFinder(parts.specials.keys());
  }

  /** Ids of `text`; which spellings of special tokens are read as such the options say. */
  encode(text: string, options?: EncodeOptions): Uint32Array {
    const { name, specials } = this.parts;
    const whole = wellFormed(text);
    const out = new IdList(Math.ceil(whole.length / 3) + 16);
    const allowed = allowedSpecials(name, whole, specials.keys(), options);
    for (const part of this.special.parts(whole, allowed)) {
      if (part.isSpecial) out.push(specials.get(part.text)!);
      else
        this.encodeOrdinary(part.text, out, part.text === whole ? options?.onProgress : undefined);
    }
    return out.take();
  }

  decode(ids: ArrayLike<number>): string {
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += this.bytesOf(ids[i]!).length;
    const bytes = new Uint8Array(length);
    for (let i = 0, at = 0; i < ids.length; i++) {
      const token = this.bytesOf(ids[i]!);
      bytes.set(token, at);
      at += token.length;
    }
    return utf8Decoder().decode(bytes);
  }

  decodeStream(): DecodeStream {
    return byteDecodeStream((id) => this.bytesOf(id));
  }

  tokenToString(id: number): string {
    return bytesToString(this.bytesOf(id));
  }

  /** The bytes that a token stands for. @throws UserError for an id that is no token. */
  bytesOf(id: number): Uint8Array {
    checkId(this.parts.name, id, this.parts.vocabSize);
    const token = this.parts.tokens[id];
    if (token) return token;
    const special = this.specialOf.get(id);
    if (special === undefined) {
      throw new UserError(`${this.parts.name}: token id ${id} is not used by this vocabulary`);
    }
    return this.encoder.encode(special);
  }

  /** The merges that a word goes through, taken as one whatever the pattern would say. */
  mergeSteps(word: string): MergeStep[] {
    const { merges } = this.parts;
    const bytes = this.encoder.encode(word);
    const tokens = Uint32Array.from(bytes, (byte) => this.idOfByte[byte]!);
    const steps: MergeStep[] = [];
    applyMerges(tokens, tokens.length, {
      rank: (left, right) => merges.rank(left, right),
      join: (left, right) => {
        const [a, b] = [this.tokenToString(left), this.tokenToString(right)];
        steps.push({ left: a, right: b, rank: merges.rank(left, right) });
        return merges.join(left, right);
      },
    });
    return steps;
  }

  private encodeOrdinary(text: string, out: IdList, onProgress?: (share: number) => void): void {
    const split = this.split;
    split.lastIndex = 0;
    let from = 0;
    let reportAt = REPORT_EVERY;
    // The patterns match every character, so each match begins where the last one ended.
    while (from < text.length && split.test(text)) {
      const word = text.slice(from, split.lastIndex);
      from = split.lastIndex;
      if (from > reportAt) {
        onProgress?.(from / text.length);
        reportAt = from + REPORT_EVERY;
      }
      const known = this.cache.get(word);
      if (typeof known === 'number') out.push(known);
      else if (known) out.pushAll(known, known.length);
      else this.encodeWord(word, out);
    }
    split.lastIndex = 0;
  }

  private encodeWord(word: string, out: IdList): void {
    const room = word.length * 3; // UTF-8 needs at most three bytes per UTF-16 unit
    this.bytes = withFreshRoom(this.bytes, room);
    this.work = withFreshRoom(this.work, room);
    const { bytes, work } = this;
    const length = this.encoder.encodeInto(word, bytes).written;
    for (let i = 0; i < length; i++) work[i] = this.idOfByte[bytes[i]!]!;
    const n = applyMerges(work, length, this.parts.merges);
    out.pushAll(work, n);
    if (word.length > CACHE_LENGTH) return;
    if (this.cache.size >= CACHE_WORDS) this.cache = new Map();
    this.cache.set(word, n === 1 ? work[0]! : work.slice(0, n));
  }
}

/** Characters between two reports of progress. */
const REPORT_EVERY = 1 << 16;
