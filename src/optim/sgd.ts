/** Stochastic gradient descent. */
import { checkFinite, checkFlag, checkOptions } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { atLeastZero, type ParameterGroup, type Parameters, type RateOptions } from './groups.js';
import { Optimizer } from './optimizer.js';
import type { Update } from './update.js';

export interface SGDOptions extends RateOptions {
  /** Added to the gradient, times the parameter (L2 regularisation). Default 0. */
  weightDecay: number;
  /** Share of the last step's direction that is kept. Default 0. */
  momentum: number;
  /** Share of the gradient that momentum leaves out, from the second step on. Default 0. */
  dampening: number;
  /** Look ahead along the momentum. Sutskever et al. 2013. Default false. */
  nesterov: boolean;
}

const BUFFER = ['momentumBuffer'];
const NOTHING: string[] = [];

/**
 * SGD, as PyTorch's:
 *
 *     g = gradient + weightDecay · p
 *     m = momentum · m + (1 − dampening) · g     (m = g at the first step)
 *     p −= lr · (nesterov ? g + momentum · m : m)
 *
 * Without momentum and decay, a gradient by rows (an embedding's) updates those rows and costs nothing
 * for the others.
 */
export class SGD extends Optimizer<SGDOptions> {
  /** @param options `lr` is required; the others default as PyTorch's. */
  constructor(
    params: Parameters | readonly ParameterGroup<SGDOptions>[],
    options: Partial<SGDOptions> & { lr: number },
  ) {
    const given = checkOptions('SGD', options, [
      'lr',
      'weightDecay',
      'momentum',
      'dampening',
      'nesterov',
    ]);
    const { lr, weightDecay = 0, momentum = 0, dampening = 0, nesterov = false } = given;
    super('SGD', params, { lr, weightDecay, momentum, dampening, nesterov });
  }

  override check(options: SGDOptions): void {
    super.check(options);
    const { momentum, dampening, nesterov } = options;
    atLeastZero(this.kind, 'momentum', momentum);
    checkFinite('SGD', 'dampening', dampening);
    checkFlag('SGD', 'nesterov', nesterov);
    if (nesterov && !(momentum > 0 && dampening === 0)) {
      throw new UserError(
        `SGD: nesterov needs a momentum greater than 0 and no dampening, got ${momentum} and ${dampening}`,
      );
    }
  }

  override stateNames({ momentum }: SGDOptions): readonly string[] {
    return momentum === 0 ? NOTHING : BUFFER;
  }

  protected override apply(
    { momentum, dampening, nesterov }: SGDOptions,
    updates: readonly Update[],
    gradScale: number,
    steps: number,
  ): void {
    this.backend.sgdStep(updates, gradScale, momentum, dampening, nesterov, steps === 1);
  }
}
