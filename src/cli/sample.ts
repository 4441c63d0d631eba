/** `nanogpt sample`: a trained model writes. */
import type { Tokenizer } from '../tokenizers/index.js';
import { UsageError } from '../util/errors.js';
import { checkpointSentence, type OpenOptions, openNamedRun } from './open-run.js';
import { Output } from './output.js';
import { writeText } from './write-text.js';

export interface SampleOptions extends OpenOptions {
  tokens: number;
  prompt?: string;
  ids?: string;
  temperature: number;
  topK?: number;
  topP?: number;
  seed: number;
  json?: true;
}

/** Writes text as it comes; with `--json`, the new tokens and their text at the end. */
export async function sample(name: string, options: SampleOptions): Promise<void> {
  const output = new Output(options.json === true);
  if (options.prompt !== undefined && options.ids !== undefined) {
    throw new UsageError('--prompt and --ids are both prompts: give one.');
  }
  const ids = options.ids === undefined ? undefined : parseIds(options.ids);
  using opened = await openNamedRun(name, options, output);
  const { model, tokenizer, checkpoint } = opened;
  const prompt = ids ?? promptOf(options.prompt, tokenizer);
  const { tokens: maxTokens, temperature, topK, topP, seed } = options;
  // A prompt is shown with what follows it; the stand-in for none is not.
  if (options.prompt || ids) output.write(tokenizer.decode(prompt));
  const { tokens, text } = await writeText(
    model,
    tokenizer,
    prompt,
    { maxTokens, temperature, topK, topP, seed },
    (piece) => output.write(piece),
  );
  output.line();
  output.notice(`${opened.run.name}: ${checkpointSentence(opened, options)}`);
  output.result({ checkpoint: checkpoint.name, step: checkpoint.state.step, tokens, text });
}

function promptOf(text: string | undefined, tokenizer: Tokenizer): Uint32Array {
  return text ? tokenizer.encode(text) : Uint32Array.of(0);
}

function parseIds(text: string): Uint32Array {
  const ids = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= 2 ** 31);
  if (bad >= 0) {
    throw new UsageError(`--ids ${text}: expected whole numbers of at least 0, e.g. 0,17,4.`);
  }
  return Uint32Array.from(ids);
}
