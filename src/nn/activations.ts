/** Activations as layers, and finding one by its name. All take any shape and keep it. */
import type { Tensor } from '../tensor/index.js';
import { UsageError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import { type Layer, Module } from './module.js';

/** x. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** max(0, x). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** x where x > 0, else a small multiple of x. Maas et al. 2013. */
export class LeakyReLU extends Module {
  /** @param negativeSlope default 0.01, as PyTorch's. */
  constructor(readonly negativeSlope = 0.01) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x.leakyRelu(this.negativeSlope);
  }
}

export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** x·Φ(x), exactly, or by the tanh approximation that GPT-2 used. Hendrycks & Gimpel 2016. */
export class GELU extends Module {
  /** @param approximate default 'none', as PyTorch's. */
  constructor(readonly approximate: 'none' | 'tanh' = 'none') {
    super();
  }

  override forward(x: Tensor): Tensor {
    return x.gelu(this.approximate);
  }
}

/** x·sigmoid(x), also called swish. Elfwing et al. 2017. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu();
  }
}

const ACTIVATIONS = {
  identity: () => new Identity(),
  relu: () => new ReLU(),
  leakyRelu: () => new LeakyReLU(),
  tanh: () => new Tanh(),
  sigmoid: () => new Sigmoid(),
  gelu: () => new GELU(),
  geluTanh: () => new GELU('tanh'),
  silu: () => new SiLU(),
} satisfies Record<string, () => Layer>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** What a configuration may name as an activation. */
export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly ActivationName[];

/** `leaky_relu`, `leaky-relu` and `LeakyReLU` are all `leakyRelu`. */
function plain(name: string): string {
  return name.replace(/[\s_-]/g, '').toLowerCase();
}

/**
 * A fresh activation layer by its name (see `ACTIVATION_NAMES`; capitals, `_` and `-` do not matter).
 *
 * @throws UsageError for an unknown name, naming the nearest.
 */
export function activation(name: string): Layer {
  const found = ACTIVATION_NAMES.find((valid) => plain(valid) === plain(name));
  if (found === undefined) {
    throw new UsageError(`unknown activation "${name}".${nearestHint(name, ACTIVATION_NAMES)}`);
  }
  return ACTIVATIONS[found]();
}
