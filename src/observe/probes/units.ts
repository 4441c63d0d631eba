/** Dead units: those whose output never leaves the flat region of their activation. */
import { DEAD_WINDOW, type ModelProbe, packBits, unpackBits } from '../../runs/probe-records.js';
import type { OperationCall, Tensor } from '../../tensor/index.js';
import { countBetween, watchGradient } from '../../tensor/internal.js';
import { figure } from './figures.js';

type UnitsRecord = ModelProbe['units'][number];

/** Where an activation has a slope worth the name. */
interface Active {
  /** Told by its output, or, where that does not tell, by its input. */
  readonly of: 'output' | 'input';
  /** The interval in which it is active, or, `outside`, in which it is not. */
  readonly low: number;
  readonly high: number;
  readonly outside?: true;
}

const POSITIVE: Active = { of: 'output', low: 0, high: Infinity };
/** A product of two halves that is nothing: the gate is shut, or there is nothing to pass. */
const SHUT: Active = { of: 'output', low: -1e-4, high: 1e-4, outside: true };

/**
 * By the operation's name. tanh and sigmoid are flat where their slope is below 0.06; GELU and SiLU, which bend below
 * 0, where it stays below 0.02 from there on down; a leaky ReLU on its small slope.
 */
const ACTIVATIONS: Readonly<Record<string, Active>> = {
  relu: POSITIVE,
  reluSquared: POSITIVE,
  leakyRelu: POSITIVE,
  tanh: { of: 'output', low: -0.97, high: 0.97 },
  sigmoid: { of: 'output', low: 0.03, high: 0.97 },
  softplus: { of: 'output', low: 0.03, high: Infinity },
  gelu: { of: 'input', low: -3, high: Infinity },
  geluTanh: { of: 'input', low: -3, high: Infinity },
  silu: { of: 'input', low: -6, high: Infinity },
  gatedActivation: SHUT,
  gatedLinearUnit: SHUT,
};

/** Whether an operation, by its name, is an activation with a flat region. */
export const isActivation = (operation: string): boolean => Object.hasOwn(ACTIVATIONS, operation);

/** By channel, how many of an activation's values are active. */
export function activeCounts(operation: string, output: Tensor, input: Tensor): Int32Array {
  const { of, low, high, outside } = ACTIVATIONS[operation];
  const x = of === 'output' ? output : input;
  const inside = countBetween(x, low, high);
  return outside ? inside.map((count) => x.numel / inside.length - count) : inside;
}

/** The activity of one activation over a step's batches. */
export class UnitTally {
  #rows = 0;
  #active: Int32Array | undefined;
  #gradientRows = 0;
  #reached: Int32Array | undefined;

  constructor(
    readonly path: string,
    readonly operation: string,
  ) {}

  /** Whether there is anything to tell of. */
  get units(): number {
    return this.#active?.length ?? 0;
  }

  /** Counts a batch, and its gradient when that comes by. */
  add(output: Tensor, { inputs }: OperationCall): void {
    const active = activeCounts(this.operation, output, inputs[0]);
    if (active.length === 0 || (this.#active && this.#active.length !== active.length)) return;
    this.#active = added(this.#active, active);
    this.#rows += output.numel / active.length;
    watchGradient(output, (dy) => this.#addGradient(dy));
  }

  #addGradient(dy: Tensor): void {
    const zeros = countBetween(dy, -1e-45, 1e-45);
    const rows = dy.numel / zeros.length;
    this.#gradientRows += rows;
    this.#reached = added(
      this.#reached,
      zeros.map((count) => rows - count),
    );
  }

  /** What is known of this step, and what `history` adds to it. */
  record(history: UnitHistory, step: number): UnitsRecord {
    const active = this.#active!;
    const units = active.length;
    const total = active.reduce((sum, count) => sum + count, 0);
    const silent = active.map((count) => (count === 0 ? 1 : 0));
    const reached = this.#gradientRows > 0 ? this.#reached : undefined;
    const unreached = reached?.map((count) => (count === 0 ? 1 : 0));
    const { dead, since, gradientDead } = history.add(this.path, step, silent, unreached);
    return {
      ...{ path: this.path, activation: this.operation, units },
      flat: figure(1 - total / (units * this.#rows)),
      ...{ silent: packBits(silent), dead, since },
      gradientSilent: unreached ? packBits(unreached) : null,
      gradientDead,
    };
  }
}

function added(sum: Int32Array | undefined, counts: Int32Array): Int32Array {
  return sum ? sum.map((value, i) => value + counts[i]) : counts;
}

/** For how many records in a row each unit has been silent. */
interface Streak {
  records: Int32Array;
  /** Since which step. */
  since: Float64Array;
  gradient: Int32Array;
}

/** The silences of all units, over the records of a run. */
export class UnitHistory {
  readonly #streaks = new Map<string, Streak>();

  /** Takes in a record's units; returns what is dead by now. */
  add(
    path: string,
    step: number,
    silent: ArrayLike<number>,
    unreached: ArrayLike<number> | undefined,
  ): Pick<UnitsRecord, 'dead' | 'since' | 'gradientDead'> {
    const streak = this.#streakOf(path, silent.length);
    let [dead, since, gradientDead] = [0, Infinity, 0];
    for (let i = 0; i < silent.length; i++) {
      if (silent[i]) {
        if (streak.records[i]++ === 0) streak.since[i] = step;
        if (streak.records[i] >= DEAD_WINDOW) {
          dead++;
          since = Math.min(since, streak.since[i]);
        }
      } else streak.records[i] = 0;
      streak.gradient[i] = unreached?.[i] ? streak.gradient[i] + 1 : 0;
      if (streak.gradient[i] >= DEAD_WINDOW) gradientDead++;
    }
    return {
      dead,
      since: dead > 0 ? since : null,
      gradientDead: unreached ? gradientDead : null,
    };
  }

  /** Takes in what an earlier sitting recorded. */
  replay({ step, units }: ModelProbe): void {
    for (const { path, units: count, silent, gradientSilent } of units) {
      const unreached = gradientSilent === null ? undefined : unpackBits(gradientSilent, count);
      this.add(path, step, unpackBits(silent, count), unreached);
    }
  }

  #streakOf(path: string, units: number): Streak {
    const found = this.#streaks.get(path);
    if (found && found.records.length === units) return found;
    const made = {
      records: new Int32Array(units),
      since: new Float64Array(units),
      gradient: new Int32Array(units),
    };
    this.#streaks.set(path, made);
    return made;
  }
}
