/** Letting a model write, piece by piece. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type GenerateOptions, generateTokens } from '../generate/index.js';
import type { LanguageModel } from '../models/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** What was written. */
export interface Written {
  tokens: number[];
  text: string;
}

/**
 * Writes on from a prompt.
 *
 * @param onText hears of the text as it becomes certain: never half a character.
 */
export async function writeText(
  model: LanguageModel,
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
  options: GenerateOptions,
  onText: (piece: string) => void = () => {},
): Promise<Written> {
  const stream = tokenizer.decodeStream();
  const tokens: number[] = [];
  let text = '';
  const hand = (piece: string) => {
    if (piece === '') return;
    text += piece;
    onText(piece);
  };
  for (const id of generateTokens(model, prompt, options)) {
    tokens.push(id);
    hand(stream.push(id));
    await nextTurn(); // so that what was written is seen, and Ctrl-C heard
  }
  hand(stream.end());
  return { tokens, text };
}
