/** What an untrained model does to real data: the scale of its activations and gradients, layer by layer. */
import { instrument, type Module } from '../nn/index.js';
import { checkModule } from '../nn/module.js';
import { Scope, Tensor } from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import { checkFunction, checkIterable } from '../util/check.js';
import { activeCounts } from './probes/units.js';

/** The output of one layer. */
export interface ActivationReport {
  /** The layer's path. */
  readonly layer: string;
  /** Its class. */
  readonly kind: string;
  readonly mean: number;
  readonly std: number;
  /** Share of values beyond ±0.97 (tanh), or below 0.03 and above 0.97 (sigmoid); null for other layers. */
  readonly saturated: number | null;
  /**
   * Share of units that lie in their activation's flat region for all examples, as probes count them: never above 0
   * after ReLU and its kin, saturated after tanh and sigmoid; null for layers that are no activations.
   */
  readonly dead: number | null;
}

/** A weight and its gradient. */
export interface WeightReport {
  /** The parameter's path. */
  readonly weight: string;
  readonly std: number;
  readonly gradStd: number;
  /** gradStd / std: about how fast descent at rate 1 would change it. */
  readonly gradToData: number;
}

export interface InitialisationReport {
  /** Mean loss in nats. */
  readonly loss: number;
  readonly activations: readonly ActivationReport[];
  /** Of parameters with two dimensions or more. */
  readonly weights: readonly WeightReport[];
}

/** The operation of each activation, by its class, and whether its flat region is called saturated. */
const ACTIVATIONS: Readonly<Record<string, { operation: string; saturates?: true }>> = {
  Tanh: { operation: 'tanh', saturates: true },
  Sigmoid: { operation: 'sigmoid', saturates: true },
  ReLU: { operation: 'relu' },
  ReLUSquared: { operation: 'reluSquared' },
  LeakyReLU: { operation: 'leakyRelu' },
  GELU: { operation: 'gelu' },
  SiLU: { operation: 'silu' },
};

/**
 * Takes the losses one after another, forward and backward, and looks at every layer on the way. The
 * model's parameters stay as they are; its gradients are dropped.
 *
 * Layers are seen where their `forward` is called; a container is listed only where it gives back
 * something else than its parts did (a residual sum).
 *
 * @param losses each a function that sends a batch through the model and returns its mean loss.
 */
export function probeInitialisation(
  model: Module,
  losses: Iterable<() => Tensor>,
): InitialisationReport {
  checkModule('probeInitialisation', model);
  checkIterable('probeInitialisation', 'losses, an array of functions', losses);
  const tallies = new Map<string, Tally>();
  const seen = new WeakSet<Tensor>();
  const stop = instrument(model, {
    after(path, module, output, [input]) {
      if (path === '' || !(output instanceof Tensor) || output.dtype !== 'float32') return;
      if (seen.has(output)) return;
      seen.add(output);
      let tally = tallies.get(path);
      if (!tally) tallies.set(path, (tally = new Tally(path, module.constructor.name)));
      tally.add(output, input instanceof Tensor ? input : output);
    },
  });
  let [sum, passes] = [0, 0];
  try {
    model.zeroGrad();
    for (const loss of losses) {
      using _pass = new Scope();
      checkFunction('probeInitialisation', 'a loss', loss);
      const value = loss();
      checkTensor('probeInitialisation', value, 'a loss that returns a tensor');
      sum += value.itemSync();
      passes++;
      value.backward();
    }
    return {
      loss: sum / passes,
      activations: [...tallies.values()].map((tally) => tally.report()),
      weights: weightReports(model, passes),
    };
  } finally {
    stop();
    model.zeroGrad();
  }
}

function weightReports(model: Module, passes: number): WeightReport[] {
  return [...model.namedParameters()]
    .filter(([, { ndim, hasGrad }]) => ndim >= 2 && hasGrad)
    .map(([weight, tensor]) => {
      const std = deviation(tensor.dataSync());
      const gradStd = deviation(tensor.grad!.dataSync()) / passes;
      return { weight, std, gradStd, gradToData: gradStd / std };
    });
}

function deviation(values: ArrayLike<number>): number {
  const moments = new Moments();
  moments.add(values);
  return moments.std;
}

/** Mean and standard deviation of values that come in arrays. */
class Moments {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      this.#sum += values[i];
      this.#squares += values[i] * values[i];
    }
    this.#count += values.length;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get std(): number {
    return Math.sqrt(Math.max(0, this.#squares / this.#count - this.mean ** 2));
  }
}

/** What is gathered of one layer's outputs (…, C). */
class Tally {
  readonly #moments = new Moments();
  readonly #activation: (typeof ACTIVATIONS)[string] | undefined;
  #count = 0;
  /** By channel, how many values were of use. */
  #active = new Float64Array(0);

  constructor(
    readonly layer: string,
    readonly kind: string,
  ) {
    this.#activation = Object.hasOwn(ACTIVATIONS, kind) ? ACTIVATIONS[kind] : undefined;
  }

  add(output: Tensor, input: Tensor): void {
    this.#moments.add(output.dataSync());
    if (!this.#activation) return;
    const active = activeCounts(this.#activation.operation, output, input);
    if (this.#active.length === 0) this.#active = new Float64Array(active.length);
    active.forEach((count, channel) => {
      this.#active[channel] += count;
    });
    this.#count += output.numel;
  }

  report(): ActivationReport {
    const { layer, kind } = this;
    const { mean, std } = this.#moments;
    const active = this.#active.reduce((sum, count) => sum + count, 0);
    const dead = this.#active.filter((count) => count === 0).length / this.#active.length;
    return {
      ...{ layer, kind, mean, std },
      saturated: this.#activation?.saturates ? 1 - active / this.#count : null,
      dead: this.#activation ? dead : null,
    };
  }
}
