/**
 * When numbers stop being numbers: finding the layer and the operation where the first NaN or infinity
 * appeared, by doing the same step again under observation.
 */

import type { LanguageModel } from '../models/index.js';
import { instrument } from '../nn/index.js';
import { firstNonFinite, type Node, type Tensor, watchOperations } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import type { Cursor, Stepper } from './stepper.js';

/** Where the first NaN or infinity was found. */
export interface Finding {
  /** In what: a parameter before the step, a result on the way forward, a gradient on the way back. */
  kind: 'parameter' | 'forward' | 'backward';
  /** Path of the module, as `hidden.0.linear`; '' for the model itself. */
  layer: string;
  /** As `linear`; the parameter's path for `parameter`. */
  operation: string;
  /** What went in: `all that went in was finite: weight up to 3.2e+20`. */
  inputs: string;
}

/** Training diverged. */
export class DivergenceError extends UserError {
  constructor(
    /** The step, counted from 1, in which it happened. */
    readonly step: number,
    /** `loss`, `gradient norm`, `validation loss` or `parameters`. */
    readonly what: string,
    readonly value: number,
    readonly finding: Finding | undefined,
    /** What is left to go on from, as `step-000500`. */
    readonly checkpoint: string | undefined,
  ) {
    super(
      [
        `${what} became ${value} at step ${step}${finding ? `: ${describe(finding)}` : ''}.`,
        'Try a lower rate (lr), gradient clipping (clipNorm=1), a warm-up (warmupSteps), or a smaller initialisation.',
        checkpoint
          ? `The last good checkpoint, ${checkpoint}, is kept.`
          : 'No checkpoint was written before.',
      ].join(' '),
    );
  }
}

function describe({ kind, layer, operation, inputs }: Finding): string {
  const where = layer === '' ? 'in the model itself' : `in layer \`${layer}\``;
  if (kind === 'parameter') return `parameter \`${operation}\` holds it (${inputs})`;
  const what = kind === 'forward' ? 'first non-finite value' : 'first non-finite gradient';
  return `${what} ${where}, operation ${operation} (${inputs})`;
}

/** Names of the parameters and buffers that hold a NaN or infinity. */
export function nonFiniteState(state: ReadonlyMap<string, Tensor>): string[] {
  return [...state].filter(([, tensor]) => isBroken(tensor)).map(([name]) => name);
}

function isBroken(tensor: Tensor): boolean {
  return tensor.dtype === 'float32' && firstNonFinite(tensor) >= 0;
}

/**
 * Does the step at `cursor` again, with the same batches and dropout masks, and looks at every result
 * and every gradient. Leaves the random state where a step would; changes no parameter.
 *
 * @returns undefined when all is finite this time.
 */
export function diagnose(stepper: Stepper, cursor: Cursor): Finding | undefined {
  stepper.moveTo(cursor);
  const { model, optimizer } = stepper;
  const observer = new Observer(model);
  const release = instrument(model, observer);
  try {
    watchOperations(
      (name, output, phase, node) => observer.see(name, output, phase, node),
      () => stepper.accumulate(),
    );
  } catch (error) {
    if (!(error instanceof Found)) throw error;
    return error.finding;
  } finally {
    release();
    optimizer.zeroGrad();
  }
  const [broken] = nonFiniteState(model.stateDict());
  return broken === undefined ? undefined : brokenParameter(broken, 'unused in this step');
}

/** A finding of which no more is known than where it shows. */
export function brokenParameter(name: string, remark: string): Finding {
  return { kind: 'parameter', layer: parentOf(name), operation: name, inputs: remark };
}

/** Thrown to leave the pass at the first finding. */
class Found extends Error {
  constructor(readonly finding: Finding) {
    super('found');
  }
}

/** Follows a pass: in which module it is, which operation belongs to which. */
class Observer {
  readonly #stack: string[] = [];
  readonly #layers = new WeakMap<Node, string>();
  readonly #names = new Map<Tensor['storage'], string>();

  constructor(model: LanguageModel) {
    for (const [name, tensor] of model.stateDict()) this.#names.set(tensor.storage, name);
  }

  before(path: string): void {
    this.#stack.push(path);
  }

  after(): void {
    this.#stack.pop();
  }

  see(name: string, output: Tensor, phase: 'forward' | 'backward', node: Node | null): void {
    const inputs = node?.context.inputs ?? [];
    if (phase === 'forward' && node) this.#layers.set(node, this.#layerOf(inputs));
    if (!isBroken(output)) return;
    const layer = (node && this.#layers.get(node)) ?? this.#layerOf(inputs);
    throw new Found({ kind: phase, layer, operation: name, inputs: this.#describe(inputs) });
  }

  /** The innermost module under way; in the model's own code, the one whose parameter is used. */
  #layerOf(inputs: readonly Tensor[]): string {
    const inner = this.#stack.at(-1);
    if (inner) return inner;
    const parameter = inputs.map(({ storage }) => this.#names.get(storage)).find(Boolean);
    return parameter ? parentOf(parameter) : '';
  }

  #describe(inputs: readonly Tensor[]): string {
    const floats = inputs.filter(({ dtype }) => dtype === 'float32');
    if (floats.length === 0) return 'what went in was not recorded';
    const broken = floats.filter(isBroken);
    const nameOf = (tensor: Tensor): string => {
      const parameter = this.#names.get(tensor.storage);
      return parameter ? `\`${parameter}\`` : 'what came from before';
    };
    if (broken.length > 0) return `${broken.map(nameOf).join(', ')} was not finite already`;
    const sizes = floats.map((tensor) => `${nameOf(tensor)} up to ${largest(tensor)}`);
    return `all that went in was finite: ${sizes.join(', ')}`;
  }
}

function largest(tensor: Tensor): string {
  let most = 0;
  for (const value of tensor.dataSync()) most = Math.max(most, Math.abs(value));
  return most.toPrecision(3);
}

function parentOf(parameter: string): string {
  return parameter.slice(0, Math.max(0, parameter.lastIndexOf('.')));
}

/** What `searchBack` found: the step (counted from 0) in which it began. */
export interface Origin {
  step: number;
  what: 'gradient norm' | 'loss';
  value: number;
  finding: Finding | undefined;
}

/**
 * From a state before the trouble, takes the same steps again up to `last`, this time measuring every
 * gradient, and stops where the first is not finite. For when parameters were spoilt by a step whose
 * loss was still finite, so that the step that was noticed shows only the damage.
 */
export function searchBack(stepper: Stepper, last: number): Origin | undefined {
  while (stepper.step <= last) {
    const cursor = stepper.cursor();
    const { loss, gradNorm = 0 } = stepper.take(true);
    if (stepper.step !== cursor.step) continue; // it was taken
    const lossIsBad = !Number.isFinite(loss);
    return {
      step: cursor.step,
      what: lossIsBad ? 'loss' : 'gradient norm',
      value: lossIsBad ? loss : gradNorm,
      finding: diagnose(stepper, cursor),
    };
  }
  return undefined;
}
