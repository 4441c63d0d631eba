/** Tokenizers without a file system: by name, and from the files that were saved. */
import { TIKTOKEN_NAMES, tiktokenName } from '../tokenizers/bytes/tiktoken-names.js';
import { MANIFEST, parseManifest } from '../tokenizers/support.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { UsageError, UserError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import type { RunFiles } from './run-files.js';

/** What `makeTokenizer` knows. */
export const BROWSER_TOKENIZERS: readonly string[] = [
  'char',
  'shakespeare',
  ...TIKTOKEN_NAMES,
  'bert-base-uncased',
];

/**
 * The tokenizer of that name; its tables, where it has any, are loaded now.
 *
 * @param text what it is built from, where it is (`char`, `shakespeare`).
 * @throws UsageError for a name that is not one of `BROWSER_TOKENIZERS`.
 */
export async function makeTokenizer(name: string, text: string): Promise<Tokenizer> {
  if (name === 'char') {
    const { CharTokenizer } = await import('../tokenizers/char.js');
    return CharTokenizer.fromText(text);
  }
  if (name === 'shakespeare') return (await import('./sentencepiece.js')).trainShakespeare(text);
  if (name === 'bert-base-uncased') {
    return (await import('../tokenizers/hugging-face/bert.js')).bertBaseUncased();
  }
  const encoding = tiktokenName(name);
  if (encoding === undefined) {
    throw new UsageError(
      `tokenizer "${name}": is none of those that a browser has.${nearestHint(name, BROWSER_TOKENIZERS)}`,
    );
  }
  const { TiktokenTokenizer } = await import('../tokenizers/bytes/tiktoken.js');
  return TiktokenTokenizer.load(encoding);
}

/**
 * A SentencePiece model, of type BPE or unigram, from the content of its `.model` file.
 *
 * @throws UserError where it is broken or of another type.
 */
export async function sentencePieceTokenizer(bytes: Uint8Array, name: string): Promise<Tokenizer> {
  const { SentencePieceTokenizer } = await import('./sentencepiece.js');
  return new SentencePieceTokenizer(bytes, name);
}

/**
 * The tokenizer of a run's files, as `Tokenizer.toFiles` and `save` write them.
 *
 * @param files by name, without the folder.
 * @throws UserError where they are no tokenizer, a damaged one, or one of a kind that a browser does not have.
 */
export async function tokenizerFromFiles(files: RunFiles): Promise<Tokenizer> {
  const bytesOf = (name: string): Uint8Array => {
    const bytes = files.get(name);
    if (bytes) return bytes;
    throw new UserError(`the tokenizer has no ${name}: one of its files is missing.`);
  };
  const textOf = (name: string) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(name));
  const manifest = parseManifest(textOf(MANIFEST), MANIFEST);
  switch (manifest.kind) {
    case 'char':
      return (await import('../tokenizers/char.js')).CharTokenizer.fromManifest(manifest);
    case 'tiktoken':
      return (await import('../tokenizers/bytes/tiktoken.js')).TiktokenTokenizer.fromManifest(
        manifest,
      );
    case 'sentencepiece': {
      const { MODEL_FILE, SentencePieceTokenizer } = await import('./sentencepiece.js');
      return new SentencePieceTokenizer(bytesOf(MODEL_FILE), manifest.name);
    }
    case 'byte-bpe': {
      const { ByteBpeTokenizer, TOKENIZER_JSON } = await import('../tokenizers/bytes/trained.js');
      return ByteBpeTokenizer.fromJson(textOf(TOKENIZER_JSON), manifest.name);
    }
    case 'huggingface': {
      const { HuggingFaceTokenizer } = await import('../tokenizers/hugging-face/tokenizer.js');
      const config = files.has('tokenizer_config.json')
        ? textOf('tokenizer_config.json')
        : undefined;
      return new HuggingFaceTokenizer(
        { tokenizer: textOf('tokenizer.json'), config },
        manifest.name,
      );
    }
    default:
      throw new UserError(
        `the run's tokenizer is of the kind "${manifest.kind}", which a browser does not have: expected char, tiktoken, sentencepiece, byte-bpe or huggingface.`,
      );
  }
}
