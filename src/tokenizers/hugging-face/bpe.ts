/** BPE on characters (or on bytes spelt as characters), as a `tokenizer.json` describes it. */

import { UserError } from '../../util/errors.js';
import { applyMerges, type Merges, NO_MERGE } from '../bytes/merge.js';
import { PairIndex } from '../pair-index.js';
import type { Fields } from './fields.js';
import {
  bytesOf,
  type EncodeWord,
  idIn,
  inexpressible,
  remembering,
  type Vocabulary,
} from './vocabulary.js';

interface Settings {
  prefix: string;
  suffix: string;
  unknown: number | undefined;
  fusesUnknown: boolean;
  byteFallback: boolean;
}

export function bpe(fields: Fields, vocabulary: Vocabulary): EncodeWord {
  const dropout = fields.take('dropout');
  if (dropout !== undefined && dropout !== 0) {
    // It leaves merges out at random: a help in training translators, but no text has ids of its own then.
    fields.refuse('dropout', 'none', dropout);
  }
  const unknown = fields.optionalText('unk_token');
  const settings: Settings = {
    prefix: fields.optionalText('continuing_subword_prefix') ?? '',
    suffix: fields.optionalText('end_of_word_suffix') ?? '',
    unknown: unknown === undefined ? undefined : vocabulary.ids.get(unknown),
    fusesUnknown: fields.flag('fuse_unk', false),
    byteFallback: fields.flag('byte_fallback', false),
  };
  const ignoresMerges = fields.flag('ignore_merges', false);
  const ranks = ranksOf(fields.list('merges'), settings.prefix, vocabulary);
  const mergesFor = (special: boolean): Merges => ({
    rank(left, right) {
      const merge = ranks.at.get(left, right);
      if (merge === undefined) return NO_MERGE;
      return !special && vocabulary.specials.has(ranks.made[merge]!) ? NO_MERGE : merge;
    },
    join: (left, right) => ranks.made[ranks.at.get(left, right)!]!,
  });
  const merges = [mergesFor(false), mergesFor(true)];
  return remembering((word, special) => {
    const whole = ignoresMerges ? idIn(vocabulary, word, special) : undefined;
    if (whole !== undefined) return [whole];
    const tokens = Uint32Array.from(charactersOf(word, special, settings, vocabulary));
    return tokens.slice(0, applyMerges(tokens, tokens.length, merges[Number(special)]!));
  });
}

function ranksOf(
  list: unknown[],
  prefix: string,
  { ids }: Vocabulary,
): { at: PairIndex; made: number[] } {
  const at = new PairIndex();
  const made: number[] = [];
  for (const [rank, merge] of list.entries()) {
    const [left, right] = (typeof merge === 'string' ? merge.split(' ') : merge) as [
      string,
      string,
    ];
    const token = left + right.slice(prefix.length);
    const id = ids.get(token);
    if (id === undefined) {
      throw new UserError(
        `model.merges[${rank}] makes ${JSON.stringify(token)}, which is not in the vocabulary`,
      );
    }
    made.push(id);
    at.set(ids.get(left)!, ids.get(right)!, rank);
  }
  return { at, made };
}

/** The tokens that a word's merging starts from, with bytes or the unknown where a character is none. */
function charactersOf(
  word: string,
  special: boolean,
  settings: Settings,
  vocabulary: Vocabulary,
): number[] {
  const tokens: number[] = [];
  /** An unknown waits, as the original lets it, until a known character comes. */
  let isWaiting = false;
  let at = 0;
  for (const character of word) {
    const start = at === 0 ? character : settings.prefix + character;
    at += character.length;
    const spelling = at === word.length ? start + settings.suffix : start;
    const id = idIn(vocabulary, spelling, special);
    if (id !== undefined) {
      if (isWaiting) tokens.push(settings.unknown!);
      isWaiting = false;
      tokens.push(id);
      continue;
    }
    const bytes = settings.byteFallback ? bytesOf(spelling, vocabulary) : undefined;
    if (bytes) tokens.push(...bytes);
    else if (settings.unknown === undefined) inexpressible(vocabulary, character);
    else {
      if (isWaiting && !settings.fusesUnknown) tokens.push(settings.unknown);
      isWaiting = true;
    }
  }
  if (isWaiting) tokens.push(settings.unknown!);
  return tokens;
}
