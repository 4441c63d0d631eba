/** An average of weights over training, beside the weights themselves. */
import { Scope, type Tensor } from '../tensor/index.js';
import { checkTensorMap } from '../tensor/internal.js';
import { checkFunction, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/**
 * The exponential moving average of a model's state, kept apart:
 *
 *     average = d · average + (1 − d) · now,   d = min(decay, (1 + t) / (10 + t)) after t steps
 *
 * Polyak & Juditsky 1992, "Acceleration of stochastic approximation by averaging", in its exponential form. The
 * decay begins low, so that the first, random weights are soon forgotten (as TensorFlow's
 * ExponentialMovingAverage does where it is told the number of steps).
 *
 * Buffers of float32, such as the statistics of a BatchNorm, are averaged too: they belong to the weights. What
 * is no float32 is as it is now.
 */
export class WeightAverage implements Disposable {
  readonly #pairs: { now: Tensor; average: Tensor }[] = [];
  readonly #averages = new Map<string, Tensor>();

  /**
   * Begins with what `state` holds now.
   *
   * @param state a model's `stateDict()`: its own tensors, not copies.
   * @param decay from 0 (no average) up to less than 1. With 0.999 the last thousand steps count.
   */
  constructor(
    state: ReadonlyMap<string, Tensor>,
    readonly decay: number,
  ) {
    checkTensorMap('WeightAverage', state);
    if (!(typeof decay === 'number' && decay >= 0 && decay < 1)) {
      throw new UserError(
        `WeightAverage: expected a decay of at least 0 and less than 1, got ${describeValue(decay)}`,
      );
    }
    for (const [name, now] of state) {
      const average = now.empty(now.shape, now.dtype).retain().copy_(now.detach());
      this.#pairs.push({ now, average });
      this.#averages.set(name, average);
    }
  }

  /** Takes in the weights as they are after `steps` steps (counted from 1). */
  update(steps: number): void {
    checkWhole('WeightAverage.update', 'steps', steps, 1);
    const decay = Math.min(this.decay, (1 + steps) / (10 + steps));
    for (const { now, average } of this.#pairs) {
      if (now.dtype === 'float32') average.scale_(decay).addScaled_(now.detach(), 1 - decay);
      else average.copy_(now.detach());
    }
  }

  /** Calls `use` with the average in the model's place; the weights are put back, whatever happens. */
  during<T>(use: () => T): T {
    checkFunction('WeightAverage.during', 'what to do', use);
    this.#exchange();
    try {
      return use();
    } finally {
      this.#exchange();
    }
  }

  /** The average by the names of the state: what a checkpoint has to hold. In use, not copies. */
  stateDict(): ReadonlyMap<string, Tensor> {
    return this.#averages;
  }

  #exchange(): void {
    for (const { now, average } of this.#pairs) {
      using _copy = new Scope();
      const held = now.empty(now.shape, now.dtype).copy_(now.detach());
      now.copy_(average);
      average.copy_(held);
    }
  }

  /** Frees the average, not the model. */
  [Symbol.dispose](): void {
    for (const { average } of this.#pairs) average.dispose();
  }
}
