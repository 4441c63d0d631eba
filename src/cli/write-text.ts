/** Letting a model write, piece by piece. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type GenerateTextOptions, generateText, type TokenChoice } from '../generate/index.js';
import type { LanguageModel } from '../models/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** What was written. */
export interface Written {
  tokens: number[];
  text: string;
  /** For each token, where alternatives were asked for. */
  choices?: TokenChoice[];
}

/**
 * Writes on from a prompt.
 *
 * @param onText hears of the text as it becomes certain: never half a character.
 * @param signal ends it after the token under way.
 */
export async function writeText(
  model: LanguageModel,
  tokenizer: Tokenizer,
  prompt: ArrayLike<number>,
  options: GenerateTextOptions,
  onText: (piece: string) => void = () => {},
  signal?: AbortSignal,
): Promise<Written> {
  const tokens: number[] = [];
  const choices: TokenChoice[] = [];
  let text = '';
  for (const piece of generateText(model, tokenizer, prompt, options)) {
    if (piece.id !== undefined) tokens.push(piece.id);
    if (piece.choice) choices.push(piece.choice);
    text += piece.text;
    if (piece.text !== '') onText(piece.text);
    await nextTurn(); // so that what was written is seen, and Ctrl-C heard
    if (signal?.aborted) break;
  }
  return { tokens, text, ...(options.alternatives !== undefined && { choices }) };
}

/** Ids of a prompt; of none, token 0. */
export function promptOf(text: string | undefined, tokenizer: Tokenizer): Uint32Array {
  return text ? tokenizer.encode(text) : Uint32Array.of(0);
}
