/** Small things that every tokenizer needs: checks of ids, UTF-8 pieces, fingerprints, whole files. */

import { UserError } from '../util/errors.js';
import { sha256 } from '../util/sha256.js';
import type { DecodeStream, EncodeOptions, Tokenizer, TokenizerKind } from './tokenizer.js';

/** The file by which a folder is known to hold a tokenizer. */
export const MANIFEST = 'nanogpt-tokenizer.json';

/** What every manifest says; each family adds its own fields. */
export interface TokenizerManifest {
  format: 'nanogpt-tokenizer';
  version: 1;
  kind: TokenizerKind;
  name: string;
  [field: string]: unknown;
}

/** @throws UserError unless `id` is a whole number in `0 … vocabSize - 1`. */
export function checkId(name: string, id: number, vocabSize: number): void {
  if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
    throw new UserError(
      `${name}: token id ${id} is out of range; expected a whole number from 0 to ${vocabSize - 1}`,
    );
  }
}

/** Ids are drawn into int32 tensors. */
const MOST_IDS = 2 ** 31;

/**
 * Checks what came from outside before it is stored in an array of numbers, which would take anything:
 * 65,539 as 3 in 16 bits, 1.5 as 1, `"x"` as 0.
 *
 * @param of what they are ids of, for the error.
 * @throws UserError naming tokenizer, id and position, unless all are whole numbers in [0, vocabSize).
 */
export function checkIds(
  { name = 'the tokenizer', vocabSize }: { name?: string; vocabSize: number },
  ids: ArrayLike<unknown>,
  of = 'the text',
): void {
  if (!Number.isSafeInteger(vocabSize) || vocabSize < 1 || vocabSize > MOST_IDS) {
    throw new UserError(
      `${name}: expected a vocabulary of 1 to 2^31 tokens, got ${shownId(vocabSize)}.`,
    );
  }
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= vocabSize) {
      throw new UserError(
        `${name}: gave ${of} the id ${shownId(id)} at position ${i}; expected whole numbers from 0 to ` +
          `${vocabSize - 1}, the ids of its vocabulary. The tokenizer is damaged.`,
      );
    }
  }
}

function shownId(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ANY_SURROGATE = /[\ud800-\udfff]/;

/** `text` with each lone surrogate replaced by U+FFFD, as writing it as UTF-8 would. */
export function wellFormed(text: string): string {
  return ANY_SURROGATE.test(text) ? text.replace(LONE_SURROGATE, '\ufffd') : text;
}

/** The ids with the begin and end tokens that the options ask for. */
export function addBosEos(
  tokenizer: Pick<Tokenizer, 'name' | 'bosId' | 'eosId' | 'vocabSize'>,
  ids: Uint32Array,
  options: EncodeOptions | undefined,
): Uint32Array {
  if (!options?.bos && !options?.eos) return ids;
  const edge = (id: number | undefined, which: string): number => {
    if (id === undefined) throw new UserError(`${tokenizer.name}: has no ${which} token to add`);
    checkId(tokenizer.name, id, tokenizer.vocabSize);
    return id;
  };
  const before = options.bos ? [edge(tokenizer.bosId, 'begin-of-text')] : [];
  const after = options.eos ? [edge(tokenizer.eosId, 'end-of-text')] : [];
  const out = new Uint32Array(before.length + ids.length + after.length);
  out.set(before, 0);
  out.set(ids, before.length);
  out.set(after, before.length + ids.length);
  return out;
}

/** As much of TextDecoder as is used: its own type needs that of Node, or of a browser. */
export interface Utf8Decoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

/** A UTF-8 decoder that keeps a leading U+FEFF as the character it is. */
export function utf8Decoder(): Utf8Decoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Streams tokens that are byte strings; a character split over tokens waits until it is whole. */
export function byteDecodeStream(bytesOf: (id: number) => Uint8Array): DecodeStream {
  const decoder = utf8Decoder();
  return {
    push: (id) => decoder.decode(bytesOf(id), { stream: true }),
    end: () => decoder.decode(),
  };
}

/** Bytes as a reader should see them: text where they are UTF-8, else every byte as `<0xE2>`. */
export function bytesToString(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, byteName).join('');
  }
}

/** SentencePiece's spelling of a byte: `<0x0A>`. */
export function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** First 128 bits of SHA-256 over the parts (each preceded by its length), in hex. */
export function fingerprintOf(...parts: (string | Uint8Array)[]): string {
  const utf8 = new TextEncoder();
  const framed = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? utf8.encode(part) : part;
    return [utf8.encode(`${bytes.length}:`), bytes];
  });
  return sha256(...framed).slice(0, 32);
}

/** A tokenizer's folder, file by file: its own files first, the manifest, which makes it valid, last. */
export type TokenizerFiles = Readonly<Record<string, string | Uint8Array>>;

/** What a manifest says, beside its format and version. */
export type ManifestFields = Omit<TokenizerManifest, 'format' | 'version'> & {
  kind: TokenizerKind;
  name: string;
};

export function tokenizerFiles(
  manifest: ManifestFields,
  files: TokenizerFiles = {},
): TokenizerFiles {
  const whole = { format: 'nanogpt-tokenizer', version: 1, ...manifest };
  return { ...files, [MANIFEST]: `${JSON.stringify(whole, null, 2)}\n` };
}

/** Checks what the manifest holds. @param path its name, for the errors. @throws UserError for what is damaged. */
export function parseManifest(text: string, path: string): TokenizerManifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${path} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const m = manifest as Partial<TokenizerManifest> | null;
  if (
    m?.format !== 'nanogpt-tokenizer' ||
    typeof m.kind !== 'string' ||
    typeof m.name !== 'string'
  ) {
    throw new UserError(`${path} does not describe a tokenizer of this program`);
  }
  if (m.version !== 1) {
    throw new UserError(`${path} has version ${m.version}; this program reads version 1`);
  }
  return m as TokenizerManifest;
}
