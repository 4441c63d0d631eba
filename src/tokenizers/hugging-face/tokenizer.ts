/**
 * Tokenizers of the Hugging Face hub (`tokenizer.json`): added tokens are found, the text between them is
 * normalised, cut into words, and each word made ids of; a decoder makes text of ids.
 *
 * What each part does is the original library's doing (huggingface/tokenizers), which the tests compare with.
 * A file that asks for something unknown is refused. `truncation`, `padding` and `post_processor`, which
 * shape what goes into a model and not what a text's ids are, are left aside.
 */

import { UserError } from '../../util/errors.js';
import { sha256 } from '../../util/sha256.js';
import { IdList } from '../id-list.js';
import { writeFiles } from '../save-folder.js';
import { allowedSpecials } from '../specials.js';
import { addBosEos, checkId, type TokenizerFiles, tokenizerFiles, wellFormed } from '../support.js';
import type { DecodeStream, EncodeOptions, Tokenizer } from '../tokenizer.js';
import { type AddedToken, AddedTokens } from './added-tokens.js';
import { checkTokenizerJson } from './check.js';
import { WindowStream } from './decode-stream.js';
import { cleanUp, type Decoder, makeDecoder } from './decoders.js';
import { Fields } from './fields.js';
import { type Model, makeModel } from './model.js';
import { makeNormalizer, type Normalize } from './normalizers.js';
import { makePreTokenizer, type PreTokenize } from './pre-tokenizers.js';

/** Raised when the same files come to other ids, so that ids kept from before are not taken for theirs. */
const READER = 'reader 2';

export interface HuggingFaceFiles {
  /** Content of `tokenizer.json`. */
  tokenizer: string;
  /** Content of `tokenizer_config.json`, where there is one. */
  config?: string | undefined;
}

export class HuggingFaceTokenizer implements Tokenizer {
  readonly kind = 'huggingface';
  readonly name: string;
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly fingerprint: string;
  private readonly files: HuggingFaceFiles;
  private readonly parts: Parts;
  private readonly cleansUp: boolean;

  /** @throws UserError where the files are no tokenizer, not a sound one, or ask for what is not known. */
  constructor(files: HuggingFaceFiles, name: string) {
    this.name = name;
    this.files = files;
    const json = parse(files.tokenizer, `${name}: tokenizer.json`);
    const parsed = parse(files.config ?? '{}', `${name}: tokenizer_config.json`);
    const config = (parsed ?? {}) as Record<string, unknown>;
    this.vocabSize = checkTokenizerJson(json, name);
    this.parts = partsOf(json, name);
    // Cleaning up takes spaces away (` .` becomes `.`): only for those that ask for it, or what a text
    // is decoded to would not be that text.
    this.cleansUp = config['clean_up_tokenization_spaces'] === true;
    const id = (...keys: string[]): number | undefined => {
      for (const key of keys) {
        const value = config[key];
        const token =
          typeof value === 'object' && value ? (value as { content?: unknown }).content : value;
        const found = typeof token === 'string' ? this.parts.idOf(token) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    };
    this.bosId = id('bos_token', 'cls_token');
    this.eosId = id('eos_token', 'sep_token');
    const hashed = `${READER}\0${files.tokenizer}\0${files.config ?? ''}`;
    this.fingerprint = sha256(new TextEncoder().encode(hashed)).slice(0, 32);
  }

  encode(text: string, options?: EncodeOptions): Uint32Array {
    try {
      return addBosEos(this, this.idsOf(wellFormed(text), options), options);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new UserError(
        `${this.name}: what its tokenizer.json makes of a text of ${text.length} characters is too large`,
        { cause },
      );
    }
  }

  private idsOf(whole: string, options: EncodeOptions | undefined): Uint32Array {
    const { literal, normalized, normalize, preTokenize, model, specials } = this.parts;
    const allowed = allowedSpecials(this.name, whole, specials, options);
    const special = allowed === 'all';
    const out = new IdList();
    let atStart = true;
    for (const part of literal.split(whole, allowed)) {
      if (typeof part !== 'string') out.push(part.id);
      else {
        // What the normalizer takes away at the beginning keeps the rest from standing there.
        if (atStart && normalize) {
          const first = firstCharacter(part);
          atStart = normalize(first) !== '' || normalize(`${first}x`) !== normalize('x');
        }
        for (const stretch of normalized.split(normalize?.(part) ?? part, allowed)) {
          if (typeof stretch !== 'string') out.push(stretch.id);
          else {
            const words = preTokenize?.({ texts: [stretch], atStart }).texts ?? [stretch];
            for (const word of words) model.encode(word, special, out);
          }
          atStart = false;
        }
      }
      atStart = false;
    }
    return out.take();
  }

  decode(ids: ArrayLike<number>): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      checkId(this.name, ids[i]!, this.vocabSize);
      const token = this.parts.tokenOf.get(ids[i]!);
      if (token !== undefined) tokens.push(token);
    }
    const text = this.parts.decoder.decode(tokens);
    return this.cleansUp ? cleanUp(text) : text;
  }

  decodeStream(): DecodeStream {
    const { decoder, tokenOf } = this.parts;
    const waits = (id: number) => decoder.waits(tokenOf.get(id) ?? '');
    return new WindowStream((ids) => this.decode(ids), waits, decoder.endsDiffer);
  }

  tokenToString(id: number): string {
    checkId(this.name, id, this.vocabSize);
    return this.decode([id]) || (this.parts.tokenOf.get(id) ?? `<unused ${id}>`);
  }

  save(dir: string): void {
    writeFiles(dir, this.toFiles());
  }

  toFiles(): TokenizerFiles {
    const { tokenizer, config } = this.files;
    const more = config === undefined ? undefined : { 'tokenizer_config.json': config };
    const { kind, name } = this;
    return tokenizerFiles({ kind, name }, { 'tokenizer.json': tokenizer, ...more });
  }
}

/** What a `tokenizer.json` is made of, ready for use. */
interface Parts {
  /** Tokens that are looked for in the text as it is, and in the normalised text. */
  literal: AddedTokens;
  normalized: AddedTokens;
  normalize: Normalize | undefined;
  preTokenize: PreTokenize | undefined;
  model: Model;
  decoder: Decoder;
  tokenOf: ReadonlyMap<number, string>;
  idOf(token: string): number | undefined;
  /** The spellings of special tokens. */
  specials: readonly string[];
}

function partsOf(json: unknown, name: string): Parts {
  try {
    const fields = new Fields(json, 'it');
    fields.ignore('truncation', 'padding', 'post_processor');
    const version = fields.text('version', '1.0');
    if (version !== '1.0') fields.refuse('version', '1.0', version);
    const added = ((fields.take('added_tokens') ?? []) as unknown[]).map(addedToken);
    const normalize = makeNormalizer(fields.take('normalizer'));
    const preTokenize = makePreTokenizer(fields.take('pre_tokenizer'));
    const decoder = makeDecoder(fields.take('decoder'));
    const modelJson = fields.take('model') as {
      vocab: Record<string, number> | [string, number][];
    };
    fields.end();
    const ids = idsOf(modelJson.vocab);
    const specials = new Set(added.filter((t) => t.special).map((t) => t.id));
    const model = makeModel(modelJson, { name, ids, specials });
    const tokenOf = new Map(Array.from(ids, ([token, id]) => [id, token]));
    const addedIds = new Map<string, number>();
    for (const { content, id, normalized } of added) {
      const other = addedIds.get(content) ?? ids.get(content) ?? id;
      if (other !== id) {
        throw new UserError(`the token ${JSON.stringify(content)} has the ids ${other} and ${id}`);
      }
      addedIds.set(content, id);
      // In the text that it was found in, it stood as the normalizer spells it.
      tokenOf.set(id, normalized && normalize ? normalize(content) : content);
    }
    return {
      literal: new AddedTokens(added.filter((token) => !token.normalized)),
      normalized: new AddedTokens(
        added.filter((token) => token.normalized),
        normalize,
      ),
      normalize,
      preTokenize,
      model,
      decoder,
      tokenOf,
      specials: added.filter((token) => token.special).map((token) => token.content),
      idOf: (token) => addedIds.get(token) ?? ids.get(token),
    };
  } catch (cause) {
    if (!(cause instanceof UserError || cause instanceof RangeError)) throw cause;
    const why = cause instanceof UserError ? cause.message : 'it is nested too deeply';
    throw new UserError(`${name}: tokenizer.json cannot be used: ${why}`, { cause });
  }
}

function firstCharacter(text: string): string {
  return String.fromCodePoint(text.codePointAt(0)!);
}

function idsOf(vocab: Record<string, number> | [string, number][]): Map<string, number> {
  return Array.isArray(vocab)
    ? new Map(vocab.map(([piece], id) => [piece, id]))
    : new Map(Object.entries(vocab));
}

function addedToken(json: unknown, index: number): AddedToken {
  const fields = new Fields(json, `added_tokens[${index}]`);
  const special = fields.flag('special', false);
  const token = {
    id: fields.count('id'),
    content: fields.text('content'),
    single_word: fields.flag('single_word', false),
    lstrip: fields.flag('lstrip', false),
    rstrip: fields.flag('rstrip', false),
    normalized: fields.flag('normalized', !special),
    special,
  };
  fields.end();
  return token;
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${what} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}
