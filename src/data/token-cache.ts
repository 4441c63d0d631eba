/** Token ids kept on disk by content, so that a text is encoded once per tokenizer. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { removeLeftovers, writeFileAtomic } from '../util/atomic-file.js';
import { cacheDir } from '../util/cache-dir.js';
import { UserError } from '../util/errors.js';
import { readRegularFile } from '../util/read-file.js';
import type { WorkOptions } from '../util/work.js';
import { encodeAside } from './encode.js';
import type { LoadedText } from './text.js';
import { idArray, type TokenIds } from './token-ids.js';

/*
 * The file: a header of 80 bytes, then the ids.
 *
 *    0  8 bytes   magic; its last character is the format's version
 *    8  uint32    bytes per id, 2 or 4
 *   12  uint32    vocabulary size
 *   16  float64   number of ids
 *   24  8 bytes   zero
 *   32  32 bytes  SHA-256 of the ids' bytes
 *   64  16 bytes  the key: a file that was renamed is found out
 *
 * Numbers and ids are in the machine's byte order. A cache belongs to one machine; on one of another
 * order the header does not match, and the file is made anew.
 */
const MAGIC = 'NGPTIDS2';
const HEADER_BYTES = 80;
/** Four bytes for each byte of the longest text, which no tokenizer needs. */
const MOST_BYTES = 2 ** 31 + HEADER_BYTES;

export interface EncodedText {
  readonly ids: TokenIds;
  /** Whether the ids came from the cache. */
  readonly cached: boolean;
  /** One line for the user when the ids could not be kept; training goes on without. */
  readonly notice?: string;
}

export interface EncodeCacheOptions extends WorkOptions {
  /** The folder to keep ids in, or null to keep none. Default: `tokens` in the user's cache. */
  folder?: string | null | undefined;
}

/**
 * The ids of a text, from the cache where they are there, otherwise encoded and kept. A text that is not
 * short is encoded in a thread of its own.
 *
 * @throws UserError where the tokenizer cannot express the text, or gives an id that is none of its own;
 *   StoppedError when `signal` is aborted.
 */
export function encodeCached(
  text: Pick<LoadedText, 'text' | 'sha256'>,
  tokenizer: Pick<Tokenizer, 'encode' | 'fingerprint' | 'vocabSize'> & Partial<Tokenizer>,
  options: EncodeCacheOptions = {},
): Promise<EncodedText> {
  const { sha256 } = text;
  const { fingerprint, vocabSize } = tokenizer;
  return cachedIds({ sha256, fingerprint, vocabSize }, options.folder, () =>
    encodeAside(tokenizer, text.text, options),
  );
}

/** Of what ids are, and by which tokenizer. */
export interface CacheKey {
  readonly sha256: string;
  readonly fingerprint: string;
  readonly vocabSize: number;
}

/**
 * Ids from the cache, otherwise made and kept.
 *
 * Filed under a hash of the text's hash and the tokenizer's fingerprint, so that a changed text or
 * tokenizer is another file. A file that is damaged (cut short, other bytes) is noticed by its header
 * and checksum, and made anew. Several processes may do so at once: each puts a whole file in its place,
 * and all of them are the same.
 */
export async function cachedIds(
  { sha256, fingerprint, vocabSize }: CacheKey,
  folder: string | null | undefined = cacheDir('tokens'),
  make: () => Promise<TokenIds>,
): Promise<EncodedText> {
  if (folder === null) return { ids: await make(), cached: false };
  removeLeftovers(folder);
  const key = createHash('sha256').update(`${sha256} ${fingerprint}`).digest().subarray(0, 16);
  const file = path.join(folder, `${key.toString('hex')}.ids`);
  const kept = readIds(file, key, vocabSize);
  if (kept !== undefined) return { ids: kept, cached: true };

  const ids = await make();
  try {
    writeIds(file, key, vocabSize, ids);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      ids,
      cached: false,
      notice: `Token ids are not kept for the next run: ${error.message}`,
    };
  }
  return { ids, cached: false };
}

function bytesOf(ids: TokenIds): Uint8Array {
  return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
}

function header(key: Uint8Array, vocabSize: number, ids: TokenIds): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(Buffer.from(MAGIC, 'latin1'));
  new Uint32Array(bytes.buffer, 8, 2).set([ids.BYTES_PER_ELEMENT, vocabSize]);
  new Float64Array(bytes.buffer, 16, 1)[0] = ids.length;
  bytes.set(createHash('sha256').update(bytesOf(ids)).digest(), 32);
  bytes.set(key, 64);
  return bytes;
}

function writeIds(file: string, key: Uint8Array, vocabSize: number, ids: TokenIds): void {
  writeFileAtomic(file, [header(key, vocabSize, ids), bytesOf(ids)]);
}

/** The ids in `file`, or undefined when it is missing, unreadable, damaged, or not the one meant. */
function readIds(file: string, key: Uint8Array, vocabSize: number): TokenIds | undefined {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(file, MOST_BYTES);
  } catch {
    return undefined;
  }
  const IdArray = idArray(vocabSize);
  const length = (bytes.byteLength - HEADER_BYTES) / IdArray.BYTES_PER_ELEMENT;
  if (!Number.isInteger(length) || length < 0) return undefined;
  // A small file may lie in a shared buffer at an odd offset: ids need an aligned one of their own.
  const payload = new Uint8Array(length * IdArray.BYTES_PER_ELEMENT);
  payload.set(bytes.subarray(HEADER_BYTES));
  const ids = new IdArray(payload.buffer);
  // The header is a function of the ids: it matches in every byte, or something is damaged.
  const expected = header(key, vocabSize, ids);
  if (!bytes.subarray(0, HEADER_BYTES).equals(expected)) return undefined;
  return ids.every((id) => id < vocabSize) ? ids : undefined;
}
