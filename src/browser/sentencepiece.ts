/** SentencePiece without a file system; loaded with the first model that is read or trained. */
import { assemble } from '../tokenizers/sentencepiece/assemble.js';
import { linesOfText } from '../tokenizers/sentencepiece/corpus.js';
import { learn } from '../tokenizers/sentencepiece/learn.js';
import { orLongerText } from '../tokenizers/sentencepiece/short-text.js';
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
  const training = learn(given, [linesOfText(text)]).then((learnt) => assemble(given, {}, learnt));
  const { model } = await orLongerText(training);
  return new SentencePieceTokenizer(model, name);
}
