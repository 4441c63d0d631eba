/** A sample, token by token, with what each was drawn from. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { generateText, type TokenChoice } from '../../generate/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import type { OpenedRun } from '../../train/index.js';
import type { Piece, SamplePart, SampleWish, WeighedPiece } from './messages.js';

export function pieceOf(tokenizer: Tokenizer, id: number): Piece {
  return { id, text: tokenizer.tokenToString(id) };
}

export function weighed(
  tokenizer: Tokenizer,
  choices: TokenChoice['alternatives'],
): WeighedPiece[] {
  return choices.map(({ id, probability }) => ({ ...pieceOf(tokenizer, id), probability }));
}

/** Ids of a prompt; of none, token 0. */
export function promptIds(tokenizer: Tokenizer, text: string): number[] {
  return text === '' ? [0] : Array.from(tokenizer.encode(text));
}

export async function writeSample(
  { model, tokenizer, checkpoint }: OpenedRun,
  wish: SampleWish,
  send: (part: SamplePart) => void,
  signal: AbortSignal,
): Promise<void> {
  const { prompt, tokens: maxTokens, temperature, topK, topP, seed, alternatives } = wish;
  const ids = promptIds(tokenizer, prompt);
  const { step } = checkpoint.state;
  send({
    type: 'begin',
    step,
    prompt: prompt === '' ? [] : ids.map((id) => pieceOf(tokenizer, id)),
  });
  const options = { maxTokens, temperature, topK, topP, seed, alternatives, drawn: true };
  let rest = '';
  for (const { id, text, choice } of generateText(model, tokenizer, ids, options)) {
    if (signal.aborted) return;
    if (id === undefined || !choice) {
      rest = text;
      continue;
    }
    const { probability, surprise, entropy, alternatives: before, drawn = [] } = choice;
    send({
      ...{ type: 'token', id, piece: tokenizer.tokenToString(id), text },
      ...{ probability, surprise, entropy },
      before: weighed(tokenizer, before),
      after: weighed(tokenizer, drawn),
    });
    await nextTurn(); // so that it is sent, and the next question heard
  }
  send({ type: 'end', text: rest });
}
