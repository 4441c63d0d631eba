/**
 * Large parameters whose update is shared out among ranks: each rank adds up its own stretch of the gradient,
 * updates that stretch of the parameter while it is in the cache, and hands it to the others. That is half
 * of the memory that is walked where every rank gets the whole gradient and makes the whole update.
 */
import type { Ranks } from '../distributed/ranks.js';
import type { Optimizer } from '../optim/index.js';
import type { Tensor } from '../tensor/index.js';

type Group = Optimizer['groups'][number];

/** Where an optimizer has a parameter. */
export interface Place {
  readonly slot: Group['slots'][number];
  readonly group: Group;
}

/** Elements from which a parameter is large: many messages' worth. */
const LARGE = 1 << 15;

/** The parameters for which an optimizer keeps no state: state would be left on the rank that updates, and every rank may have to save it. */
export function withoutState(optimizer: Optimizer): Map<Tensor, Place> {
  const groups = optimizer.groups.filter(
    ({ options }) => optimizer.stateNames(options).length === 0,
  );
  return new Map(
    groups.flatMap((group) => group.slots.map((slot) => [slot.param, { slot, group }] as const)),
  );
}

/** The result is that of adding up whole gradients and stepping the optimizer on each rank, bit for bit. */
export class StretchedUpdates {
  readonly #optimizer: Optimizer;
  readonly #ranks: Ranks;
  readonly #of: ReadonlyMap<Tensor, Place>;

  constructor(optimizer: Optimizer, ranks: Ranks) {
    this.#optimizer = optimizer;
    this.#ranks = ranks;
    this.#of = new Map([...withoutState(optimizer)].filter(([{ numel }]) => numel >= LARGE));
  }

  /** Whether a parameter can be updated so. */
  has(parameter: Tensor): boolean {
    return this.#of.has(parameter);
  }

  /**
   * `optimizer.step`, with these parameters' gradients, in full, still to be added up over all ranks. They
   * are left with no gradient of use.
   */
  step(parameters: readonly Tensor[], gradScale: number): void {
    const gradients = parameters.map((parameter) => parameter.gradientSlot().lift() as Tensor);
    this.#optimizer.step({ gradScale });
    this.#ranks.sumInto(gradients, parameters, (i, { begin, sum }) => {
      const { slot, group } = this.#of.get(parameters[i]!)!;
      this.#optimizer.stepStretch(slot, group.options, begin, sum, gradScale);
    });
    parameters.forEach((parameter, i) => {
      this.#of.get(parameter)!.slot.steps++;
      parameter.gradientSlot().take(parameter, gradients[i]!);
    });
  }
}
