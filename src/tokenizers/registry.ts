/**
 * Where tokenizers come from: a name (`--tokenizer`), or a folder that one was saved in.
 *
 * Each family is imported when it is asked for, so that `nanogpt --help` loads no vocabulary.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { UsageError, UserError } from '../util/errors.js';
import { MANIFEST, type Manifest } from './support.js';
import type { Tokenizer } from './tokenizer.js';

/** What a tokenizer may need to come into being. */
export interface CreateOptions {
  /** The training text, for tokenizers that are built from it. Called only when needed. */
  text?: () => string;
  /** Where to keep what is trained or fetched. Default: nothing is kept. */
  cacheDir?: string;
}

/** Names that `--tokenizer` accepts, each with a line of help. */
export const TOKENIZER_NAMES: Readonly<Record<string, string>> = {
  char: 'one token per character, vocabulary built from the text',
  gpt2: 'GPT-2, 50,257 tokens',
  p50k_base: 'Codex and GPT-3.5, 50,281 tokens',
  cl100k_base: 'GPT-4, 100,277 tokens',
  o200k_base: 'GPT-4o, 200,019 tokens',
};

/**
 * The tokenizer that `spec` names.
 *
 * @throws UsageError for an unknown name, naming the nearest valid one.
 */
export async function createTokenizer(
  spec: string,
  options: CreateOptions = {},
): Promise<Tokenizer> {
  switch (spec) {
    case 'char': {
      const text = options.text?.();
      if (text === undefined) {
        throw new UserError(
          'char: needs the training text to build its vocabulary from; none was given',
        );
      }
      const { CharTokenizer } = await import('./char.js');
      return CharTokenizer.fromText(text);
    }
    case 'gpt2':
    case 'p50k_base':
    case 'cl100k_base':
    case 'o200k_base': {
      const { TiktokenTokenizer } = await import('./bytes/tiktoken.js');
      return TiktokenTokenizer.load(spec);
    }
  }
  const names = Object.keys(TOKENIZER_NAMES);
  const near = closest(spec, names);
  const hint =
    distance(spec, near) <= Math.max(2, near.length / 2) ? ` Did you mean "${near}"?` : '';
  throw new UsageError(`unknown tokenizer "${spec}".${hint} Valid names: ${names.join(', ')}.`);
}

/**
 * The tokenizer that was saved in `dir` by its `save`.
 *
 * @throws UserError when the folder holds none, or a broken one.
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const manifest = readManifest(dir);
  switch (manifest.kind) {
    case 'char':
      return (await import('./char.js')).CharTokenizer.fromManifest(manifest);
    case 'tiktoken':
      return (await import('./bytes/tiktoken.js')).TiktokenTokenizer.fromManifest(manifest);
    case 'sentencepiece':
      return (await import('./sentencepiece/tokenizer.js')).SentencePieceTokenizer.fromFolder(
        dir,
        manifest.name,
      );
    default:
      throw new UserError(`${join(dir, MANIFEST)}: unknown kind of tokenizer "${manifest.kind}"`);
  }
}

function readManifest(dir: string): Manifest {
  const path = join(dir, MANIFEST);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UserError(`${dir} holds no saved tokenizer: ${(cause as Error).message}`, { cause });
  }
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${path} is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const m = manifest as Partial<Manifest> | null;
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
  return m as Manifest;
}
