/** An optimizer's state as checkpoints hold it: tensors by name, and the rest as plain JSON. */
import * as z from 'zod';
import type { Tensor } from '../tensor/index.js';
import { checkTensorMap } from '../tensor/internal.js';
import { checkObject } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import type { Group, RateOptions, Slot } from './groups.js';

const count = z.int().min(0);
const value = z.union([z.number(), z.boolean(), z.string(), z.array(z.number())]);

const settingsSchema = z.strictObject({
  kind: z.string(),
  stepCount: count,
  lr: z.number(),
  groups: z.array(
    z.strictObject({
      options: z.record(z.string(), value),
      /** Names of the parameters, in order, and how many steps each has taken. */
      params: z.array(z.string()),
      steps: z.array(count),
    }),
  ),
});

/** Everything but tensors. Survives JSON. */
export type OptimizerSettings = z.infer<typeof settingsSchema>;

export interface OptimizerState {
  /** `<parameter>.<state>`: `embedding.weight.expAvg`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly settings: OptimizerSettings;
}

/** What of an optimizer its state is saved from and loaded into. */
interface Stateful<Options extends RateOptions> {
  readonly kind: string;
  readonly lr: number;
  readonly groups: readonly Group<Options>[];
  stepCount: number;
  check(options: Options): void;
  stateNames(options: Options): readonly string[];
  restoreRate(lr: number): void;
  makeState(slot: Slot, options: Options): void;
  dropState(slot: Slot): void;
}

export function saveOptimizerState<Options extends RateOptions>(
  optimizer: Stateful<Options>,
): OptimizerState {
  const tensors = new Map<string, Tensor>();
  for (const { options, slots } of optimizer.groups) {
    for (const { name, states } of slots) {
      optimizer.stateNames(options).forEach((stateName, i) => {
        if (states[i]) tensors.set(`${name}.${stateName}`, states[i]);
      });
    }
  }
  const groups = optimizer.groups.map(({ options, slots }) => ({
    options: structuredClone(options) as unknown as Record<string, z.infer<typeof value>>,
    params: slots.map(({ name }) => name),
    steps: slots.map(({ steps }) => steps),
  }));
  const { kind, stepCount, lr } = optimizer;
  return { tensors, settings: { kind, stepCount, lr, groups } };
}

/** Checks everything, then changes the optimizer. */
export function loadOptimizerState<Options extends RateOptions>(
  optimizer: Stateful<Options>,
  state: OptimizerState,
): void {
  const { tensors, settings: unchecked } = checkObject(`${optimizer.kind}.loadStateDict`, state);
  checkTensorMap(`${optimizer.kind}.loadStateDict`, tensors);
  const parsed = settingsSchema.safeParse(unchecked);
  if (!parsed.success) refuse(optimizer.kind, [z.prettifyError(parsed.error)]);
  const settings = parsed.data!;
  refuse(optimizer.kind, problemsOfSettings(optimizer, settings));
  const plan = planOf(optimizer, settings);
  refuse(optimizer.kind, problemsOfTensors(plan, tensors));

  for (const { group, saved } of pairs(optimizer, settings)) {
    Object.assign(group.options, structuredClone(saved.options));
  }
  for (const { slot, options, steps, keys } of plan) {
    slot.steps = steps;
    // What is there is written over and not freed: it may be the very state that is being loaded.
    if (keys.length === 0) optimizer.dropState(slot);
    else if (slot.states.length !== keys.length) optimizer.makeState(slot, options);
    slot.states.forEach((state, i) => {
      const source = tensors.get(keys[i])!;
      state.copy_(source.backend === state.backend ? source : source.dataSync());
    });
  }
  optimizer.stepCount = settings.stepCount;
  optimizer.restoreRate(settings.lr);
}

function refuse(kind: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `  ${problem}`).join('\n');
  throw new UserError(
    `${kind}.loadStateDict: the state does not fit the optimizer; nothing was loaded\n${lines}`,
  );
}

type SavedGroup = OptimizerSettings['groups'][number];

function pairs<Options extends RateOptions>(
  { groups }: Stateful<Options>,
  settings: OptimizerSettings,
): { group: Group<Options>; saved: SavedGroup; where: string }[] {
  return groups.map((group, i) => ({ group, saved: settings.groups[i], where: `group ${i}` }));
}

function problemsOfSettings<Options extends RateOptions>(
  optimizer: Stateful<Options>,
  settings: OptimizerSettings,
): string[] {
  if (settings.kind !== optimizer.kind) {
    return [`expected the state of ${optimizer.kind}, got that of ${settings.kind}`];
  }
  if (settings.groups.length !== optimizer.groups.length) {
    return [
      `expected ${optimizer.groups.length} groups of parameters, got ${settings.groups.length}`,
    ];
  }
  const problems: string[] = [];
  for (const { group, saved, where } of pairs(optimizer, settings)) {
    const expected = group.slots.map(({ name }) => name);
    const missing = expected.filter((name) => !saved.params.includes(name));
    const unexpected = saved.params.filter((name) => !expected.includes(name));
    if (missing.length > 0) problems.push(`${where}: missing ${missing.join(', ')}`);
    if (unexpected.length > 0) problems.push(`${where}: unexpected ${unexpected.join(', ')}`);
    if (new Set(saved.params).size !== saved.steps.length) {
      problems.push(`${where}: expected a step count for each parameter, each listed once`);
    }
    const shapes = [describe(group.options), describe(saved.options)];
    if (shapes[0] !== shapes[1]) {
      problems.push(`${where}: expected the options ${shapes[0]}, got ${shapes[1]}`);
      continue;
    }
    try {
      optimizer.check(saved.options as unknown as Options);
    } catch (error) {
      problems.push(`${where}: ${(error as Error).message}`);
    }
  }
  return problems;
}

/** The names of options with their types, sorted: `betas: number[2], lr: number`. */
function describe(options: object): string {
  return Object.entries(options)
    .map(([name, value]) =>
      Array.isArray(value) ? `${name}: number[${value.length}]` : `${name}: ${typeof value}`,
    )
    .sort()
    .join(', ');
}

/** What is to happen to one parameter's state. */
interface Plan<Options> {
  slot: Slot;
  /** Those that are loaded. */
  options: Options;
  steps: number;
  /** Names of the tensors to load: none for a parameter that has taken no step. */
  keys: string[];
}

function planOf<Options extends RateOptions>(
  optimizer: Stateful<Options>,
  settings: OptimizerSettings,
): Plan<Options>[] {
  return pairs(optimizer, settings).flatMap(({ group, saved }) => {
    const options = saved.options as unknown as Options;
    const stateNames = optimizer.stateNames(options);
    return group.slots.map((slot) => {
      const steps = saved.steps[saved.params.indexOf(slot.name)];
      const keys = steps === 0 ? [] : stateNames.map((stateName) => `${slot.name}.${stateName}`);
      return { slot, options, steps, keys };
    });
  });
}

function problemsOfTensors<Options>(
  plan: readonly Plan<Options>[],
  tensors: ReadonlyMap<string, Tensor>,
): string[] {
  const problems: string[] = [];
  const expected = new Set<string>();
  for (const { slot, keys } of plan) {
    for (const key of keys) {
      expected.add(key);
      const tensor = tensors.get(key);
      if (!tensor) {
        problems.push(`missing ${key}`);
      } else if (!sameShape(tensor.shape, slot.param.shape) || tensor.dtype !== 'float32') {
        problems.push(
          `${key}: expected float32 ${formatShape(slot.param.shape)}, got ${tensor.dtype} ${formatShape(tensor.shape)}`,
        );
      }
    }
  }
  const unexpected = [...tensors.keys()].filter((key) => !expected.has(key));
  if (unexpected.length > 0) problems.push(`unexpected ${unexpected.join(', ')}`);
  return problems;
}
