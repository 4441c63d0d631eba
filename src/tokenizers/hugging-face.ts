/**
 * Tokenizers of the Hugging Face hub (`tokenizer.json`), through `@huggingface/tokenizers`.
 *
 * The file is checked before the library sees it: ids, merges and sizes that do not fit are refused.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { UserError } from '../util/errors.js';
import { addBosEos, checkId, checkIds, saveFolder, wellFormed } from './support.js';
import type { DecodeStream, EncodeOptions, Tokenizer } from './tokenizer.js';
import { checkTokenizerJson } from './tokenizer-json.js';

const MOST_BYTES = 1 << 28;
/** So many ids a stream decodes at once, so that a long text takes time in proportion to its length. */
const WINDOW = 64;
/**
 * An end of a text that more ids may still change: a character that is not whole shows as U+FFFD, and what
 * looks like ` n't` or ` 've` loses its space in decoders that clean up.
 */
const UNCERTAIN = /(?:\ufffd+| (?:n ?(?:' ?)?|'[ a-z]{0,2})?)$/;

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
  private readonly library: Library;
  private readonly decoding: { skip_special_tokens: false; clean_up_tokenization_spaces: boolean };

  /** @throws UserError where the files are no tokenizer, or not a sound one. */
  constructor(files: HuggingFaceFiles, name: string) {
    this.name = name;
    this.files = files;
    const json = parse(files.tokenizer, `${name}: tokenizer.json`);
    const config = parse(files.config ?? '{}', `${name}: tokenizer_config.json`);
    this.vocabSize = checkTokenizerJson(json, name);
    try {
      this.library = new Library(json as object, config as object);
    } catch (cause) {
      throw new UserError(`${name}: tokenizer.json cannot be used: ${(cause as Error).message}`, {
        cause,
      });
    }
    // Cleaning up takes spaces away (` .` becomes `.`): only for those that ask for it, or what a text
    // is decoded to would not be that text.
    const cleansUp = (config as Record<string, unknown>)['clean_up_tokenization_spaces'] === true;
    this.decoding = { skip_special_tokens: false, clean_up_tokenization_spaces: cleansUp };
    const id = (...keys: string[]): number | undefined => {
      for (const key of keys) {
        const value = (config as Record<string, unknown>)[key];
        const token =
          typeof value === 'object' && value ? (value as { content?: unknown }).content : value;
        const found = typeof token === 'string' ? this.library.token_to_id(token) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    };
    this.bosId = id('bos_token', 'cls_token');
    this.eosId = id('eos_token', 'sep_token');
    const hash = createHash('sha256')
      .update(files.tokenizer)
      .update('\0')
      .update(files.config ?? '');
    this.fingerprint = hash.digest('hex').slice(0, 32);
  }

  /** Reads a `tokenizer.json`, or a folder that has one; the configuration beside it is read too. */
  static fromPath(path: string, name = path): HuggingFaceTokenizer {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    const file = isFolder ? join(path, 'tokenizer.json') : path;
    const config = join(dirname(file), 'tokenizer_config.json');
    return new HuggingFaceTokenizer(
      { tokenizer: read(file), config: existsSync(config) ? read(config) : undefined },
      name,
    );
  }

  encode(text: string, options?: EncodeOptions): Uint32Array {
    const ids: number[] = [];
    // Added tokens are recognised in any text by the library; ordinary text must not become one.
    for (const part of options?.special ? [text] : this.apart(wellFormed(text))) {
      const encoded = this.library.encode(part, { add_special_tokens: false }).ids;
      for (const id of encoded) {
        if (id === undefined || id === null) {
          throw new UserError(`${this.name}: a part of the text is not in the vocabulary`);
        }
        ids.push(id);
      }
    }
    checkIds(this, ids);
    return addBosEos(this, Uint32Array.from(ids), options);
  }

  decode(ids: ArrayLike<number>): string {
    const list = Array.from(ids, (id) => this.checked(id));
    return list.length === 0 ? '' : this.library.decode(list, this.decoding);
  }

  decodeStream(): DecodeStream {
    // The library only decodes whole lists, so the last ids are decoded anew with each one.
    let ids: number[] = [];
    /** Text of `ids` that has been handed out. */
    let given = '';
    /** Where the text was whole some ids ago: the ids before it may be let go. */
    let whole = 0;
    let limit = WINDOW;
    const text = (isEnd: boolean): string => {
      const all = this.decode(ids);
      if (isEnd) return all.slice(commonPrefix(all, given));
      const certain = all.length - (UNCERTAIN.exec(all)?.[0].length ?? 0);
      if (certain < given.length || !all.startsWith(given)) return '';
      const more = all.slice(given.length, certain);
      given = all.slice(0, certain);
      if (whole === 0 && ids.length >= WINDOW / 2 && certain === all.length) whole = ids.length;
      if (ids.length >= limit) forget(all);
      return more;
    };
    const forget = (all: string): void => {
      const kept = ids.slice(whole);
      const keptText = this.decode(kept);
      const keptGiven = keptText.length - (all.length - given.length);
      if (keptGiven > 0 && all.endsWith(keptText)) {
        [ids, given, whole, limit] = [kept, keptText.slice(0, keptGiven), 0, WINDOW];
      } else {
        // It was no place to begin at, as inside a word of WordPiece; perhaps this one is.
        whole = ids.length;
        limit = ids.length + WINDOW / 2;
      }
    };
    return {
      push: (id) => {
        ids.push(this.checked(id));
        return text(false);
      },
      end: () => text(true),
    };
  }

  tokenToString(id: number): string {
    const spelling = this.library.id_to_token(this.checked(id));
    if (spelling === undefined) return `<unused ${id}>`;
    return this.library.decode([id], this.decoding) || spelling;
  }

  save(dir: string): void {
    const { tokenizer, config } = this.files;
    const more = config === undefined ? undefined : { 'tokenizer_config.json': config };
    saveFolder(dir, { kind: this.kind, name: this.name }, { 'tokenizer.json': tokenizer, ...more });
  }

  private checked(id: number): number {
    checkId(this.name, id, this.vocabSize);
    return id;
  }

  /** The text, broken inside each spelling of a special token, so that none is left whole. */
  private apart(text: string): string[] {
    const specials = [...this.library.get_added_tokens_decoder().values()]
      .filter((token) => token.special)
      .map((token) => token.content);
    if (!specials.some((special) => text.includes(special))) return [text];
    const parts: string[] = [];
    let rest = text;
    for (;;) {
      const found = specials
        .map((special) => ({ special, at: rest.indexOf(special) }))
        .filter(({ at }) => at >= 0)
        .sort((a, b) => a.at - b.at)[0];
      if (!found) return [...parts, rest];
      parts.push(rest.slice(0, found.at + 1));
      rest = rest.slice(found.at + 1);
    }
  }
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < b.length && a[length] === b[length]) length++;
  return length;
}

function read(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, more than any tokenizer needs`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UserError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${what} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
}
