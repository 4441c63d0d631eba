/** Large gradients that are handed over as soon as the backward has made them. */
import type { Ranks } from '../distributed/ranks.js';
import type { Tensor } from '../tensor/index.js';

/** Elements from which a gradient is worth a message of its own. */
const LARGE = 1 << 15;

/**
 * Which gradients that will be, all ranks have to know beforehand: those that were in full in the step before. So the
 * first step has none, and a rank that lacks one makes up for it at the end.
 */
export class EarlyGradients {
  readonly #ranks: Ranks;
  /** Parameters by their number. */
  readonly #numbers: ReadonlyMap<Tensor, number>;
  #agreed = new Set<Tensor>();
  readonly #begun = new Set<Tensor>();

  constructor(parameters: readonly Tensor[], ranks: Ranks) {
    this.#ranks = ranks;
    this.#numbers = new Map(parameters.map((parameter, i) => [parameter, i]));
  }

  /** A parameter has all of this rank's gradient. */
  ready(parameter: Tensor): void {
    if (!this.#agreed.has(parameter) || this.#begun.has(parameter)) return;
    if (parameter.rowGrad || !parameter.hasGrad) return;
    this.#begin(parameter);
  }

  /** All ranks know now which gradients are in full on one of them, and have these in full. */
  settle(dense: readonly Tensor[]): void {
    for (const parameter of dense) {
      if (this.#agreed.has(parameter) && !this.#begun.has(parameter)) this.#begin(parameter);
    }
    this.#begun.clear();
    this.#agreed = new Set(dense.filter(({ numel }) => numel >= LARGE));
  }

  #begin(parameter: Tensor): void {
    this.#begun.add(parameter);
    const gradient = parameter.gradientSlot().gradientOf(parameter)!;
    this.#ranks.begin(gradient, this.#numbers.get(parameter)!);
  }
}
