/** Initial weights, as a setting: the same choices in every model that has it. */
import * as z from 'zod';
import { type Initializer, init } from '../nn/index.js';

const names = z.enum([
  ...(['kaimingNormal', 'kaimingUniform', 'xavierNormal', 'xavierUniform', 'pytorch'] as const),
]);

export type WeightInit = z.infer<typeof names>;

/** To stand under `init` in a model's schema. */
export const initSetting = (initial: WeightInit) =>
  names
    .default(initial)
    .describe("initial weights, with biases 0; pytorch: each layer's own defaults");

/** Settings of models whose embeddings and output can begin larger or smaller, to be spread into a schema. */
export const initialSizes = {
  embeddingStd: z
    .number()
    .min(0)
    .default(1)
    .describe("standard deviation of the initial embeddings; 1 as in PyTorch's Embedding"),
  outputGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scale of the initial output weights; if small, the first loss is ln V'),
};

/** What follows a layer. `gelu` and `silu` count as `relu`, which they are for large inputs: PyTorch has no gain for them. */
export type Follower = init.Nonlinearity | 'gelu' | 'silu';

/**
 * A layer's initialisers, to be spread into its options.
 *
 * @param config.negativeSlope of `leakyRelu`; PyTorch's 0.01 by default.
 * @param options.xavierGain whether Xavier's weights are multiplied by the gain of what follows, as Kaiming's
 *   always are. Default true. WaveNet goes without: Xavier weighs both directions, not what follows.
 */
export function weightInit(
  config: { init: WeightInit; negativeSlope?: number },
  after: Follower,
  options: { xavierGain?: boolean } = {},
): { init?: Initializer; biasInit?: Initializer } {
  if (config.init === 'pytorch') return {};
  const { negativeSlope: a = 0.01 } = config;
  const nonlinearity = after === 'gelu' || after === 'silu' ? 'relu' : after;
  const gain = options.xavierGain === false ? 1 : init.calculateGain(nonlinearity, a);
  const fills: Record<Exclude<WeightInit, 'pytorch'>, Initializer> = {
    kaimingNormal: (weight) => init.kaimingNormal(weight, { nonlinearity, a }),
    kaimingUniform: (weight) => init.kaimingUniform(weight, { nonlinearity, a }),
    xavierNormal: (weight) => init.xavierNormal(weight, { gain }),
    xavierUniform: (weight) => init.xavierUniform(weight, { gain }),
  };
  return { init: fills[config.init], biasInit: init.zeros };
}
