/** Which spellings of special tokens a text may hold, and which of them are read as such. */

import { UserError } from '../util/errors.js';
import type { EncodeOptions } from './tokenizer.js';

/**
 * The special tokens that `encode` is to read as such: all, none, or those named.
 *
 * @param specials the spellings of the tokenizer's special tokens.
 * @throws UserError where `text` has one that the options disallow, or they name one that is none.
 */
export function allowedSpecials(
  name: string,
  text: string,
  specials: Iterable<string>,
  options: EncodeOptions | undefined,
): 'all' | ReadonlySet<string> {
  const { special = false, disallowedSpecial } = options ?? {};
  const allowedSpecial = special ? 'all' : options?.allowedSpecial;
  if (!allowedSpecial && !disallowedSpecial) return NONE;
  const known = new Set(specials);
  const named = (list: 'all' | Iterable<string> | undefined): 'all' | Set<string> => {
    if (list === 'all') return 'all';
    const set = new Set<string>(list);
    for (const spelling of set) {
      if (!known.has(spelling)) {
        throw new UserError(
          `${name}: ${JSON.stringify(spelling)} is not a special token; ` +
            (known.size > 0 ? `it has ${shown(known)}` : 'it has none'),
        );
      }
    }
    return set;
  };
  const allowed = named(allowedSpecial);
  const disallowed = named(disallowedSpecial);
  if (disallowed === 'all' || disallowed.size > 0) {
    for (const spelling of disallowed === 'all' ? known : disallowed) {
      const isAllowed = disallowed === 'all' && (allowed === 'all' || allowed.has(spelling));
      if (isAllowed || !text.includes(spelling)) continue;
      throw new UserError(
        `${name}: the text has the disallowed special token ${JSON.stringify(spelling)}; ` +
          'allow it (allowedSpecial) to have it read as that token, or leave it out of disallowedSpecial to ' +
          'have it read as text',
      );
    }
  }
  return allowed;
}

const NONE: ReadonlySet<string> = new Set();

/** Finds the spellings of special tokens in texts. */
export class SpecialFinder {
  private readonly pattern: RegExp | undefined;

  constructor(spellings: Iterable<string>) {
    // Longest first, so that a special token which begins with another is found whole.
    const sorted = [...spellings].sort((a, b) => b.length - a.length);
    const escaped = sorted.map((s) => s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
    this.pattern = escaped.length > 0 ? new RegExp(escaped.join('|'), 'gu') : undefined;
  }

  /** The allowed spellings in the text, and the texts between them, in order. */
  parts(text: string, allowed: 'all' | ReadonlySet<string>): Part[] {
    const { pattern } = this;
    // The common case, for texts of a line each: nothing to look for.
    if (!pattern || (allowed !== 'all' && allowed.size === 0)) {
      return text.length > 0 ? [{ isSpecial: false, text }] : [];
    }
    const parts: Part[] = [];
    let from = 0;
    let at = 0;
    for (;;) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) break;
      const [spelling] = match;
      at = match.index + 1; // another may begin inside one that is not allowed
      if (allowed !== 'all' && !allowed.has(spelling)) continue;
      if (match.index > from) parts.push({ isSpecial: false, text: text.slice(from, match.index) });
      parts.push({ isSpecial: true, text: spelling });
      from = at = match.index + spelling.length;
    }
    if (from < text.length) parts.push({ isSpecial: false, text: text.slice(from) });
    return parts;
  }
}

/** A piece of a text: the spelling of a special token, or what lies between two. */
interface Part {
  readonly isSpecial: boolean;
  readonly text: string;
}

function shown(set: ReadonlySet<string>): string {
  const few = [...set].slice(0, 8).join(', ');
  return set.size > 8 ? `${few}, …` : few;
}
