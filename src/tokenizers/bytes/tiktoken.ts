/**
 * OpenAI's published byte-level encodings. The vocabularies come with the npm package `gpt-tokenizer`
 * and are imported only when one is asked for; the splitting and merging is ours (`byte-bpe.ts`).
 *
 * Here a pair may be joined when its bytes together are a token, and that token's id is its rank.
 */

import { UserError } from '../../util/errors.js';
import { PairIndex } from '../pair-index.js';
import { writeFiles } from '../save-folder.js';
import {
  addBosEos,
  fingerprintOf,
  type TokenizerFiles,
  type TokenizerManifest,
  tokenizerFiles,
} from '../support.js';
import type { DecodeStream, EncodeOptions, MergeStep, Tokenizer } from '../tokenizer.js';
import { ByteBpe } from './byte-bpe.js';
import { type Merges, NO_MERGE } from './merge.js';
import { GPT2_SPLIT, GPT4_SPLIT, GPT4O_SPLIT } from './split.js';
import { type TiktokenName, tiktokenName } from './tiktoken-names.js';

/** A token is text, or its bytes where they are not UTF-8; holes are ids that stand for no bytes. */
type Ranks = readonly (string | readonly number[] | undefined)[];

interface Encoding {
  load: () => Promise<{ default: unknown }>;
  split: string;
  specials: Record<string, number>;
  vocabSize: number;
}

const FIM = (first: number) => ({
  '<|fim_prefix|>': first,
  '<|fim_middle|>': first + 1,
  '<|fim_suffix|>': first + 2,
});

const R50K = {
  load: () => import('gpt-tokenizer/bpeRanks/r50k_base'),
  split: GPT2_SPLIT,
  specials: { '<|endoftext|>': 50256 },
  vocabSize: 50257,
};

/** The parts of a message in OpenAI's "harmony" format, and ids kept for later, up to 201,087. */
const HARMONY: Record<string, number> = {
  '<|startoftext|>': 199998,
  '<|endoftext|>': 199999,
  '<|return|>': 200002,
  '<|constrain|>': 200003,
  '<|channel|>': 200005,
  '<|start|>': 200006,
  '<|end|>': 200007,
  '<|message|>': 200008,
  '<|call|>': 200012,
};
for (let id = 200000; id <= 201087; id++) {
  if (!Object.values(HARMONY).includes(id)) HARMONY[`<|reserved_${id}|>`] = id;
}
// It has this name beside that of a reserved id; the last is what the id is decoded to.
HARMONY['<|endofprompt|>'] = 200018;

const ENCODINGS: Readonly<Record<TiktokenName, Encoding>> = {
  gpt2: R50K,
  r50k_base: R50K,
  p50k_base: {
    load: () => import('gpt-tokenizer/bpeRanks/p50k_base'),
    split: GPT2_SPLIT,
    specials: { '<|endoftext|>': 50256 },
    vocabSize: 50281,
  },
  p50k_edit: {
    load: () => import('gpt-tokenizer/bpeRanks/p50k_base'),
    split: GPT2_SPLIT,
    specials: { '<|endoftext|>': 50256, ...FIM(50281) },
    vocabSize: 50284,
  },
  cl100k_base: {
    load: () => import('gpt-tokenizer/bpeRanks/cl100k_base'),
    split: GPT4_SPLIT,
    specials: { '<|endoftext|>': 100257, ...FIM(100258), '<|endofprompt|>': 100276 },
    vocabSize: 100277,
  },
  o200k_base: {
    load: () => import('gpt-tokenizer/bpeRanks/o200k_base'),
    split: GPT4O_SPLIT,
    specials: { '<|endoftext|>': 199999, '<|endofprompt|>': 200018 },
    vocabSize: 200019,
  },
  o200k_harmony: {
    load: () => import('gpt-tokenizer/bpeRanks/o200k_base'),
    split: GPT4O_SPLIT,
    specials: HARMONY,
    vocabSize: 201088,
  },
};

export class TiktokenTokenizer implements Tokenizer {
  readonly kind = 'tiktoken';
  readonly name: TiktokenName;
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly fingerprint: string;
  private readonly bpe: ByteBpe;

  private constructor(name: TiktokenName, ranks: Ranks) {
    const encoding = ENCODINGS[name];
    const utf8 = new TextEncoder();
    const tokens = new Array<Uint8Array | undefined>(ranks.length);
    for (let id = 0; id < ranks.length; id++) {
      const token = ranks[id];
      if (typeof token === 'string') tokens[id] = utf8.encode(token);
      else if (token) tokens[id] = Uint8Array.from(token);
    }
    this.name = name;
    this.vocabSize = encoding.vocabSize;
    // GPT-2 put one token between documents; it ends one text and begins the next.
    this.bosId = this.eosId = encoding.specials['<|endoftext|>']!;
    this.fingerprint = fingerprintOf('tiktoken', name, String(encoding.vocabSize));
    this.bpe = new ByteBpe({
      name,
      tokens,
      specials: new Map(Object.entries(encoding.specials)),
      vocabSize: encoding.vocabSize,
      split: encoding.split,
      merges: mergesOfVocabulary(tokens),
    });
  }

  /** Loads the vocabulary (some tens of milliseconds) and builds the tokenizer. */
  static async load(name: TiktokenName): Promise<TiktokenTokenizer> {
    const ranks = (await ENCODINGS[name].load()).default as Ranks;
    return new TiktokenTokenizer(name, ranks);
  }

  static async fromManifest(manifest: TokenizerManifest): Promise<TiktokenTokenizer> {
    const name = tiktokenName(manifest.name);
    if (!name)
      throw new UserError(`the saved tokenizer names an unknown encoding: ${manifest.name}`);
    const tokenizer = await TiktokenTokenizer.load(name);
    if (manifest['fingerprint'] !== tokenizer.fingerprint) {
      throw new UserError(
        `${name}: the saved tokenizer's fingerprint is not that of this encoding`,
      );
    }
    return tokenizer;
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
    // Ids below 256 are the bytes; the first merge has the next.
    return this.bpe.mergeSteps(word).map((step) => ({ ...step, rank: step.rank - 256 }));
  }

  save(dir: string): void {
    writeFiles(dir, this.toFiles());
  }

  toFiles(): TokenizerFiles {
    const { kind, name, fingerprint } = this;
    return tokenizerFiles({ kind, name, fingerprint });
  }
}

/**
 * Merges read off the vocabulary alone: two tokens join when their bytes together are a token. Each
 * pair is looked up by its bytes once, and remembered by its two ids.
 */
function mergesOfVocabulary(tokens: (Uint8Array | undefined)[]): Merges {
  const spelling = tokens.map((token) => (token ? latin1(token) : ''));
  const idOf = new Map<string, number>();
  for (const [id, text] of spelling.entries()) if (text !== '') idOf.set(text, id);
  const known = new PairIndex();
  const rank = (left: number, right: number): number => {
    let id = known.get(left, right);
    if (id === undefined) {
      id = idOf.get(spelling[left]! + spelling[right]!) ?? -1;
      known.set(left, right, id);
    }
    return id < 0 ? NO_MERGE : id;
  };
  return { rank, join: rank };
}

/** One character a byte. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
