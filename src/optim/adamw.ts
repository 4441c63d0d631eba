/** Adam with weight decay that is not part of the gradient. */
import { checkOptions } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { atLeastZero, type ParameterGroup, type Parameters, type RateOptions } from './groups.js';
import { Optimizer } from './optimizer.js';
import type { Update } from './update.js';

export interface AdamWOptions extends RateOptions {
  /** Default 0.001. */
  lr: number;
  /** By what share of itself, times the rate, a parameter shrinks with each step. Default 0.01. */
  weightDecay: number;
  /** How much of the running mean of the gradient, and of its square, is kept. Default [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Keeps the division finite. Default 1e-8. */
  eps: number;
}

/** What AdamW keeps for each parameter. */
export const MOMENTS: readonly string[] = ['expAvg', 'expAvgSq'];

/** Throws a `UserError` for moments out of range. */
export function checkMoments(label: string, { betas, eps }: AdamWOptions): void {
  atLeastZero(label, 'eps', eps);
  const isBeta = (beta: unknown) => typeof beta === 'number' && beta >= 0 && beta < 1;
  if (!Array.isArray(betas) || betas.length !== 2 || !betas.every(isBeta)) {
    const got = Array.isArray(betas)
      ? `[${betas.map(describeValue).join(', ')}]`
      : describeValue(betas);
    throw new UserError(`${label}: expected two betas of at least 0 and less than 1, got ${got}`);
  }
}

/**
 * AdamW (Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2), with PyTorch's
 * defaults:
 *
 *     p −= lr · weightDecay · p
 *     m = β1 · m + (1 − β1) · g        v = β2 · v + (1 − β2) · g²
 *     p −= lr · m̂ / (√v̂ + eps)         m̂ = m / (1 − β1ᵗ),  v̂ = v / (1 − β2ᵗ)
 *
 * Every row of a parameter moves with each step, those that a gradient by rows leaves out too: their
 * moments go on.
 */
export class AdamW extends Optimizer<AdamWOptions> {
  constructor(
    params: Parameters | readonly ParameterGroup<AdamWOptions>[],
    options: Partial<AdamWOptions> = {},
  ) {
    const given = checkOptions('AdamW', options, ['lr', 'weightDecay', 'betas', 'eps']);
    const { lr = 1e-3, weightDecay = 0.01, betas = [0.9, 0.999], eps = 1e-8 } = given;
    super('AdamW', params, { lr, weightDecay, betas, eps });
  }

  override check(options: AdamWOptions): void {
    super.check(options);
    checkMoments(this.kind, options);
  }

  override stateNames(): readonly string[] {
    return MOMENTS;
  }

  protected override apply(
    { betas, eps }: AdamWOptions,
    updates: readonly Update[],
    gradScale: number,
    steps: number,
  ): void {
    this.backend.adamwStep(updates, gradScale, betas[0], betas[1], eps, steps);
  }
}
