/**
 * Where tokenizers come from: a name (`--tokenizer`), a file, or a folder that one was saved in.
 *
 * Each family is imported when it is asked for, so that `nanogpt --help` loads no vocabulary.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describeValue } from '../util/describe.js';
import { UsageError, UserError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import { readRegularFile } from '../util/read-file.js';
import type { WorkOptions } from '../util/work.js';
import { encodingOfModel } from './bytes/openai-models.js';
import { tiktokenName } from './bytes/tiktoken-names.js';
import { MANIFEST, parseManifest, type TokenizerManifest } from './support.js';
import type { Tokenizer } from './tokenizer.js';

/** What a tokenizer may need to come into being. */
export interface CreateOptions extends WorkOptions {
  /** The training text, for tokenizers that are built from it. Called only when needed. */
  text?: () => string;
  /** Where to keep what is trained or fetched. Default: nothing is kept. */
  cacheDir?: string;
}

const names: Record<string, string> = {
  char: 'one token per character, vocabulary built from the text',
  shakespeare: 'SentencePiece BPE, 32,000 pieces, trained on the text on first use and kept',
  gpt2: 'GPT-2, 50,257 tokens',
  r50k_base: 'GPT-3, the same 50,257 tokens',
  p50k_base: 'Codex and text-davinci-003, 50,281 tokens',
  p50k_edit: 'the same with tokens for filling in, 50,284',
  cl100k_base: 'GPT-4 and GPT-3.5, 100,277 tokens',
  o200k_base: 'GPT-4o and later, 200,019 tokens',
  o200k_harmony: 'gpt-oss, the same with tokens for messages, 201,088',
  'bert-base-uncased': 'BERT, WordPiece, 30,522 tokens, lower case',
};

/** Names that `--tokenizer` accepts, each with a line of help; registered ones come last. */
export const TOKENIZER_NAMES: Readonly<Record<string, string>> = names;

const OTHER_FORMS =
  "Or the name of one of OpenAI's models (gpt-4o), " +
  'sentencepiece:FILE (a .model), a tokenizer.json, a folder with one, or a name on the ' +
  'Hugging Face hub (owner/name).';

/** The kinds that `loadTokenizer` knows by itself. */
const OWN_KINDS = ['char', 'tiktoken', 'sentencepiece', 'huggingface', 'byte-bpe'];

/** For `registerTokenizer`. */
export interface TokenizerDefinition {
  /** What `--tokenizer` takes. */
  readonly name: string;
  /** One line for lists. */
  readonly summary: string;
  /**
   * Makes the tokenizer. `options.text()` gives the training text, for one that is built from it;
   * `options.cacheDir` is a folder in which to keep what is trained or fetched.
   */
  readonly create: (
    options: CreateOptions & { text: () => string },
  ) => Tokenizer | Promise<Tokenizer>;
  /**
   * Loads the tokenizer from a folder that its own `save` wrote. A run keeps its tokenizer in its folder,
   * and knows whose it is by the manifest's kind, which `saveTokenizerFolder` writes.
   */
  readonly load: (dir: string, manifest: TokenizerManifest) => Tokenizer | Promise<Tokenizer>;
  /** The kind that its manifest names. Default: `name`. */
  readonly kind?: string;
}

const definitions = new Map<string, TokenizerDefinition>();
const byKind = new Map<string, TokenizerDefinition>();

/**
 * Makes a tokenizer of one's own known by a name, to the library and to every command
 * (`--tokenizer NAME`). A command imports the file that calls this by `--import ./my-tokenizer.js`.
 *
 * Registering the same definition again does nothing.
 *
 * @throws UserError when name or kind is taken, or the definition is not complete.
 */
export function registerTokenizer(definition: TokenizerDefinition): void {
  const { name, summary, create, load, kind = name } = definition ?? {};
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]*$/.test(name)) {
    throw new UserError(
      `registerTokenizer: expected a name of lower-case letters, digits, - and _, got ${describeValue(name)}`,
    );
  }
  const expect = (fits: boolean, what: string, got: unknown): void => {
    if (fits) return;
    throw new UserError(`registerTokenizer: ${name}: expected ${what}, got ${describeValue(got)}`);
  };
  expect(typeof summary === 'string', 'a summary, a line of text', summary);
  expect(typeof create === 'function', 'create, a function (options) => tokenizer', create);
  expect(typeof load === 'function', 'load, a function (dir) => tokenizer', load);
  expect(typeof kind === 'string' && kind !== '', 'kind, a word', kind);
  if (definitions.get(name) === definition) return;
  if (Object.hasOwn(names, name) || encodingOfModel(name) !== undefined) {
    throw new UserError(
      `registerTokenizer: there is a tokenizer "${name}" already; give yours another name`,
    );
  }
  if (OWN_KINDS.includes(kind) || byKind.has(kind)) {
    throw new UserError(
      `registerTokenizer: ${name}: there is a kind "${kind}" already; give yours another one`,
    );
  }
  definitions.set(name, definition);
  byKind.set(kind, definition);
  names[name] = summary;
}

const METHODS = ['encode', 'decode', 'decodeStream', 'tokenToString', 'save'] as const;

/** What somebody's function made, checked. @throws UserError naming what is missing. */
function checkTokenizer(by: string, kind: string, made: unknown): Tokenizer {
  const tokenizer = made as Tokenizer | null | undefined;
  const expect = (fits: boolean, what: string, got: unknown): void => {
    if (!fits) throw new UserError(`${by}: expected ${what}, got ${describeValue(got)}`);
  };
  expect(typeof tokenizer === 'object' && tokenizer !== null, 'a tokenizer', tokenizer);
  const { vocabSize, fingerprint } = tokenizer!;
  expect(Number.isSafeInteger(vocabSize) && vocabSize > 0, 'vocabSize, a whole number', vocabSize);
  expect(typeof tokenizer!.name === 'string', 'name, a text', tokenizer!.name);
  expect(tokenizer!.kind === kind, `kind to be "${kind}"`, tokenizer!.kind);
  // Ids are filed under it: one that is left out would be everybody's.
  expect(typeof fingerprint === 'string' && fingerprint !== '', 'a fingerprint', fingerprint);
  for (const name of METHODS) {
    expect(typeof tokenizer![name] === 'function', `a method ${name}`, tokenizer![name]);
  }
  return tokenizer!;
}

/**
 * The tokenizer that `spec` names: one of `TOKENIZER_NAMES`, a model of OpenAI's, `sentencepiece:FILE`, a `.model` or
 * `tokenizer.json` file, a folder, or `owner/name` on the hub.
 *
 * @throws UsageError for an unknown name, naming the nearest valid one.
 */
export async function createTokenizer(
  spec: string,
  options: CreateOptions = {},
): Promise<Tokenizer> {
  switch (spec) {
    case 'char': {
      const { charTokenizerAside } = await import('./char-aside.js');
      return charTokenizerAside(textOf(spec, options), options);
    }
    case 'shakespeare': {
      const { shakespeareTokenizer } = await import('./sentencepiece/shakespeare.js');
      return shakespeareTokenizer(textOf(spec, options), options);
    }
    case 'bert-base-uncased':
      return (await import('./hugging-face/bert.js')).bertBaseUncased();
  }
  const definition = definitions.get(spec);
  if (definition !== undefined) {
    const text = () => textOf(spec, options);
    const made = await definition.create({ ...options, text });
    return checkTokenizer(`tokenizer ${spec}: its create()`, definition.kind ?? spec, made);
  }
  const encoding = tiktokenName(encodingOfModel(spec) ?? spec);
  if (encoding !== undefined) {
    const { TiktokenTokenizer } = await import('./bytes/tiktoken.js');
    return TiktokenTokenizer.load(encoding);
  }
  if (spec.startsWith('sentencepiece:'))
    return openFile(spec.slice('sentencepiece:'.length), 'model');
  if (existsSync(spec)) return openPath(spec);
  if (/^[^/\\]+\/[^/\\]+$/.test(spec) && !/^\.{1,2}\/|\.(json|model)$/.test(spec)) {
    return (await import('./hugging-face/hub.js')).hubTokenizer(spec, {
      cacheDir: options.cacheDir,
      signal: options.signal,
    });
  }
  if (/[\\/]|\.(json|model)$/.test(spec)) throw new UserError(`tokenizer: no such file: ${spec}`);
  const hint = nearestHint(spec, Object.keys(TOKENIZER_NAMES));
  throw new UsageError(`unknown tokenizer "${spec}".${hint} ${OTHER_FORMS}`);
}

function textOf(spec: string, options: CreateOptions): string {
  const text = options.text?.();
  if (text !== undefined) return text;
  throw new UserError(
    `${spec}: needs the training text to build its vocabulary from; none was given`,
  );
}

/** A folder that a tokenizer was saved in, a folder with a model of someone else's, or a file. */
async function openPath(path: string): Promise<Tokenizer> {
  if (!statSync(path).isDirectory())
    return openFile(path, path.endsWith('.model') ? 'model' : 'json');
  if (existsSync(join(path, MANIFEST))) return loadTokenizer(path);
  const json = join(path, 'tokenizer.json');
  const model = join(path, 'tokenizer.model');
  if (existsSync(json)) return openFile(json, 'json');
  if (existsSync(model)) return openFile(model, 'model');
  throw new UserError(
    `${path} contains no tokenizer: expected ${MANIFEST}, tokenizer.json or tokenizer.model in it`,
  );
}

async function openFile(path: string, form: 'model' | 'json'): Promise<Tokenizer> {
  if (form === 'model') {
    const { SentencePieceTokenizer } = await import('./sentencepiece/tokenizer.js');
    return SentencePieceTokenizer.fromFile(path, basename(path));
  }
  return (await import('./hugging-face/open.js')).openHuggingFace(path);
}

/**
 * The tokenizer that was saved in `dir` by its `save`.
 *
 * @throws UserError when the folder holds none, or a broken one.
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const manifest = readManifest(dir);
  const { kind, name } = manifest;
  switch (kind) {
    case 'char':
      return (await import('./char.js')).CharTokenizer.fromManifest(manifest);
    case 'tiktoken':
      return (await import('./bytes/tiktoken.js')).TiktokenTokenizer.fromManifest(manifest);
    case 'sentencepiece': {
      const { SentencePieceTokenizer } = await import('./sentencepiece/tokenizer.js');
      return SentencePieceTokenizer.fromFolder(dir, name);
    }
    case 'huggingface': {
      return (await import('./hugging-face/open.js')).openHuggingFace(dir, name);
    }
    case 'byte-bpe': {
      const { ByteBpeTokenizer, TOKENIZER_JSON } = await import('./bytes/trained.js');
      return ByteBpeTokenizer.fromJson(readText(join(dir, TOKENIZER_JSON)), name);
    }
    default: {
      const definition = byKind.get(kind);
      if (definition !== undefined) {
        const loaded = await definition.load(dir, manifest);
        return checkTokenizer(`tokenizer ${definition.name}: its load()`, kind, loaded);
      }
      throw new UserError(
        `${join(dir, MANIFEST)}: unknown kind of tokenizer "${kind}"; --import the file that registers it`,
      );
    }
  }
}

function readText(path: string): string {
  return readRegularFile(path).toString('utf8');
}

function readManifest(dir: string): TokenizerManifest {
  const path = join(dir, MANIFEST);
  if (!existsSync(path))
    throw new UserError(`${dir} contains no saved tokenizer: it has no ${MANIFEST}`);
  return parseManifest(readText(path), path);
}
