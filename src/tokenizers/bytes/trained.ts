/**
 * A byte-level BPE of one's own, kept as the `tokenizer.json` that Hugging Face's libraries read: bytes
 * are spelt as printable characters, merges as pairs of such spellings.
 */

import { UserError } from '../../util/errors.js';
import { checkTokenizerJson } from '../hugging-face/check.js';
import { PairIndex } from '../pair-index.js';
import { writeFiles } from '../save-folder.js';
import { addBosEos, fingerprintOf, type TokenizerFiles, tokenizerFiles } from '../support.js';
import type { DecodeStream, EncodeOptions, MergeStep, Tokenizer } from '../tokenizer.js';
import { ByteBpe } from './byte-bpe.js';
import { type Merges, NO_MERGE } from './merge.js';
import { BYTE_SPELLINGS } from './spelling.js';
import { type ByteBpeSettings, type MergeList, trainByteBpe } from './train.js';

export const TOKENIZER_JSON = 'tokenizer.json';

export class ByteBpeTokenizer implements Tokenizer {
  readonly kind = 'byte-bpe';
  readonly name: string;
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly fingerprint: string;
  readonly merges: MergeList;
  private readonly split: string;
  private readonly specials: readonly string[];
  private readonly bpe: ByteBpe;

  /** @param split pattern of words. @param specials spellings of special tokens, of the last ids. */
  constructor(merges: MergeList, split: string, specials: readonly string[], name = 'byte-bpe') {
    this.name = name;
    this.merges = merges;
    this.split = split;
    this.specials = specials;
    this.vocabSize = 256 + merges.length + specials.length;
    const first = 256 + merges.length;
    this.bpe = new ByteBpe({
      name,
      tokens: tokensOf(merges),
      specials: new Map(specials.map((special, i) => [special, first + i])),
      vocabSize: this.vocabSize,
      split,
      merges: mergesOf(merges),
    });
    const end = specials.indexOf('<|endoftext|>');
    this.eosId = this.bosId = end >= 0 ? first + end : undefined;
    this.fingerprint = fingerprintOf('byte-bpe', this.toJson());
  }

  static train(text: string, settings: ByteBpeSettings, name?: string): ByteBpeTokenizer {
    const merges = trainByteBpe(text, settings);
    return new ByteBpeTokenizer(merges, settings.split, settings.specials, name);
  }

  /** Reads what `toJson` wrote. @throws UserError where it is broken, or of another make. */
  static fromJson(text: string, name: string): ByteBpeTokenizer {
    const foreign = (): UserError =>
      new UserError(
        `${name}: this tokenizer.json was not written by this program's byte-level trainer`,
      );
    let json: Saved;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw new UserError(
        `${name}: tokenizer.json is not valid JSON: ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
    checkTokenizerJson(json, name);
    const split = json.pre_tokenizer?.pretokenizers?.[0]?.pattern?.Regex;
    const pairs = json.model.merges;
    if (typeof split !== 'string' || !Array.isArray(pairs)) throw foreign();
    const { vocab } = json.model;
    const merges = pairs.map((pair, i): [number, number] => {
      const [left, right] = pair;
      if (vocab[left + right] !== 256 + i || !(vocab[left]! < 256 + i && vocab[right]! < 256 + i)) {
        throw foreign();
      }
      return [vocab[left]!, vocab[right]!];
    });
    for (const [byte, spelling] of BYTE_SPELLINGS.entries())
      if (vocab[spelling] !== byte) throw foreign();
    const specials = (json.added_tokens ?? []).map((token) => token.content);
    const isOurs = specials.every((_, i) => json.added_tokens![i]!.id === 256 + merges.length + i);
    if (!isOurs) throw foreign();
    return new ByteBpeTokenizer(merges, split, specials, name);
  }

  /** The content of `tokenizer.json`. */
  toJson(): string {
    const spelt = tokensOf(this.merges).map((bytes) =>
      Array.from(bytes, (b) => BYTE_SPELLINGS[b]!).join(''),
    );
    const added_tokens = this.specials.map((content, i) => ({
      id: 256 + this.merges.length + i,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }));
    const byteLevel = {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: false,
      use_regex: false,
    };
    return `${JSON.stringify(
      {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens,
        normalizer: null,
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: this.split }, behavior: 'Isolated', invert: false },
            byteLevel,
          ],
        },
        post_processor: null,
        decoder: byteLevel,
        model: {
          type: 'BPE',
          dropout: null,
          unk_token: null,
          continuing_subword_prefix: null,
          end_of_word_suffix: null,
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          vocab: Object.fromEntries(spelt.map((spelling, id) => [spelling, id])),
          merges: this.merges.map(([left, right]) => [spelt[left], spelt[right]]),
        },
      },
      null,
      1,
    )}\n`;
  }

  encode(text: string, options?: EncodeOptions): Uint32Array {
    return addBosEos(this, this.bpe.encode(text, options), options);
  }

  decode(ids: ArrayLike<number>): string {
    return this.bpe.decode(ids);
  }

  decodeStream(): DecodeStream {
    return this.bpe.decodeStream();
  }

  tokenToString(id: number): string {
    return this.bpe.tokenToString(id);
  }

  mergeSteps(word: string): MergeStep[] {
    return this.bpe.mergeSteps(word);
  }

  save(dir: string): void {
    writeFiles(dir, this.toFiles());
  }

  toFiles(): TokenizerFiles {
    const { kind, name } = this;
    return tokenizerFiles({ kind, name }, { [TOKENIZER_JSON]: this.toJson() });
  }
}

interface Saved {
  added_tokens?: { id: number; content: string }[];
  pre_tokenizer?: { pretokenizers?: { pattern?: { Regex?: unknown } }[] };
  model: { vocab: Record<string, number>; merges: [string, string][] };
}

/** The bytes of each token: the 256, then what each merge makes. */
function tokensOf(merges: MergeList): Uint8Array[] {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  for (const [left, right] of merges) {
    tokens.push(Uint8Array.from([...tokens[left]!, ...tokens[right]!]));
  }
  return tokens;
}

function mergesOf(merges: MergeList): Merges {
  const rank = new PairIndex();
  for (const [i, [left, right]] of merges.entries()) rank.set(left, right, i);
  return {
    rank: (left, right) => rank.get(left, right) ?? NO_MERGE,
    join: (left, right) => 256 + rank.get(left, right)!,
  };
}
