/** Options that several commands have. */
import { Option } from 'commander';
import { collect, count } from './arguments.js';
import { DATASET_NAMES } from './names.js';

export const imports = (): Option =>
  new Option(
    '--import <file>',
    'a .js, .mjs or .ts file that registers your own model, tokenizer or dataset; may be repeated',
  )
    .argParser(collect)
    .default([], 'none');

export const threads = (): Option =>
  new Option('--threads <n>', 'number of compute threads (default: all cores)').argParser(count(1));
export const json = (): Option => new Option('--json', 'print one JSON result only');
export const data = (): Option =>
  new Option(
    '--data <what>',
    `a dataset (${DATASET_NAMES.join(', ')}), a file, folder or URL of text, or - for standard input`,
  );
export const tokenizer = (): Option =>
  new Option('--tokenizer <name>', 'char, p50k_base, …; `nanogpt describe` lists them');
export const set = (of: string): Option =>
  new Option(
    '--set <key=value>',
    `any setting of ${of}, as \`describe <model> --settings\` lists them; may be repeated`,
  )
    .argParser(collect)
    .default([], 'none');
export const checkpoint = (): Option =>
  new Option('--checkpoint <which>', 'latest, best (lowest validation loss), or a step').default(
    'latest',
  );

export const ema = (): Option =>
  new Option('--ema', 'use the average of the weights, of a run trained with emaDecay');
