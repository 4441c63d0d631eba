/** `nanogpt tokenizer train`. */
import { performance } from 'node:perf_hooks';
import { UsageError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import { downloadBar } from './download-bar.js';
import { interruptible } from './interrupt.js';
import { Output, thousands } from './output.js';
import { shownPath } from './paths.js';

export interface TrainTokenizerOptions {
  preset?: string;
  json?: true;
}

const TYPES = ['bpe', 'byte-level'];

type Given = Map<string, string | undefined>;

/** @param args all other options, in `spm_train`'s spelling or in kebab-case. */
export async function trainTokenizer(
  args: readonly string[],
  options: TrainTokenizerOptions,
): Promise<void> {
  const output = new Output(options.json === true);
  // `spm_train --input=…` may be pasted with its name.
  const given = spread(args[0] === 'spm_train' ? args.slice(1) : args);
  // Without a text of one's own it is tiny_shakespeare, and that has settings of its own.
  const preset = options.preset ?? (given.has('input') ? undefined : 'shakespeare');
  const type = given.get('type') ?? given.get('model_type') ?? (preset ? 'bpe' : undefined);
  if (type === undefined) {
    throw new UsageError(
      '--type is needed: --type bpe or byte-level. Without it, spm_train trains unigram, which is not supported here.',
    );
  }
  if (type === 'byte-level') return trainByteLevel(given, options, output);
  if (type.toLowerCase() !== 'bpe' && !['unigram', 'word', 'char'].includes(type)) {
    throw new UsageError(`unknown type of tokenizer "${type}".${nearestHint(type, TYPES)}`);
  }
  return trainSentencePiece(given, preset, output);
}

/**
 * Options by name, underscores for hyphens; `--input a b` is `a,b`. One without any value (a switch) is
 * undefined, which `--required_chars=` is not.
 */
function spread(args: readonly string[]): Given {
  const given: Given = new Map();
  let last: string | undefined;
  for (const arg of args) {
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(arg);
    if (match) {
      last = match[1]!.replaceAll('-', '_');
      if (last === 'out') last = 'model_prefix';
      given.set(last, match[2]);
      if (match[2] !== undefined) last = undefined;
    } else if (last === undefined) {
      throw new UsageError(`expected an option such as --vocab-size 8000, got "${arg}".`);
    } else {
      const before = given.get(last);
      if (before !== undefined && last !== 'input') {
        throw new UsageError(`--${last} takes one value, got "${before}" and "${arg}".`);
      }
      given.set(last, before === undefined ? arg : `${before},${arg}`);
    }
  }
  return given;
}

async function trainSentencePiece(
  given: Given,
  preset: string | undefined,
  output: Output,
): Promise<void> {
  const { parseOptions, SHAKESPEARE } = await import('../tokenizers/sentencepiece/spec.js');
  const { trainToFiles } = await import('../tokenizers/sentencepiece/train-aside.js');
  if (preset !== undefined && preset !== 'shakespeare') {
    throw new UsageError(`unknown preset "${preset}".${nearestHint(preset, ['shakespeare'])}`);
  }
  const type = given.get('type');
  given.delete('type');
  if (type !== undefined) given.set('model_type', type);
  const { settings, recorded } = parseOptions(
    [...given].map(([name, value]) => (value === undefined ? `--${name}` : `--${name}=${value}`)),
  );
  const all = { ...(preset ? SHAKESPEARE : {}), ...settings };
  if (!all.model_prefix)
    throw new UsageError('--out is needed: where to write, without an ending.');
  const text = all.input === undefined ? await shakespeareText(output) : undefined;
  const started = performance.now();
  using bar = downloadBar(output);
  const { size } = await interruptible((signal) =>
    trainToFiles(all, recorded, text, { onProgress: bar.update, signal }),
  );
  const seconds = (performance.now() - started) / 1000;
  const files = [`${all.model_prefix}.model`, `${all.model_prefix}.vocab`];
  output.line(
    `${thousands(size)} pieces in ${seconds.toFixed(2)} s: ${files.map(shownPath).join(', ')}`,
  );
  output.result({ type: 'bpe', pieces: size, files, seconds });
}

async function trainByteLevel(
  given: Given,
  options: TrainTokenizerOptions,
  output: Output,
): Promise<void> {
  const { trainByteBpeAside } = await import('../tokenizers/bytes/train-aside.js');
  const { readInput } = await import('../tokenizers/read-input.js');
  const { GPT2_SPLIT, GPT4_SPLIT } = await import('../tokenizers/bytes/split.js');
  if (options.preset !== undefined) throw new UsageError('--preset goes with --type bpe.');
  const known = ['type', 'model_type', 'input', 'vocab_size', 'pattern', 'special', 'model_prefix'];
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    const valid = known.map((k) => (k === 'model_prefix' ? 'out' : k).replaceAll('_', '-'));
    throw new UsageError(
      `unknown option --${name} of the byte-level type.${nearestHint(name, valid)}`,
    );
  }
  const patterns: Record<string, string> = { gpt2: GPT2_SPLIT, gpt4: GPT4_SPLIT };
  const pattern = given.get('pattern') ?? 'gpt4';
  const split = patterns[pattern];
  if (split === undefined) {
    throw new UsageError(
      `unknown pattern "${pattern}".${nearestHint(pattern, Object.keys(patterns))}`,
    );
  }
  const folder = given.get('model_prefix');
  if (!folder) throw new UsageError('--out is needed: the folder to write.');
  const vocabSize = Number(given.get('vocab_size') ?? 8000);
  if (!Number.isInteger(vocabSize)) {
    throw new UsageError(
      `--vocab-size: expected a whole number, got "${given.get('vocab_size')}".`,
    );
  }
  const specials = (given.get('special') ?? '<|endoftext|>').split(',').filter((s) => s !== '');
  const input = given.get('input');
  const text =
    input === undefined
      ? await shakespeareText(output)
      : input.split(',').map(readInput).join('\n');
  const started = performance.now();
  using bar = downloadBar(output);
  const tokenizer = await interruptible((signal) =>
    trainByteBpeAside(text, { vocabSize, split, specials }, { onProgress: bar.update, signal }),
  );
  tokenizer.save(folder);
  const seconds = (performance.now() - started) / 1000;
  if (tokenizer.vocabSize < vocabSize) {
    output.notice(`stopped at ${thousands(tokenizer.vocabSize)} tokens: no pair occurs twice`);
  }
  output.line(
    `${thousands(tokenizer.vocabSize)} tokens in ${seconds.toFixed(2)} s: ${shownPath(folder)}`,
  );
  output.result({ type: 'byte-level', tokens: tokenizer.vocabSize, folder, seconds });
}

async function shakespeareText(output: Output): Promise<string> {
  const { loadText } = await import('../data/index.js');
  using bar = downloadBar(output);
  const { text, notice } = await interruptible((signal) =>
    loadText(undefined, { onProgress: bar.update, signal }),
  );
  if (notice !== undefined) output.notice(notice);
  return text;
}
