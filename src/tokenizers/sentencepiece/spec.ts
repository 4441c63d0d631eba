/**
 * The settings of a SentencePiece training, by the original's names and with its defaults, and the
 * original's command line as it is pasted from a paper or a repository.
 *
 * Source: SentencePiece 0.1.97, `sentencepiece_model.proto` and `doc/options.md`.
 */

import { closest } from 'fastest-levenshtein';
import { UsageError } from '../../util/errors.js';

export interface TrainerSettings {
  /** Text files, one sentence a line. */
  input: string[];
  /** Lines are `text`, or `tsv`: a sentence, a tab, how often it counts. */
  input_format: string;
  model_prefix: string;
  model_type: string;
  vocab_size: number;
  /** Share of all characters that the vocabulary must cover; the rarest beyond it are unknown. */
  character_coverage: number;
  /** Train on at most so many sentences; 0 is all. */
  input_sentence_size: number;
  /** Draw them at random (seeded), or take the first. */
  shuffle_input_sentence: boolean;
  /** Longest piece, in characters. */
  max_sentencepiece_length: number;
  /** Longer lines, in bytes, are left out of the training. */
  max_sentence_length: number;
  split_by_unicode_script: boolean;
  split_by_number: boolean;
  split_by_whitespace: boolean;
  split_digits: boolean;
  treat_whitespace_as_suffix: boolean;
  allow_whitespace_only_pieces: boolean;
  byte_fallback: boolean;
  vocabulary_output_piece_score: boolean;
  hard_vocab_limit: boolean;
  control_symbols: string[];
  user_defined_symbols: string[];
  /** Characters that are in the vocabulary however rare they are. */
  required_chars: string;
  unk_id: number;
  bos_id: number;
  eos_id: number;
  /** -1: there is none. */
  pad_id: number;
  unk_piece: string;
  bos_piece: string;
  eos_piece: string;
  pad_piece: string;
  /** What an unknown piece is decoded to. */
  unk_surface: string;
  normalization_rule_name: string;
  add_dummy_prefix: boolean;
  remove_extra_whitespaces: boolean;
}

export const DEFAULTS: Readonly<TrainerSettings> = {
  input: [],
  input_format: '',
  model_prefix: '',
  model_type: 'unigram',
  vocab_size: 8000,
  character_coverage: 0.9995,
  input_sentence_size: 0,
  shuffle_input_sentence: true,
  max_sentencepiece_length: 16,
  max_sentence_length: 4192,
  split_by_unicode_script: true,
  split_by_number: true,
  split_by_whitespace: true,
  split_digits: false,
  treat_whitespace_as_suffix: false,
  allow_whitespace_only_pieces: false,
  byte_fallback: false,
  vocabulary_output_piece_score: true,
  hard_vocab_limit: true,
  control_symbols: [],
  user_defined_symbols: [],
  required_chars: '',
  unk_id: 0,
  bos_id: 1,
  eos_id: 2,
  pad_id: -1,
  unk_piece: '<unk>',
  bos_piece: '<s>',
  eos_piece: '</s>',
  pad_piece: '<pad>',
  unk_surface: ' \u2047 ',
  normalization_rule_name: 'nmt_nfkc',
  add_dummy_prefix: true,
  remove_extra_whitespaces: true,
};

/**
 * The settings for tiny_shakespeare: those of Llama 2's tokenizer, but for the longest piece, which
 * holds "honorificabilitudinitatibus", and the coverage, which holds every character of the text.
 */
export const SHAKESPEARE: Readonly<Partial<TrainerSettings>> = {
  model_type: 'bpe',
  vocab_size: 32000,
  character_coverage: 0.999995,
  max_sentencepiece_length: 27,
  byte_fallback: true,
  split_digits: true,
  normalization_rule_name: 'identity',
  remove_extra_whitespaces: false,
  allow_whitespace_only_pieces: true,
};

/**
 * Options of `spm_train` that change nothing in a BPE training. They are accepted, so that published
 * command lines run as they are, and recorded in the model as the original records them.
 */
export const RECORDED: Readonly<Record<string, string>> = {
  accept_language: '',
  self_test_sample_size: '0',
  seed_sentencepiece_size: '1000000',
  shrinking_factor: '0.75',
  num_threads: '16',
  num_sub_iterations: '2',
  use_all_vocab: 'false',
  train_extremely_large_corpus: 'false',
  minloglevel: '0',
  random_seed: '',
};

/** Options whose value at the original's default is accepted, and whose use is refused. */
const REFUSED: Readonly<Record<string, string>> = {
  normalization_rule_tsv: '',
  denormalization_rule_tsv: '',
  enable_differential_privacy: 'false',
  differential_privacy_noise_level: '0',
  differential_privacy_clipping_threshold: '0',
  control_symbols_file: '',
  user_defined_symbols_file: '',
  required_chars_file: '',
};

export type Recorded = Record<string, string>;

/**
 * Reads options in the original's spelling (`--vocab_size=32000`, `--split_digits`) or in kebab-case
 * (`--vocab-size 32000`).
 *
 * @throws UsageError for an unknown option (naming the nearest) or a value of the wrong kind.
 */
export function parseOptions(args: readonly string[]): {
  settings: Partial<TrainerSettings>;
  recorded: Recorded;
} {
  const settings: Record<string, unknown> = {};
  const recorded: Recorded = {};
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const match = /^--?([A-Za-z][\w-]*)(?:=([\s\S]*))?$/.exec(arg);
    if (!match) throw new UsageError(`expected an option such as --vocab_size=32000, got "${arg}"`);
    const name = optionName(match[1]!);
    let value = match[2];
    const isSwitch = typeof kindOf(name) === 'boolean';
    if (value === undefined) {
      const next = args[i + 1];
      const isValue = isSwitch ? BOOLEAN.test(next ?? '') : !/^(--[A-Za-z]|$)/.test(next ?? '');
      if (isValue) value = args[++i]!;
      else if (isSwitch) value = 'true';
      else throw new UsageError(`--${name} needs a value`);
    }
    setOption(settings, recorded, name, value);
  }
  return { settings: settings as Partial<TrainerSettings>, recorded };
}

const BOOLEAN = /^(1|0|t|f|true|false|y|n|yes|no)$/i;

function kindOf(name: string): unknown {
  return DEFAULTS[name as keyof TrainerSettings];
}

function optionName(spelling: string): string {
  const name = spelling.replaceAll('-', '_');
  if (name in DEFAULTS || name in RECORDED || name in REFUSED) return name;
  const near = closest(name, [...Object.keys(DEFAULTS), ...Object.keys(RECORDED)]);
  throw new UsageError(`unknown option --${spelling}. Did you mean --${near}?`);
}

function setOption(
  settings: Record<string, unknown>,
  recorded: Recorded,
  name: string,
  value: string,
): void {
  if (name in RECORDED) {
    recorded[name] = value;
    return;
  }
  if (name in REFUSED) {
    const unused = REFUSED[name]!;
    // `0.0` is the original's `0`.
    if (value === unused || (unused === '0' && Number(value) === 0)) return;
    throw new UsageError(`--${name} is not supported by this trainer`);
  }
  const kind = kindOf(name);
  if (typeof kind === 'boolean') {
    if (!BOOLEAN.test(value))
      throw new UsageError(`--${name}: expected true or false, got "${value}"`);
    settings[name] = /^(1|t|true|y|yes)$/i.test(value);
  } else if (typeof kind === 'number') {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number)) {
      throw new UsageError(`--${name}: expected a number, got "${value}"`);
    }
    if (name !== 'character_coverage' && !Number.isInteger(number)) {
      throw new UsageError(`--${name}: expected a whole number, got "${value}"`);
    }
    settings[name] = number;
  } else {
    settings[name] = Array.isArray(kind) ? splitCsv(value) : value;
  }
}

/** Splits at commas; a field in double quotes may hold commas, and `""` for a quote. */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') {
      let field = '';
      for (at++; at < text.length; at++) {
        if (text[at] === '"' && text[++at] !== '"') break;
        field += text[at];
      }
      fields.push(field);
      const comma = text.indexOf(',', at);
      at = comma < 0 ? text.length : comma + 1;
    } else {
      const comma = text.indexOf(',', at);
      fields.push(text.slice(at, comma < 0 ? text.length : comma));
      at = comma < 0 ? text.length : comma + 1;
    }
  }
  return fields;
}

/** The settings with defaults filled in. @throws UsageError for values outside the original's ranges. */
export function completeSettings(given: Partial<TrainerSettings>): TrainerSettings {
  const settings = { ...DEFAULTS, ...given };
  const inRange = (name: keyof TrainerSettings, least: number, most: number): void => {
    const value = settings[name] as number;
    if (!(value >= least && value <= most)) {
      throw new UsageError(`${name}: expected a number from ${least} to ${most}, got ${value}`);
    }
  };
  inRange('vocab_size', 1, 2 ** 31 - 1);
  inRange('character_coverage', 0.98, 1);
  inRange('max_sentencepiece_length', 1, 512);
  inRange('max_sentence_length', 10, 1073741824);
  inRange('input_sentence_size', 0, 2 ** 53);
  for (const id of ['unk_id', 'bos_id', 'eos_id', 'pad_id'] as const) {
    inRange(id, -(2 ** 31), 2 ** 31 - 1);
  }
  if (settings.input_sentence_size > 0 && settings.input_sentence_size <= 100) {
    throw new UsageError(
      `input_sentence_size: expected 0 (all) or more than 100, got ${settings.input_sentence_size}`,
    );
  }
  for (const piece of ['unk_piece', 'bos_piece', 'eos_piece', 'pad_piece'] as const) {
    if (settings[piece] === '') throw new UsageError(`${piece} must not be empty`);
  }
  if (!['', 'text', 'tsv'].includes(settings.input_format)) {
    throw new UsageError(`input_format: expected text or tsv, got "${settings.input_format}"`);
  }
  const type = settings.model_type.toLowerCase();
  if (type !== 'bpe') {
    throw new UsageError(
      `model_type: this trainer trains bpe only, got "${settings.model_type}". ` +
        'Models of type unigram can be used, not trained.',
    );
  }
  return { ...settings, model_type: type };
}
