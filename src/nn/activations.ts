/** Activations as layers, and finding one by its name. All take any shape and keep it. */
import {
  gelu,
  leakyRelu,
  relu,
  reluSquared,
  sigmoid,
  silu,
  type Tensor,
  tanh,
} from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import { checkRange } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UsageError } from '../util/errors.js';
import { nearestHint } from '../util/nearest.js';
import { type Layer, Module } from './module.js';

/** x. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    checkTensor('Identity', x);
    return x;
  }
}

/** max(0, x). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x where x > 0, else a small multiple of x. Maas et al. 2013. */
export class LeakyReLU extends Module {
  /** @param negativeSlope default 0.01, as PyTorch's. */
  constructor(readonly negativeSlope = 0.01) {
    super();
    checkRange('LeakyReLU', 'negativeSlope', negativeSlope);
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }
}

export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** x·Φ(x), exactly, or by the tanh approximation that GPT-2 used. Hendrycks & Gimpel 2016. */
export class GELU extends Module {
  /** @param approximate default 'none', as PyTorch's. */
  constructor(readonly approximate: 'none' | 'tanh' = 'none') {
    super();
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new UsageError(
        `GELU: expected approximate to be none or tanh, got ${describeValue(approximate)}`,
      );
    }
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.approximate);
  }
}

/** x·sigmoid(x), also called swish. Elfwing et al. 2017. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** max(0, x)². So et al. 2021, "Primer: searching for efficient transformers for language modeling". */
export class ReLUSquared extends Module {
  override forward(x: Tensor): Tensor {
    return reluSquared(x);
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
  reluSquared: () => new ReLUSquared(),
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
  const found = ACTIVATION_NAMES.find(
    (valid) => typeof name === 'string' && plain(valid) === plain(name),
  );
  if (found === undefined) {
    throw new UsageError(
      `unknown activation ${describeValue(name)}.${nearestHint(name, ACTIVATION_NAMES)}`,
    );
  }
  return ACTIVATIONS[found]();
}
