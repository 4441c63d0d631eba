/** Cutting one sequence into training, validation and test parts. */
import { UsageError } from '../util/errors.js';

/** In the order in which they lie in the text. */
export const SPLIT_NAMES = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SPLIT_NAMES)[number];

/** The shares of training, validation and test; they sum to 1. */
export type SplitFractions = readonly [train: number, validation: number, test: number];

/** 80/10/10: the split of the published models' figures. */
export const DEFAULT_SPLIT: SplitFractions = [0.8, 0.1, 0.1];

/** So that 0.7 + 0.2 + 0.1 is 1, and 0.7 + 0.2 of 1,000 is 900, in floating point too. */
const TOLERANCE = 1e-6;

/**
 * Reads `--split`: two or three fractions, `0.9,0.1,0` or `0.9,0.1` (no test part).
 *
 * @throws UsageError saying what is wrong with it.
 */
export function parseSplit(text: string): SplitFractions {
  const parts = text.split(',').map((part) => part.trim());
  const values = parts.map((part) => (part === '' ? Number.NaN : Number(part)));
  if (values.length < 2 || values.length > 3 || values.some((value) => Number.isNaN(value))) {
    throw new UsageError(
      `split "${text}": expected two or three fractions for train, validation and test, such as 0.8,0.1,0.1.`,
    );
  }
  return checkSplit([values[0]!, values[1]!, values[2] ?? 0]);
}

/**
 * Returns `fractions` when they can be a split: none negative, some of it for training, sum 1.
 *
 * @throws UsageError otherwise.
 */
export function checkSplit(fractions: SplitFractions): SplitFractions {
  const shown = fractions.join(',');
  if (fractions.length !== 3 || fractions.some((f) => !Number.isFinite(f) || f < 0)) {
    throw new UsageError(
      `split ${shown}: expected three fractions from 0 to 1 (train, validation, test).`,
    );
  }
  const sum = fractions[0] + fractions[1] + fractions[2];
  if (Math.abs(sum - 1) > TOLERANCE) {
    const scaled = fractions.map((f) => Number((f / sum).toPrecision(6))).join(',');
    const hint = sum > 0 ? ` Did you mean ${scaled}?` : '';
    throw new UsageError(
      `split ${shown}: expected fractions that sum to 1, got a sum of ${Number(sum.toPrecision(6))}.${hint}`,
    );
  }
  if (fractions[0] === 0) {
    throw new UsageError(`split ${shown}: expected a training share above 0.`);
  }
  return fractions;
}

/**
 * Where `length` items are cut: train is [0, first), validation [first, second), test [second, length).
 * Cuts are rounded down, as `int(0.8 * n)` is in the published scripts; the last part that has a share
 * takes what is left.
 */
export function splitBounds(
  length: number,
  fractions: SplitFractions,
): [first: number, second: number] {
  const [train, validation, test] = checkSplit(fractions);
  const cut = (share: number) => Math.min(length, Math.floor(length * share + TOLERANCE));
  const second = test === 0 ? length : cut(train + validation);
  const first = validation === 0 ? second : Math.min(second, cut(train));
  return [first, second];
}

/**
 * Cuts token ids into contiguous parts, which are views of `ids`: nothing is copied.
 *
 * The whole text is encoded first and its ids are cut, not the text: so were the published figures
 * made (p50k_base on tiny_shakespeare, add-one unigram: 6.5919 nats of validation this way, 6.5977 with
 * the text cut first). A cut may thus fall inside a character that takes several tokens.
 */
export function splitIds<T extends Uint16Array | Uint32Array>(
  ids: T,
  fractions: SplitFractions = DEFAULT_SPLIT,
): Record<SplitName, T> {
  const [first, second] = splitBounds(ids.length, fractions);
  const part = (from: number, to: number) => ids.subarray(from, to) as T;
  return {
    train: part(0, first),
    validation: part(first, second),
    test: part(second, ids.length),
  };
}
