/**
 * Optimizer state shared out among ranks: each keeps and updates that of its own parameters, and hands
 * the new parameters to the others. Rajbhandari et al. 2020, "ZeRO", section 5.1, by whole parameters.
 */
import type { Ranks } from '../distributed/ranks.js';
import type { Optimizer } from '../optim/index.js';
import type { RowGradient, Tensor } from '../tensor/index.js';

type Slot = Optimizer['groups'][number]['slots'][number];

/** An optimizer that several ranks step together. The result is that of stepping it on each, bit for bit. */
export class OptimizerShards {
  readonly #optimizer: Optimizer;
  readonly #ranks: Ranks;
  /** By slot, the rank that has its state. */
  readonly #owners = new Map<Slot, number>();

  constructor(optimizer: Optimizer, ranks: Ranks) {
    this.#optimizer = optimizer;
    this.#ranks = ranks;
    const load = new Float64Array(ranks.size);
    const slots = [...this.#slots()].sort((a, b) => b.param.numel - a.param.numel);
    for (const slot of slots) {
      const owner = load.indexOf(Math.min(...load));
      this.#owners.set(slot, owner);
      load[owner]! += slot.param.numel;
    }
  }

  *#slots(): Iterable<Slot> {
    for (const { slots } of this.#optimizer.groups) yield* slots;
  }

  #isOwn(slot: Slot): boolean {
    return this.#owners.get(slot) === this.#ranks.rank;
  }

  /** `optimizer.step`, of which each rank does its part. Gradients are as they were. */
  step(gradScale: number): void {
    const touched = [...this.#slots()].filter(({ param }) => param.hasGrad);
    const others: [Slot, Tensor | RowGradient][] = [];
    for (const slot of touched) {
      if (!this.#isOwn(slot)) others.push([slot, slot.param.gradientSlot().lift()!]);
    }
    this.#optimizer.step({ gradScale });
    for (const [slot, gradient] of others) {
      slot.param.gradientSlot().take(slot.param, gradient);
      slot.steps++;
    }
    const owners = touched.map((slot) => this.#owners.get(slot)!);
    this.#ranks.share(
      touched.map(({ param }) => param),
      owners,
    );
  }

  /** Drops the state that is another rank's: after all of it was loaded. */
  release(): void {
    for (const slot of this.#slots()) if (!this.#isOwn(slot)) this.#optimizer.dropState(slot);
  }

  /** Brings all state together on rank 0, to be saved; `release` drops it again. */
  collect(): void {
    for (const group of this.#optimizer.groups) {
      for (const slot of group.slots) {
        if (slot.steps === 0) continue;
        if (!this.#isOwn(slot)) this.#optimizer.makeState(slot, group.options);
        const owner = this.#owners.get(slot)!;
        this.#ranks.share(
          slot.states,
          slot.states.map(() => owner),
        );
        if (this.#ranks.rank > 0 && !this.#isOwn(slot)) this.#optimizer.dropState(slot);
      }
    }
  }
}
