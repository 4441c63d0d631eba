/** `nanogpt sample`: a trained model writes. */
import type { GenerateTextOptions } from '../generate/index.js';
import type { OpenedRun } from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { checkpointSentence, type OpenOptions, openNamedRun } from './open-run.js';
import { Output } from './output.js';
import { choiceLines, spelled } from './sample-choices.js';
import { interact } from './sample-interactive.js';
import { promptOf, type Written, writeText } from './write-text.js';

export interface SampleOptions extends OpenOptions {
  tokens: number;
  prompt?: string;
  ids?: string;
  samples?: number;
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  cache?: boolean;
  repetitionPenalty?: number;
  stop: string[];
  stopIds?: string;
  showAlternatives?: number;
  interactive?: true;
  seed: number;
  json?: true;
}

/** Writes text as it comes; with `--json`, the new tokens and their text at the end. */
export async function sample(name: string, options: SampleOptions): Promise<void> {
  const output = new Output(options.json === true);
  refuseContradictions(options);
  const ids = options.ids === undefined ? undefined : parseIds('--ids', options.ids);
  const generating = generateOptions(options);
  using opened = await openNamedRun(name, options, output);
  const sentence = `${opened.run.name}: ${checkpointSentence(opened, options)}`;
  if (options.interactive) {
    output.notice(`${sentence}. Ctrl-C stops a text, Ctrl-D ends`);
    return await interact(opened, generating, options.seed, output);
  }
  const written = await writeAll(opened, ids, generating, options, output);
  output.notice(sentence);
  const { checkpoint, tokenizer } = opened;
  const results = written.map(({ choices, ...rest }) => ({
    ...rest,
    ...(choices && { choices: choices.map((choice) => spelled(choice, tokenizer)) }),
  }));
  output.result({
    ...{ checkpoint: checkpoint.name, step: checkpoint.state.step },
    ...(options.samples === undefined
      ? results[0]
      : { samples: results.map((result, i) => ({ seed: options.seed + i, ...result })) }),
  });
}

/** One text after the other, each with a seed of its own, from `seed` on. */
async function writeAll(
  { model, tokenizer }: OpenedRun,
  ids: Uint32Array | undefined,
  generating: GenerateTextOptions,
  { prompt: text, samples, seed: first }: SampleOptions,
  output: Output,
): Promise<Written[]> {
  const prompt = ids ?? promptOf(text, tokenizer);
  // A prompt is shown with what follows it; the stand-in for none is not.
  const shown = text || ids ? tokenizer.decode(prompt) : '';
  const written: Written[] = [];
  for (let seed = first; seed < first + (samples ?? 1); seed++) {
    if (samples !== undefined) output.line(`${seed > first ? '\n' : ''}── seed ${seed} ──`);
    output.write(shown);
    const one = await writeText(model, tokenizer, prompt, { ...generating, seed }, (piece) =>
      output.write(piece),
    );
    output.line();
    if (one.choices) for (const line of choiceLines(one.choices, tokenizer)) output.line(line);
    written.push(one);
  }
  return written;
}

function generateOptions(options: SampleOptions): GenerateTextOptions {
  const { tokens, temperature, topK, topP, minP, repetitionPenalty, stop, stopIds, cache } =
    options;
  return {
    ...{ maxTokens: tokens, temperature, topK, topP, minP, repetitionPenalty, stop, cache },
    stopAt: stopIds === undefined ? [] : [...parseIds('--stop-ids', stopIds)],
    alternatives: options.showAlternatives,
  };
}

function refuseContradictions(options: SampleOptions): void {
  if (options.prompt !== undefined && options.ids !== undefined) {
    throw new UsageError('--prompt and --ids are both prompts: give one.');
  }
  if (options.stop.includes('')) throw new UsageError('--stop: expected a text, got nothing.');
  if (!options.interactive) return;
  for (const key of ['prompt', 'ids', 'samples', 'showAlternatives', 'json'] as const) {
    if (options[key] === undefined) continue;
    const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(
      `--interactive completes what is typed, as it comes: it goes without --${option}.`,
    );
  }
}

function parseIds(option: string, text: string): Uint32Array {
  const ids = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const bad = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= 2 ** 31);
  if (bad >= 0) {
    throw new UsageError(`${option} ${text}: expected whole numbers of at least 0, e.g. 0,17,4.`);
  }
  return Uint32Array.from(ids);
}
