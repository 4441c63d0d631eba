/** The checks that a `tokenizer.json` must pass before anything is built from it. */

import { UserError } from '../../util/errors.js';
import { wellFormed } from '../support.js';

/** Ids above this are no vocabulary's. */
const MOST_IDS = 1 << 24;

/**
 * @returns how many ids there are: one more than the greatest.
 * @throws UserError naming what is wrong: the form, ids that are no ids or are given twice, merges of
 * tokens that do not exist.
 */
export function checkTokenizerJson(json: unknown, name: string): number {
  const broken = (why: string): UserError =>
    new UserError(`${name}: broken tokenizer.json: ${why}`);
  if (!isRecord(json)) throw broken('expected an object');
  const { model, added_tokens: added = [] } = json;
  if (!isRecord(model)) throw broken('it has no model');
  const ids = new Map<number, string>();
  const take = (token: unknown, id: unknown): void => {
    if (typeof token !== 'string')
      throw broken(`a token is not a string: ${JSON.stringify(token)}`);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MOST_IDS) {
      throw broken(`the id of ${JSON.stringify(token)} is ${JSON.stringify(id)}`);
    }
    if (wellFormed(token) !== token) {
      throw broken(`the token ${id} is no text: it has half a character`);
    }
    const other = ids.get(id);
    if (other !== undefined && other !== token) {
      throw broken(`id ${id} is both ${JSON.stringify(other)} and ${JSON.stringify(token)}`);
    }
    ids.set(id, token);
  };
  const { vocab } = model;
  if (Array.isArray(vocab)) {
    for (const [id, entry] of vocab.entries()) {
      if (!Array.isArray(entry) || typeof entry[1] !== 'number')
        throw broken(`piece ${id} has no score`);
      take(entry[0], id);
    }
  } else if (isRecord(vocab)) {
    for (const [token, id] of Object.entries(vocab)) take(token, id);
  } else {
    throw broken('its model has no vocabulary');
  }
  if (!Array.isArray(added)) throw broken('added_tokens is not a list');
  for (const token of added) {
    if (!isRecord(token) || token['content'] === '') throw broken('an added token has no content');
    take(token['content'], token['id']);
  }
  if (ids.size === 0) throw broken('the vocabulary is empty');
  checkMerges(model['merges'], new Set(ids.values()), broken);
  let most = 0;
  for (const id of ids.keys()) if (id > most) most = id;
  // Holes are possible, but a few tokens must not make a model with millions of rows.
  if (most >= ids.size * 2 + 1024) throw broken(`id ${most} in a vocabulary of ${ids.size} tokens`);
  return most + 1;
}

function checkMerges(
  merges: unknown,
  tokens: Set<string>,
  broken: (why: string) => UserError,
): void {
  if (merges === undefined || merges === null) return;
  if (!Array.isArray(merges)) throw broken('merges is not a list');
  for (const [at, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    const isPair =
      Array.isArray(pair) && pair.length === 2 && pair.every((t) => typeof t === 'string');
    if (!isPair) throw broken(`merge ${at} is not a pair of tokens`);
    const [left, right] = pair as [string, string];
    for (const token of [left, right]) {
      if (!tokens.has(token))
        throw broken(`merge ${at} joins ${JSON.stringify(token)}, which is no token`);
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
