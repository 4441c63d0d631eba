/** Parameter groups: which parameters an optimizer has, and with what options. */
import { Tensor } from '../tensor/index.js';
import { markListed } from '../tensor/internal.js';
import {
  checkFinite,
  checkFunction,
  checkIterable,
  checkKeys,
  checkObject,
} from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import type { Schedule } from './schedule.js';
import { emptyUpdate, type Update } from './update.js';

/** Parameters, with names (`model.namedParameters()`) or without (`model.parameters()`). */
export type Parameters = Iterable<Tensor> | ReadonlyMap<string, Tensor>;

/** What every optimizer can be told, for all parameters or by group. */
export interface RateOptions {
  /** The learning rate. A group's own keeps its ratio to the optimizer's when that changes. */
  lr: number;
  weightDecay: number;
}

/**
 * Parameters with options of their own; what is left out is as for the whole optimizer. A group with a
 * `schedule` follows that one, and takes no part when the optimizer's rate changes.
 */
export type ParameterGroup<Options> = {
  params: Parameters;
  schedule?: Schedule;
} & Partial<Options>;

/** A parameter and what the optimizer remembers of it. */
export interface Slot {
  /** Its name where it came with one, else its position among all parameters. */
  readonly name: string;
  readonly param: Tensor;
  /** How many steps it has taken: fewer than the optimizer if it was without a gradient at times. */
  steps: number;
  /** One tensor for each of the optimizer's `stateNames`, made at its first step; empty before. */
  states: Tensor[];
  readonly update: Update;
}

/** A group as the optimizer keeps it. `options` may be changed between steps. */
export interface Group<Options> {
  readonly options: Options;
  readonly schedule: Schedule | undefined;
  /** Its rate over the optimizer's. */
  readonly ratio: number;
  readonly slots: readonly Slot[];
}

/** Throws a `UserError` unless `value` is a finite number of at least 0. */
export function atLeastZero(label: string, name: string, value: number): void {
  checkFinite(label, name, value, 0);
}

/**
 * The groups of an optimizer, checked.
 *
 * @param label the optimizer's name, for errors.
 * @param check throws for options out of range.
 */
export function makeGroups<Options extends RateOptions>(
  label: string,
  params: Parameters | readonly ParameterGroup<Options>[],
  defaults: Options,
  check: (options: Options) => void,
): Group<Options>[] {
  check(defaults);
  const names = new Map<Tensor, string>();
  const groups = isGroups(params) ? params : [{ params } as ParameterGroup<Options>];
  const made = groups.map((group) => {
    const { params: own, schedule, ...changes } = checkObject(`${label}: group`, group);
    checkKeys(`${label}: group`, changes, Object.keys(defaults));
    if (schedule !== undefined) checkFunction(label, "a group's schedule", schedule);
    const options = withChanges(defaults, changes as unknown as Partial<Options>);
    check(options);
    const ratio = ratioOf(label, options.lr, defaults.lr, schedule !== undefined);
    return { options, schedule, ratio, slots: makeSlots(label, own, names) };
  });
  if (names.size === 0) throw new UserError(`${label}: expected parameters, got none`);
  if (new Set(names.values()).size < names.size) {
    throw new UserError(`${label}: expected parameters with different names in all groups`);
  }
  return made;
}

function isGroups<Options>(
  params: Parameters | readonly ParameterGroup<Options>[],
): params is readonly ParameterGroup<Options>[] {
  const first: unknown = Array.isArray(params) ? params[0] : undefined;
  return typeof first === 'object' && first !== null && 'params' in first;
}

function withChanges<Options>(defaults: Options, changes: Partial<Options>): Options {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function ratioOf(label: string, lr: number, base: number, scheduled: boolean): number {
  if (lr === base || scheduled) return 1;
  if (base > 0) return lr / base;
  throw new UserError(
    `${label}: a group's own lr keeps its ratio to the optimizer's, which must then be greater than 0`,
  );
}

function makeSlots(label: string, params: Parameters, names: Map<Tensor, string>): Slot[] {
  const slots: Slot[] = [];
  for (const [name, param] of namesAndTensors(label, params, names.size)) {
    markListed(param);
    checkParameter(`${label}: parameter ${name} ${formatShape(param.shape)}`, param, names);
    names.set(param, name);
    slots.push({ name, param, steps: 0, states: [], update: emptyUpdate(param.numel) });
  }
  return slots;
}

/**
 * Parameters with their names, or else their positions from `first` on.
 *
 * @throws UserError for what is none, before any is returned.
 */
export function namesAndTensors(label: string, params: Parameters, first = 0): [string, Tensor][] {
  checkIterable(label, 'parameters, such as model.parameters()', params);
  const named = [...params].map((entry, i): [string, unknown] =>
    params instanceof Map ? (entry as [string, unknown]) : [`${first + i}`, entry],
  );
  for (const [name, param] of named) {
    if (!(param instanceof Tensor)) {
      throw new UserError(
        `${label}: expected parameter ${name} to be a tensor, got ${describeValue(param)}`,
      );
    }
  }
  return named as [string, Tensor][];
}

function checkParameter(what: string, param: Tensor, names: ReadonlyMap<Tensor, string>): void {
  if (param.node || param.dtype !== 'float32') {
    const got = param.node ? 'the result of an operation' : param.dtype;
    throw new UserError(`${what}: expected a leaf of float32, got ${got}`);
  }
  const before = names.get(param);
  if (before !== undefined) throw new UserError(`${what} is listed twice, before as ${before}`);
  for (const { backend } of names.keys()) {
    if (backend === param.backend) break; // all before are on one
    throw new UserError(
      `${what}: expected all parameters on one backend, got ${backend.name} and ${param.backend.name}`,
    );
  }
}
