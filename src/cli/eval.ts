/** `nanogpt eval`: how well a trained model predicts a whole split. */
import { SPLIT_NAMES, type SplitName } from '../data/index.js';
import { evaluate } from '../observe/index.js';
import { unknownName } from '../runs/index.js';
import { loadRunData } from '../train/index.js';
import { UserError } from '../util/errors.js';
import { downloadBar } from './download-bar.js';
import { evaluateBatchNorms, parseModes } from './eval-batch-norm.js';
import { interruptible } from './interrupt.js';
import { checkpointSentence, type OpenOptions, openNamedRun } from './open-run.js';
import { Output, thousands } from './output.js';
import { fields } from './table.js';

export interface EvalOptions extends OpenOptions {
  on: string;
  batchNorm?: string;
  json?: true;
}

export async function evaluateRun(name: string, options: EvalOptions): Promise<void> {
  const output = new Output(options.json === true);
  const split = splitNamed(options.on);
  const modes = options.batchNorm === undefined ? undefined : parseModes(options.batchNorm);
  using opened = await openNamedRun(name, options, output);
  const { run, model, tokenizer, checkpoint } = opened;
  using bar = downloadBar(output);
  const data = await interruptible((signal) =>
    loadRunData(run, { onProgress: bar.update, signal }),
  );
  for (const line of data.notices) output.notice(line);
  const part = data.splits[split];
  if (part.ids.length === 0) {
    const { split: shares } = run.config;
    throw new UserError(
      `${run.name} has no ${split} part: its text was split ${shares.join(', ')} (train, validation, test).`,
    );
  }
  if (modes) return evaluateBatchNorms(opened, data, split, modes, output);
  const { tokens, loss, perplexity, bitsPerByte } = evaluate(model, {
    name: split,
    ...part,
    tokenizer,
  });
  output.result({
    run: run.name,
    checkpoint: checkpoint.name,
    step: checkpoint.state.step,
    split,
    tokens,
    loss,
    perplexity,
    bitsPerByte,
  });
  output.line(
    fields([
      ['run', `${run.name}, ${checkpointSentence(opened, options)}`],
      ['split', `${split}, ${thousands(tokens)} tokens predicted`],
      ['loss', `${loss.toFixed(4)} nats per token`],
      ['perplexity', perplexity.toFixed(2)],
      ['bits per byte', bitsPerByte.toFixed(4)],
    ]),
  );
}

function splitNamed(name: string): SplitName {
  const found = SPLIT_NAMES.find((split) => split === name);
  if (found === undefined) throw unknownName('split', name, SPLIT_NAMES);
  return found;
}
