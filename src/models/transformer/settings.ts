/**
 * What can be chosen of a transformer. GPT and Llama have the same settings with other defaults, so that
 * either becomes the other, a switch at a time.
 */
import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../nn/index.js';
import { GATED_LINEAR_KINDS } from '../../tensor/index.js';
import { UsageError } from '../../util/errors.js';

const size = z.int().min(1);
const count = z.int().min(0);
const positive = z.number().positive();

/** How rotary frequencies are stretched for texts longer than those of training: see `RotaryScaling`. */
const ropeScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('linear'), factor: positive }),
  z.strictObject({ kind: z.literal('dynamic'), factor: positive, originalMaxPositions: size }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: positive,
    lowFreqFactor: positive,
    highFreqFactor: positive,
    originalMaxPositions: size,
  }),
]);

/** In what GPT-2 and Llama differ, and what differs between the sizes that one trains of them. */
interface Defaults {
  bias: boolean;
  norm: 'layer' | 'rms';
  position: 'learned' | 'rotary';
  activation: 'gelu' | 'swiglu';
  tiedHead: boolean;
}

/** The schema's fields, with a model's own defaults. */
export function transformerShape(defaults: Defaults) {
  return {
    blockSize: size.default(64).describe('T: the most tokens it sees at once'),
    nLayer: size.default(4).describe('number of blocks'),
    nHead: size.default(4).describe('attention heads in a block'),
    nKvHead: count
      .default(0)
      .describe('heads of keys and values, each shared by nHead / nKvHead; 0: as many as nHead'),
    headDim: count.default(0).describe('width of a head; 0: nEmbd / nHead'),
    nEmbd: size.default(128).describe('C: width of the residual stream'),
    nHidden: count
      .default(0)
      .describe(
        'units of the feed-forward layer; 0: 4·C, and 8/3·C if gated, for as many parameters',
      ),
    dropout: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe('on embeddings, attention weights and residuals; 0 suits a text seen a few times'),
    bias: z
      .boolean()
      .default(defaults.bias)
      .describe('biases in linear layers and LayerNorms; GPT-2 has them, nanoGPT and Llama do not'),
    qkvBias: z
      .boolean()
      .default(false)
      .describe('biases of queries, keys and values alone: Qwen 2'),
    norm: z
      .enum(['layer', 'rms', 'none'])
      .default(defaults.norm)
      .describe('normalisation: LayerNorm, RMSNorm, or none'),
    normEps: positive.default(1e-5).describe('added to the variance'),
    normGain: z.boolean().default(true).describe('whether norms learn a gain'),
    normPlace: z
      .enum(['before', 'after'])
      .default('before')
      .describe(
        'norm before each sublayer, or after the sum with it, as Vaswani et al. 2017 had it',
      ),
    qkNorm: z
      .boolean()
      .default(false)
      .describe('RMSNorm of each head of queries and keys (Henry et al. 2020; Qwen 3)'),
    position: z
      .enum(['learned', 'sinusoidal', 'rotary', 'none'])
      .default(defaults.position)
      .describe('how it knows where a token stands'),
    ropeTheta: positive
      .default(10_000)
      .describe('rotary: base of the angles; the larger, the slower the last pairs turn'),
    ropeLayout: z
      .enum(['half', 'interleaved'])
      .default('half')
      .describe("rotary: pairs as Hugging Face's weights have them, or as Meta's and llama.cpp's"),
    ropeDims: count
      .default(0)
      .describe(
        'rotary: how many numbers of a head turn, the first ones; 0: all (GPT-NeoX: a quarter)',
      ),
    ropeScaling: ropeScaling
      .nullable()
      .default(null)
      .describe('rotary: stretched for longer texts; {"kind":"linear","factor":2} and others'),
    noRopeLayers: z
      .array(count)
      .default([])
      .describe('rotary: layers without it, counted from 0 (SmolLM 3)'),
    window: count
      .default(0)
      .describe('positions that attention looks back, its own included; 0: all (Mistral)'),
    activation: z
      .enum([...ACTIVATION_NAMES, ...GATED_LINEAR_KINDS] as [string, ...string[]])
      .default(defaults.activation)
      .describe('of the feed-forward layer; glu, bilinear, reglu, geglu and swiglu are gated'),
    parallel: z
      .boolean()
      .default(false)
      .describe('attention and feed-forward side by side, not one after the other (GPT-J)'),
    tiedHead: z
      .boolean()
      .default(defaults.tiedHead)
      .describe('logits by the weight of the token embedding (Press & Wolf 2017)'),
    zeroProjections: z
      .boolean()
      .default(false)
      .describe('what is added to the residual stream begins at 0 (muP; modded-nanogpt)'),
    logitSoftcap: z
      .number()
      .min(0)
      .default(0)
      .describe('logits become cap · tanh(logits / cap); 0: they stay (Gemma 2)'),
    residualScalars: z
      .boolean()
      .default(false)
      .describe('each block learns how much of the stream and of the embedding it begins with'),
    valueEmbeddings: z
      .boolean()
      .default(false)
      .describe(
        'every second layer adds an embedding of the token to its values, by a learned gate',
      ),
  };
}

/** GPT's defaults: as good as any, where a model brings its own. */
export const transformerSchema = z.strictObject(
  transformerShape({
    bias: false,
    norm: 'layer',
    position: 'learned',
    activation: 'gelu',
    tiedHead: true,
  }),
);

export type TransformerConfig = z.infer<typeof transformerSchema>;

/** Sizes that follow from the settings. */
export interface TransformerSizes {
  /** Heads of queries. */
  readonly heads: number;
  /** Heads of keys, and of values. */
  readonly kvHeads: number;
  /** D, the width of a head. */
  readonly headDim: number;
  /** How many numbers of a head rotary positions turn. */
  readonly rotaryDims: number;
  /** Units of the feed-forward layer. */
  readonly hidden: number;
  /** Whether half of the feed-forward layer's first product gates the other half. */
  readonly isGated: boolean;
}

/** @throws UsageError where the settings contradict one another. */
export function sizesOf(name: string, config: TransformerConfig): TransformerSizes {
  const { nEmbd: C, nHead: heads, nHidden, activation, position } = config;
  const kvHeads = config.nKvHead || heads;
  const refuse = (expected: string, got: string): never => {
    throw new UsageError(`${name}: expected ${expected}, got ${got}.`);
  };
  if (config.headDim === 0 && C % heads !== 0) {
    refuse('nEmbd that nHead divides', `${C} and ${heads}`);
  }
  if (heads % kvHeads !== 0) refuse('nHead that nKvHead divides', `${heads} and ${kvHeads}`);
  const headDim = config.headDim || C / heads;
  if (position === 'rotary' && headDim % 2 !== 0) {
    refuse('heads of an even width, for rotary positions', `headDim ${headDim}`);
  }
  const rotaryDims = config.ropeDims || headDim;
  if (rotaryDims % 2 !== 0 || rotaryDims > headDim) {
    refuse(`an even ropeDims up to headDim, ${headDim}`, `${rotaryDims}`);
  }
  const isGated = GATED_LINEAR_KINDS.some((kind) => kind === activation);
  // Three matrices where there were two: 8/3·C units for as many parameters, and a multiple of 8 for vectors.
  const standard = isGated ? Math.max(1, Math.round(C / 3)) * 8 : 4 * C;
  return { heads, kvHeads, headDim, rotaryDims, hidden: nHidden || standard, isGated };
}
