/** Encoding whole texts, which may take long: in a thread of its own where the text is not short. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type EncodeOptions, loadTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { isAlive, machine } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { runTask, type Task, type WorkOptions } from '../util/work.js';
import type { SplitName } from './split.js';
import { type SplitBytes, splitBytes } from './split-bytes.js';
import { encodeDocumentsHere, packIds, type TokenIds } from './token-ids.js';

/** What encodes a text: a tokenizer, or as much of one as is needed. */
export type Encoder = Pick<Tokenizer, 'encode' | 'vocabSize'> & Partial<Tokenizer>;

/**
 * Shorter texts, in characters, are done at once: a thread takes a tenth of a second to start and to load
 * the tokenizer again, in which all tokenizers do more than this.
 */
const ENCODE_ASIDE = 1 << 16;
/** Decoding is quicker. */
const DECODE_ASIDE = 1 << 22;

export interface EncodeAsideOptions extends Omit<EncodeOptions, 'onProgress'>, WorkOptions {}

/** Ids of a text, checked and packed. @throws as the tokenizer does, and StoppedError. */
export function encodeAside(
  tokenizer: Encoder,
  text: string,
  options: EncodeAsideOptions = {},
): Promise<TokenIds> {
  const { bos, eos, special, allowedSpecial, disallowedSpecial, ...work } = options;
  const how = {
    bos,
    eos,
    special,
    allowedSpecial: listed(allowedSpecial),
    disallowedSpecial: listed(disallowedSpecial),
  };
  return withTokenizer<EncodeArgs, TokenIds>({
    task: encodeTask,
    tokenizer,
    isLong: text.length >= ENCODE_ASIDE,
    args: (saved) => ({ saved, text, how }),
    here: () => packIds(tokenizer, tokenizer.encode(text, how)),
    doing: 'tokenizing',
    options: work,
  });
}

/** Not every iterable can be sent to another thread. */
function listed(tokens: 'all' | Iterable<string> | undefined): 'all' | string[] | undefined {
  if (tokens === 'all') return 'all';
  return tokens && [...tokens];
}

/**
 * Ids of documents, checked and packed, each document ended by the boundary.
 *
 * @throws as `encodeDocumentsHere` and the tokenizer do, and StoppedError.
 */
export function encodeDocumentsAside(
  tokenizer: Encoder,
  documents: readonly string[],
  boundary: number,
  options: WorkOptions = {},
): Promise<TokenIds> {
  return withTokenizer<EncodeDocumentsArgs, TokenIds>({
    task: encodeDocumentsTask,
    tokenizer,
    isLong: documents.reduce((sum, { length }) => sum + length, 0) >= ENCODE_ASIDE,
    args: (saved) => ({ saved, documents, boundary }),
    here: () => encodeDocumentsHere(documents, tokenizer, boundary),
    doing: 'tokenizing',
    options,
  });
}

/** As `splitBytes`. @throws as the tokenizer does, and StoppedError. */
export function splitBytesAside(
  text: string,
  tokenizer: Tokenizer,
  splits: Record<SplitName, TokenIds>,
  options: WorkOptions = {},
): Promise<SplitBytes> {
  return withTokenizer<SplitBytesArgs, SplitBytes>({
    task: splitBytesTask,
    tokenizer,
    isLong: text.length >= DECODE_ASIDE,
    args: (saved) => ({ saved, text, splits }),
    here: () => splitBytes(text, tokenizer, splits),
    doing: 'counting bytes',
    options,
  });
}

/** A tokenizer on its way to another thread. */
interface SavedTokenizer {
  folder: string;
  /** A tokenizer that comes out of the folder with another one is not this one. */
  fingerprint: string;
}

interface Aside<A, R> {
  task: Task<A, R | undefined>;
  tokenizer: Encoder;
  isLong: boolean;
  args: (saved: SavedTokenizer) => A;
  /** The same in this thread, where the task is short or the tokenizer cannot be handed over. */
  here: () => R;
  doing: string;
  options: WorkOptions;
}

async function withTokenizer<A, R>(aside: Aside<A, R>): Promise<R> {
  const { task, tokenizer, isLong, args, here, doing, options } = aside;
  const { fingerprint } = tokenizer;
  if (!isLong || fingerprint === undefined) return here();
  const folder = save(tokenizer);
  if (folder === undefined) return here();
  try {
    return (await runTask(task, args({ folder, fingerprint }), doing, options)) ?? here();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Folders in the system's place for temporary files, with the process and the machine that made them. */
const ON_THE_WAY = /^nanogpt-tokenizer-(\d+)-([0-9a-f]{8})-/;

/** Undefined for a tokenizer that cannot be saved, or where nothing can be written. */
function save(tokenizer: Encoder): string | undefined {
  if (tokenizer.save === undefined) return undefined;
  let folder: string | undefined;
  try {
    removeOrphans();
    const prefix = `nanogpt-tokenizer-${process.pid}-${machine()}-`;
    folder = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
    tokenizer.save(folder);
    return folder;
  } catch {
    if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

/** What killed processes left. */
function removeOrphans(): void {
  for (const entry of fs.readdirSync(os.tmpdir())) {
    const [, pid, where] = ON_THE_WAY.exec(entry) ?? [];
    if (where !== machine() || isAlive(Number(pid))) continue;
    fs.rmSync(path.join(os.tmpdir(), entry), { recursive: true, force: true });
  }
}

/** Undefined where the folder holds none that is known here, or another one: somebody's own tokenizer. */
async function load({ folder, fingerprint }: SavedTokenizer): Promise<Tokenizer | undefined> {
  try {
    const tokenizer = await loadTokenizer(folder);
    return tokenizer.fingerprint === fingerprint ? tokenizer : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

interface EncodeArgs {
  saved: SavedTokenizer;
  text: string;
  how: EncodeOptions;
}

export const encodeTask: Task<EncodeArgs, TokenIds | undefined> = {
  module: import.meta.url,
  name: 'encodeTask',
  async run({ saved, text, how }, onProgress) {
    const tokenizer = await load(saved);
    return tokenizer && packIds(tokenizer, tokenizer.encode(text, { ...how, onProgress }));
  },
};

interface EncodeDocumentsArgs {
  saved: SavedTokenizer;
  documents: readonly string[];
  boundary: number;
}

export const encodeDocumentsTask: Task<EncodeDocumentsArgs, TokenIds | undefined> = {
  module: import.meta.url,
  name: 'encodeDocumentsTask',
  async run({ saved, documents, boundary }, report) {
    const tokenizer = await load(saved);
    return tokenizer && encodeDocumentsHere(documents, tokenizer, boundary, report);
  },
};

interface SplitBytesArgs {
  saved: SavedTokenizer;
  text: string;
  splits: Record<SplitName, TokenIds>;
}

export const splitBytesTask: Task<SplitBytesArgs, SplitBytes | undefined> = {
  module: import.meta.url,
  name: 'splitBytesTask',
  async run({ saved, text, splits }) {
    const tokenizer = await load(saved);
    return tokenizer && splitBytes(text, tokenizer, splits);
  },
};
