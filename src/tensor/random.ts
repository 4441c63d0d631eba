/** Where tensors' random numbers come from: a seed, and a position that moves on with each use. */
import type { RandomKey } from '../backend/backend.js';
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
    for (const [name, value] of Object.entries({ seed, stream })) {
      if (!Number.isSafeInteger(value) || value < 0) {
        throw new UserError(
          `${name}: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, got ${value}`,
        );
      }
    }
    this.seed = seed;
    this.stream = stream;
  }

  /** The key for `count` numbers, which no later call gets again. */
  take(count: number): RandomKey {
    const key = { seed: this.seed, stream: this.stream, position: this.position };
    this.position += Math.ceil(count / 4);
    return key;
  }

  state(): RandomSourceState {
    return { seed: this.seed, stream: this.stream, position: this.position };
  }

  load({ seed, stream, position }: RandomSourceState): void {
    this.seed = seed;
    this.stream = stream;
    this.position = position;
  }
}

/** The source used where none is named: by `randn`, `init` and `Dropout`. */
export const defaultRandom = new RandomSource(0);

/** Starts the default source anew. */
export function manualSeed(seed: number): void {
  defaultRandom.load(new RandomSource(seed).state());
}
