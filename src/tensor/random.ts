/** Where tensors' random numbers come from: a seed, and a position that moves on with each use. */
import type { RandomKey } from '../backend/backend.js';
import { checkObject, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** What is saved of a `RandomSource` and restores it exactly. */
export interface RandomSourceState {
  seed: number;
  stream: number;
  position: number;
}

/**
 * Hands out stretches of one Philox stream: each tensor of random numbers gets the next blocks, so that
 * the same seed and the same calls give the same numbers, on any backend and thread count.
 */
export class RandomSource {
  private seed: number;
  private stream: number;
  private position = 0;

  constructor(seed: number, stream = 0) {
    checkPlaces({ seed, stream });
    this.seed = seed;
    this.stream = stream;
  }

  /** The key for `count` numbers, which no later call gets again. */
  take(count: number): RandomKey {
    // Of a model that is only counted, sizes may be beyond what is exact.
    if (!(Number.isInteger(count) && count >= 0)) checkWhole('RandomSource.take', 'count', count);
    const key = { seed: this.seed, stream: this.stream, position: this.position };
    this.position += Math.ceil(count / 4);
    return key;
  }

  state(): RandomSourceState {
    return { seed: this.seed, stream: this.stream, position: this.position };
  }

  /** Goes on where `state()` was taken. @throws UserError, and changes nothing, for what is no state. */
  load(state: RandomSourceState): void {
    const { seed, stream, position } = checkObject('RandomSource.load', state);
    checkPlaces({ seed, stream, position });
    this.seed = seed;
    this.stream = stream;
    this.position = position;
  }
}

function checkPlaces(places: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(places)) {
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw new UserError(
        `${name}: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${describeValue(value)}`,
      );
    }
  }
}

/** The source used where none is named: by `randn`, `init` and `Dropout`. */
export const defaultRandom = new RandomSource(0);

/** The source given, or the default one. Throws for what is none. */
export function checkSource(operation: string, random: RandomSource = defaultRandom): RandomSource {
  if (random instanceof RandomSource) return random;
  throw new UserError(
    `${operation}: expected random to be a RandomSource, got ${describeValue(random)}`,
  );
}

/** Starts the default source anew. */
export function manualSeed(seed: number): void {
  defaultRandom.load(new RandomSource(seed).state());
}
