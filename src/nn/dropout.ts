/** Dropout, as a layer. */
import { dropout, type RandomSource, type Tensor } from '../tensor/index.js';
import { checkSource, checkTensor } from '../tensor/internal.js';
import { checkOptions } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { Module } from './module.js';

/**
 * While training, sets each element to 0 with probability `p` and scales the others by 1 / (1 − p), so
 * that evaluation need do nothing. Any shape. Srivastava et al. 2014, "Dropout: a simple way to prevent
 * neural networks from overfitting".
 *
 * @throws UserError unless 0 ≤ p ≤ 1.
 */
export class Dropout extends Module {
  /** Where the masks are drawn from. Default `defaultRandom`. */
  readonly random: RandomSource | undefined;

  /** @param p default 0.5, as PyTorch's. */
  constructor(
    readonly p = 0.5,
    options: { random?: RandomSource } = {},
  ) {
    super();
    if (!(typeof p === 'number' && p >= 0 && p <= 1)) {
      throw new UserError(
        `Dropout: expected a probability between 0 and 1, got ${describeValue(p)}`,
      );
    }
    const { random } = checkOptions('Dropout', options, ['random']);
    if (random !== undefined) checkSource('Dropout', random);
    this.random = random;
  }

  override forward(x: Tensor): Tensor {
    checkTensor('Dropout', x);
    return this.training ? dropout(x, this.p, this.random) : x;
  }
}
