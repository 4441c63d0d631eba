/** Text from a model, as it becomes certain. */
import { checkObject } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import type { TokenChoice } from './choice.js';
import {
  type DecodingModel,
  type GenerateOptions,
  generateChoices,
  generateTokens,
} from './generate.js';
import { StopText } from './stop-text.js';

/** What is needed of a tokenizer. */
export interface TextDecoder {
  decodeStream(): { push(id: number): string; end(): string };
}

export interface GenerateTextOptions extends GenerateOptions {
  /** Texts at which to stop; neither they nor what follows is given. Default none. */
  stop?: readonly string[] | undefined;
}

/** A token, and the text that became certain with it: perhaps none yet, perhaps more than the token's own. */
export interface TextPiece {
  /** Undefined for what the last tokens still held back. */
  id: number | undefined;
  text: string;
  /** Where alternatives were asked for. */
  choice?: TokenChoice;
}

/**
 * Writes on from a prompt, piece by piece: never half a character, and nothing of a text at which to stop, though
 * it may stretch over several tokens. All its tokens are given.
 *
 * ```ts
 * for (const { text } of generateText(model, tokenizer, prompt, { stop: ['\n\n'] })) process.stdout.write(text);
 * ```
 *
 * @throws as `generateTokens`; UsageError for an empty stop.
 */
export function* generateText(
  model: DecodingModel,
  tokenizer: TextDecoder,
  prompt: ArrayLike<number>,
  options: GenerateTextOptions = {},
): Generator<TextPiece, void, undefined> {
  const { stop = [], ...others } = checkObject('generateText', options);
  const { alternatives } = others;
  const stopText = new StopText(stop);
  if (typeof tokenizer?.decodeStream !== 'function') {
    throw new UserError(`generateText: expected a tokenizer, got ${describeValue(tokenizer)}.`);
  }
  const stream = tokenizer.decodeStream();
  if (alternatives === undefined) {
    for (const id of generateTokens(model, prompt, others)) {
      yield { id, text: stopText.push(stream.push(id)) };
      if (stopText.found) return;
    }
  } else {
    for (const choice of generateChoices(model, prompt, others)) {
      const { id } = choice;
      yield { id, text: stopText.push(stream.push(id)), choice };
      if (stopText.found) return;
    }
  }
  const text = stopText.push(stream.end()) + stopText.end();
  if (text !== '') yield { id: undefined, text };
}
