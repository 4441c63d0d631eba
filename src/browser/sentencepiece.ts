/** SentencePiece without a file system; loaded with the first model that is read or trained. */
import { assemble } from '../tokenizers/sentencepiece/assemble.js';
import { linesOfText } from '../tokenizers/sentencepiece/corpus.js';
import { learn } from '../tokenizers/sentencepiece/learn.js';
import { SHAKESPEARE } from '../tokenizers/sentencepiece/spec.js';
import { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';

export { MODEL_FILE } from '../tokenizers/sentencepiece/model-name.js';
export { SentencePieceTokenizer };

/**
 * The tokenizer `shakespeare`, trained on `text` to the very model that the command line makes of it.
 *
 * @throws UserError, with the original's words, where the text does not give 32,000 pieces.
 */
export async function trainShakespeare(text: string): Promise<SentencePieceTokenizer> {
  const name = 'shakespeare';
  const given = { ...SHAKESPEARE, model_prefix: name };
  const { model } = await assemble(given, {}, await learn(given, [linesOfText(text)]));
  return new SentencePieceTokenizer(model, name);
}
