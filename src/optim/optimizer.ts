/**
 * What all optimizers share: the calls into the backend, rates, and state.
 *
 * A step is one call into the backend for each group. The list of updates that it gets is kept from step
 * to step; a step allocates nothing.
 */
import type { Tensor } from '../tensor/index.js';
import { unlistedWithGradient } from '../tensor/internal.js';
import { checkFunction, checkOptions, checkRange, checkWhole } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import {
  atLeastZero,
  type Group,
  makeGroups,
  type ParameterGroup,
  type Parameters,
  type RateOptions,
  type Slot,
} from './groups.js';
import type { Schedule } from './schedule.js';
import { loadOptimizerState, type OptimizerState, saveOptimizerState } from './state.js';
import { emptyUpdate, pointAtGradient, type Update } from './update.js';

/** Updates of one group whose parameters have taken equally many steps: one call into the backend. */
interface Batch<Options> {
  options: Options;
  steps: number;
  count: number;
  readonly updates: Update[];
  readonly slots: Slot[];
}

export abstract class Optimizer<Options extends RateOptions = RateOptions> {
  readonly groups: readonly Group<Options>[];
  /** How many steps were taken. */
  stepCount = 0;
  private rate: number;
  private readonly batches: Batch<Options>[] = [];
  private readonly stretch = emptyUpdate(0);

  /**
   * @param kind its name, in errors and in a saved state.
   * @param params all parameters, or groups of them with options of their own.
   * @throws UserError for options out of range, no parameters, one that is listed twice, one that is
   *   not a leaf of float32, or parameters on different backends.
   */
  constructor(
    readonly kind: string,
    params: Parameters | readonly ParameterGroup<Options>[],
    defaults: Options,
  ) {
    this.groups = makeGroups(kind, params, defaults, (options) => this.check(options));
    this.rate = defaults.lr;
  }

  /** Throws a `UserError` for options out of range. Also called before a subclass's fields exist. */
  check({ lr, weightDecay }: Options): void {
    atLeastZero(this.kind, 'lr', lr);
    atLeastZero(this.kind, 'weightDecay', weightDecay);
  }

  /** Names, as they are saved, of the tensors that are kept for each parameter (two at most). */
  abstract stateNames(options: Options): readonly string[];

  /**
   * Updates parameters of which each takes its step number `steps` (from 1): one call into the backend with
   * `updates`, or tensor by tensor what `slots` hold.
   */
  protected abstract apply(
    options: Options,
    updates: readonly Update[],
    gradScale: number,
    steps: number,
    slots: readonly Slot[],
  ): void;

  /** All parameters, in order. */
  parameters(): Tensor[] {
    return this.groups.flatMap(({ slots }) => slots.map(({ param }) => param));
  }

  /** Where all parameters are. */
  protected get backend() {
    return this.groups.find(({ slots }) => slots.length > 0)!.slots[0].param.backend;
  }

  /** Drops all gradients. */
  zeroGrad(): void {
    for (const { slots } of this.groups) for (const { param } of slots) param.zeroGrad();
  }

  /**
   * The learning rate. Setting it sets that of every group, each in its own ratio to it, except those
   * that have a schedule of their own.
   */
  get lr(): number {
    return this.rate;
  }

  set lr(lr: number) {
    atLeastZero(this.kind, 'lr', lr);
    this.rate = lr;
    for (const { schedule, options, ratio } of this.groups) {
      if (!schedule) options.lr = lr * ratio;
    }
  }

  /**
   * Sets all rates for a step (counted from 0): the optimizer's by `schedule`, those of groups with a
   * schedule of their own by that. What a trainer calls before `step()`.
   */
  applySchedule(schedule: Schedule, step: number): void {
    checkFunction(`${this.kind}.applySchedule`, 'a schedule', schedule);
    checkWhole(`${this.kind}.applySchedule`, 'step', step);
    this.lr = schedule(step);
    for (const group of this.groups) {
      if (!group.schedule) continue;
      const lr = group.schedule(step);
      atLeastZero(this.kind, 'lr', lr);
      group.options.lr = lr;
    }
  }

  /**
   * Updates all parameters that have a gradient; others are passed over, and so is their state.
   * Gradients stay as they are (`zeroGrad` drops them).
   *
   * @param options.gradScale what gradients are multiplied by first: 1 / n after adding up n batches,
   *   or `clipScale(…)`. Default 1.
   */
  step(options: { gradScale?: number } = {}): void {
    const { gradScale = 1 } = checkOptions(`${this.kind}.step`, options, ['gradScale']);
    checkRange(`${this.kind}.step`, 'gradScale', gradScale);
    const stray = unlistedWithGradient();
    if (stray) {
      throw new UserError(
        `${this.kind}: a parameter ${formatShape(stray.shape)} got a gradient, but no module's parameters() and no optimizer lists it; keep it in a field of a Module that can be walked (not #private), hand it to an optimizer, or freeze it with requireGrad(false)`,
      );
    }
    const used = this.gather(); // throws before anything was changed
    for (const { slots } of this.groups) {
      for (const slot of slots) if (slot.update.grad !== null) slot.steps++;
    }
    for (let i = 0; i < used; i++) {
      const { options, updates, steps, slots } = this.batches[i];
      this.apply(options, updates, gradScale, steps, slots);
    }
    this.stepCount++;
  }

  /**
   * Updates the elements of a parameter from `begin` on by a gradient of these alone, and counts no step: for
   * whoever takes one a stretch at a time. Only what keeps no state can be updated so.
   */
  stepStretch(
    { param, steps }: Slot,
    options: Options,
    begin: number,
    gradient: Tensor,
    gradScale: number,
  ): void {
    const { stretch } = this;
    stretch.param = param.backend.offset(param.pointer, begin);
    stretch.grad = gradient.pointer;
    stretch.count = gradient.numel;
    stretch.lr = options.lr;
    stretch.weightDecay = options.weightDecay;
    this.apply(options, [stretch], gradScale, steps + 1, []);
    param.storage.touch();
  }

  /** What a checkpoint has to hold beside the model. The tensors are those in use, not copies. */
  stateDict(): OptimizerState {
    return saveOptimizerState(this);
  }

  /**
   * Takes up where a saved optimizer stopped: state, step counts and options, rates included. It must
   * have been of the same kind, with the same groups of the same parameters. Everything is checked
   * first; nothing is half loaded.
   *
   * @throws UserError that lists everything that does not fit.
   */
  loadStateDict(state: OptimizerState): void {
    loadOptimizerState(this, state);
  }

  /** For loading: the base rate, without touching the groups'. */
  restoreRate(lr: number): void {
    this.rate = lr;
  }

  /** Frees what is kept for the parameters, not these themselves. */
  dispose(): void {
    for (const { slots } of this.groups) {
      for (const slot of slots) {
        this.dropState(slot);
        slot.steps = 0;
      }
    }
  }

  /** Makes a parameter's state anew, all zero. */
  makeState(slot: Slot, options: Options): void {
    this.dropState(slot);
    const { param } = slot;
    slot.states = this.stateNames(options).map(() => param.empty(param.shape).fill_(0).retain());
  }

  dropState({ states }: Slot): void {
    for (const state of states) state.dispose();
    states.length = 0;
  }

  /** Sorts the updates of this step into batches; returns how many batches there are. */
  private gather(): number {
    let used = 0;
    for (const { options, slots } of this.groups) {
      const first = used;
      for (const slot of slots) {
        const { update, param } = slot;
        if (!pointAtGradient(update, param)) continue;
        if (slot.states.length < this.stateNames(options).length) this.makeState(slot, options);
        const { states } = slot;
        // Asked for anew: it throws where somebody has disposed of one.
        update.param = param.pointer;
        update.state1 = states.length > 0 ? states[0].pointer : null;
        update.state2 = states.length > 1 ? states[1].pointer : null;
        param.storage.touch();
        update.lr = options.lr;
        update.weightDecay = options.weightDecay;
        const steps = slot.steps + 1;
        let at = first;
        while (at < used && this.batches[at].steps !== steps) at++;
        if (at === used) this.openBatch(used++, options, steps);
        const batch = this.batches[at];
        batch.slots[batch.count] = slot;
        batch.updates[batch.count++] = update;
      }
    }
    for (let i = 0; i < used; i++) {
      const { updates, slots, count } = this.batches[i];
      if (updates.length > count) updates.length = slots.length = count;
    }
    return used;
  }

  private openBatch(at: number, options: Options, steps: number): void {
    this.batches[at] ??= { options, steps, count: 0, updates: [], slots: [] };
    const batch = this.batches[at];
    batch.options = options;
    batch.steps = steps;
    batch.count = 0;
  }
}
