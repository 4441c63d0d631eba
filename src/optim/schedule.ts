/**
 * Schedules: the learning rate as a function of the step.
 *
 * Steps are counted from 0: `schedule(0)` is the rate of the first update. A schedule is pure, so that
 * resuming at step n needs nothing but n. They take what `torch.optim.lr_scheduler` computes in closed
 * form; where that oscillates or grows past its end (cosine), these stay where they ended.
 */
import { checkFinite, checkFunction, checkOptions, checkWhole } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

function checkRate(schedule: string, name: string, value: number): void {
  checkFinite(schedule, name, value, 0);
}

/** The same rate at every step. */
export function constant(lr: number): Schedule {
  checkRate('constant', 'lr', lr);
  return () => lr;
}

export interface StepDecayOptions {
  /** The rate at the start. */
  lr: number;
  /** At which step or steps the rate falls: with 1000, the first thousand steps (0 to 999) have the full rate. */
  at?: number | readonly number[];
  /** Instead of `at`: after how many steps the rate falls, again and again. */
  every?: number;
  /** What the rate is multiplied by each time. Default 0.1. */
  factor?: number;
}

/**
 * A rate that falls by a factor at given steps (PyTorch's MultiStepLR) or at regular ones (StepLR).
 *
 * @throws UserError unless exactly one of `at` and `every` is given, and both are whole numbers.
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const {
    lr,
    at,
    every,
    factor = 0.1,
  } = checkOptions('stepDecay', options, ['lr', 'at', 'every', 'factor']);
  checkRate('stepDecay', 'lr', lr);
  checkRate('stepDecay', 'factor', factor);
  if ((at === undefined) === (every === undefined)) {
    throw new UserError('stepDecay: expected one of at (a step or several) and every (a number)');
  }
  if (every !== undefined) {
    checkWhole('stepDecay', 'every', every, 1);
    return (step) => lr * factor ** Math.floor(step / every);
  }
  const places = Array.isArray(at) ? [...at] : [at];
  for (const place of places) checkWhole('stepDecay', 'at', place, 0);
  return (step) => lr * factor ** places.filter((place) => place <= step).length;
}

export interface LinearWarmupOptions {
  /** After how many steps `to` is reached. */
  steps: number;
  /** The rate at step 0. Default to / (steps + 1): a rate of 0 would waste the first step. */
  from?: number;
  /** The rate from step `steps` on. */
  to: number;
}

/** A rate that goes in a straight line from `from` at step 0 to `to` at step `steps`, and stays there. PyTorch's LinearLR. */
export function linearWarmup(options: LinearWarmupOptions): Schedule {
  const { steps, to } = checkOptions('linearWarmup', options, ['steps', 'from', 'to']);
  checkWhole('linearWarmup', 'steps', steps);
  checkRate('linearWarmup', 'to', to);
  const { from = to / (steps + 1) } = options;
  checkRate('linearWarmup', 'from', from);
  return (step) => (step >= steps ? to : from + ((to - from) * step) / steps);
}

export interface CosineOptions {
  /** After how many steps the floor is reached. */
  steps: number;
  /** The rate at step 0. */
  from: number;
  /** The floor: the rate from step `steps` on. Default 0. */
  to?: number;
}

/**
 * A rate that falls along half a cosine from `from` to `to`, and stays there. Loshchilov & Hutter 2017,
 * "SGDR: stochastic gradient descent with warm restarts", equation 5, without the restarts.
 */
export function cosine(options: CosineOptions): Schedule {
  const { steps, from, to = 0 } = checkOptions('cosine', options, ['steps', 'from', 'to']);
  checkWhole('cosine', 'steps', steps, 1);
  checkRate('cosine', 'from', from);
  checkRate('cosine', 'to', to);
  return (step) =>
    step >= steps ? to : to + ((from - to) * (1 + Math.cos((Math.PI * step) / steps))) / 2;
}

export interface StableDecayOptions {
  /** How many steps there are, those of the decay included. */
  steps: number;
  /** How many of the last steps the rate falls over. */
  decaySteps: number;
  /** The rate until then. */
  from: number;
  /** Where it falls to: the rate from step `steps` on. Default 0. */
  to?: number;
}

/**
 * A rate that is held, then falls: with a warm-up before it, "warm-up, stable, decay". At the share x of the
 * decay it is to + (from − to) · (1 − √x), the form that Hägele et al. 2024, "Scaling laws and compute-optimal
 * training beyond fixed training durations" (section 3) find best, and llm.c uses (llmc/schedulers.h, "wsd").
 *
 * What was trained up to the decay does not depend on how long training is to be: it can go on from there.
 */
export function stableDecay(options: StableDecayOptions): Schedule {
  const {
    steps,
    decaySteps,
    from,
    to = 0,
  } = checkOptions('stableDecay', options, ['steps', 'decaySteps', 'from', 'to']);
  checkWhole('stableDecay', 'steps', steps);
  checkWhole('stableDecay', 'decaySteps', decaySteps);
  checkRate('stableDecay', 'from', from);
  checkRate('stableDecay', 'to', to);
  if (decaySteps > steps) {
    throw new UserError(
      `stableDecay: expected decaySteps of at most all ${steps} steps, got ${decaySteps}`,
    );
  }
  const start = steps - decaySteps;
  return (step) => {
    if (step >= steps) return to;
    return step <= start ? from : to + (from - to) * (1 - Math.sqrt((step - start) / decaySteps));
  };
}

/**
 * One schedule after the other, each for its number of steps and each counting its own from 0. The last
 * one goes on for ever; its number may be left out.
 *
 * ```ts
 * sequence([[linearWarmup({ steps: 100, to: 6e-4 }), 100], [cosine({ steps: 1900, from: 6e-4, to: 6e-5 })]]);
 * ```
 *
 * @throws UserError when there is none, or one but the last has no number of steps.
 */
export function sequence(parts: readonly (readonly [Schedule, number?])[]): Schedule {
  if (!Array.isArray(parts) || parts.length === 0) {
    const got = Array.isArray(parts) ? 'none' : describeValue(parts);
    throw new UserError(`sequence: expected at least one [schedule, steps], got ${got}`);
  }
  const last = parts.length - 1;
  parts.forEach((part, i) => {
    if (!Array.isArray(part)) {
      throw new UserError(
        `sequence: expected part ${i} to be [schedule, steps], got ${describeValue(part)}`,
      );
    }
    const [schedule, steps] = part;
    checkFunction('sequence', `a schedule in part ${i}`, schedule);
    const open = i === last && (steps === undefined || steps === Infinity);
    if (!open) checkWhole('sequence', `the steps of part ${i}`, steps ?? Number.NaN, 0);
  });
  return (step) => {
    let start = 0;
    let i = 0;
    while (i < last && step >= start + parts[i][1]!) start += parts[i++][1]!;
    return parts[i][0](step - start);
  };
}
