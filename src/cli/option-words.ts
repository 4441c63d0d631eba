/**
 * Settings as options: `--batch-size 64` is `--set batchSize=64`, and words from other programs mean what they mean
 * there, or get an answer that says what to use.
 */
import type { Command } from 'commander';
import { UsageError } from '../util/errors.js';

/** Other programs' words for options and settings of ours. */
const SYNONYMS: Readonly<Record<string, string>> = {
  iters: 'steps',
  iterations: 'steps',
  'max-iters': 'steps',
  'max-steps': 'steps',
  'learning-rate': 'lr',
  wd: 'weight-decay',
  batch: 'batch-size',
  'context-length': 'block-size',
  dataset: 'data',
  'eval-iters': 'eval-batches',
  'warmup-iters': 'warmup-steps',
  'gradient-accumulation-steps': 'grad-accumulation',
  'grad-clip': 'clip-norm',
  'max-new-tokens': 'tokens',
  'num-samples': 'samples',
  start: 'prompt',
  'start-ids': 'ids',
};

/** Words that stand for nothing here, and what to do in their place. */
const HINTS: Readonly<Record<string, string>> = {
  epochs:
    'training is counted in steps: use --steps. One epoch is the training tokens divided by batchSize × blockSize.',
  device: 'everything runs on the CPU; --threads sets how many cores it uses.',
  model: 'the model is an argument, without an option: `nanogpt train mlp`.',
  name: "--out names the run's folder, as --out runs/my-run.",
};

/**
 * The arguments with such words as options that commander knows.
 *
 * @param args as typed, without the program's name.
 * @param settingKeys every key that `--set` takes with some model, those that the files of `--import` register
 *   among them; asked for only when an option is unknown.
 * @throws UsageError with the hint, for a word that has one.
 */
export async function translateOptions(
  program: Command,
  args: readonly string[],
  settingKeys: (imports: string[]) => Promise<Iterable<string>>,
): Promise<string[]> {
  // Before the command there may be options of the program's own, such as `--import FILE`.
  const name = args.find((arg, i) => !arg.startsWith('-') && !takesValue(program, args[i - 1]));
  const command = program.commands.find((each) => each.name() === name);
  const own = command?.options.flatMap(({ long, short }) => [long, short]);
  const general = program.options.map(({ long }) => long);
  const known = new Set([...(own ?? []), ...general, '--help']);
  if (!command || command.commands.length > 0) return [...args];
  const takesSettings = known.has('--set');
  const isValue = (i: number) =>
    takesValue(command, args[i - 1]) || takesValue(program, args[i - 1]);
  const end = args.indexOf('--');
  const imports = valuesOf('--import', end < 0 ? args : args.slice(0, end), isValue);
  const translated: string[] = [];
  let skip = false; // a setting's value, already taken
  for (const [i, arg] of args.entries()) {
    if (skip) {
      skip = false;
      continue;
    }
    if (arg === '--') return [...translated, ...args.slice(i)];
    const match = /^--([a-z][\w-]*)(=.*)?$/i.exec(arg);
    if (!match || isValue(i) || known.has(`--${match[1]}`)) {
      translated.push(arg);
      continue;
    }
    const [, typed, value] = match;
    const word = kebab(typed!);
    const ours = Object.hasOwn(SYNONYMS, word) ? SYNONYMS[word]! : word;
    if (known.has(`--${ours}`)) {
      translated.push(`--${ours}${value ?? ''}`);
      continue;
    }
    const key = takesSettings ? keyOf(ours, await settingKeys(imports)) : undefined;
    if (key !== undefined) {
      const next = args[i + 1];
      const apart = value === undefined && next !== undefined && !next.startsWith('--');
      translated.push('--set', `${key}${value ?? `=${apart ? next : 'true'}`}`);
      skip = apart;
    } else if (takesSettings && Object.hasOwn(HINTS, word)) {
      throw new UsageError(`there is no option --${typed}: ${HINTS[word]}`);
    } else translated.push(arg);
  }
  return translated;
}

function takesValue(command: Command, before: string | undefined): boolean {
  if (before === undefined) return false;
  const option = command.options.find(({ long, short }) => before === long || before === short);
  return option !== undefined && (option.required || option.optional);
}

/** What an option that may be repeated was given: `--import FILE` and `--import=FILE`. */
function valuesOf(
  option: string,
  args: readonly string[],
  isValue: (i: number) => boolean,
): string[] {
  return args.flatMap((arg, i) => {
    if (isValue(i)) return args[i - 1] === option ? [arg] : [];
    return arg.startsWith(`${option}=`) ? [arg.slice(option.length + 1)] : [];
  });
}

function keyOf(name: string, settingKeys: Iterable<string>): string | undefined {
  for (const key of settingKeys) if (kebab(key) === name) return key;
  return undefined;
}

/** `batchSize` and `batch_size` as `batch-size`. */
function kebab(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}
