/**
 * Llama and its relatives as `transformers` has them. They differ in a few keys: Mistral has a sliding window,
 * Qwen 2 biases of queries, keys and values (which no key announces), Qwen 3 norms of queries and keys,
 * SmolLM 3 layers without rotary positions.
 */
import type { TransformerConfig } from '../models/index.js';
import { UserError } from '../util/errors.js';
import { commonObstacles, type Described, type Family, hasWindow, type Settled } from './family.js';
import { type Keys, MOST_LAYERS } from './keys.js';
import { llamaLinks } from './llama-links.js';
import { readRope, writeRope } from './rope.js';

/** Gated units by the name of the gate's activation there. */
const GATES: Readonly<Record<string, TransformerConfig['activation']>> = {
  silu: 'swiglu',
  swish: 'swiglu',
  gelu: 'geglu',
  gelu_pytorch_tanh: 'gegluTanh',
  gelu_new: 'gegluTanh',
  relu: 'reglu',
  sigmoid: 'glu',
  linear: 'bilinear',
};

/** In what a relative differs. */
interface Relative {
  readonly architecture: string;
  readonly theta: number;
  readonly tied: boolean;
  /** Whether there are keys for biases: of attention, and of the feed-forward layer. */
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly qkvBias: boolean;
  readonly qkNorm: boolean;
  /** `sliding_window` alone says, or together with `use_sliding_window`; or there is none. */
  readonly window: 'always' | 'switched' | 'none';
  readonly noRope: boolean;
}

const plain: Relative = {
  architecture: 'LlamaForCausalLM',
  theta: 10_000,
  tied: false,
  attentionBias: true,
  mlpBias: true,
  qkvBias: false,
  qkNorm: false,
  window: 'none',
  noRope: false,
};

const without = { attentionBias: false, mlpBias: false } as const;

/** In the order in which a model of ours looks for one that can hold it. */
const RELATIVES: Readonly<Record<string, Relative>> = {
  llama: plain,
  mistral: { ...plain, ...without, architecture: 'MistralForCausalLM', window: 'always' },
  qwen2: {
    ...{ ...plain, ...without, architecture: 'Qwen2ForCausalLM' },
    ...{ qkvBias: true, window: 'switched' },
  },
  qwen3: {
    ...{ ...plain, architecture: 'Qwen3ForCausalLM' },
    ...{ mlpBias: false, qkNorm: true, window: 'switched' },
  },
  smollm3: {
    ...{ ...plain, architecture: 'SmolLM3ForCausalLM' },
    ...{ theta: 2_000_000, tied: true, noRope: true },
  },
};

export const llamaFamilies: readonly Family[] = Object.entries(RELATIVES).map(
  ([name, relative]): Family => ({
    name,
    architecture: relative.architecture,
    prefix: 'model.',
    read: (keys) => read(keys, relative),
    write: (settled) => write(settled, relative),
    obstacles: (settled) => obstacles(settled, relative),
    links: llamaLinks,
    ignores: (tensor, { tiedHead }) =>
      tensor.endsWith('.rotary_emb.inv_freq') || (tiedHead && tensor === 'lm_head.weight'),
  }),
);

function read(keys: Keys, relative: Relative): Described {
  const heads = keys.whole('num_attention_heads');
  const C = keys.whole('hidden_size');
  const positions = keys.whole('max_position_embeddings', 2048);
  const nLayer = keys.whole('num_hidden_layers', undefined, MOST_LAYERS);
  const config: Partial<TransformerConfig> = {
    blockSize: positions,
    nLayer,
    nHead: heads,
    nKvHead: keys.whole('num_key_value_heads', heads),
    headDim: keys.has('head_dim') ? keys.whole('head_dim') : 0,
    nEmbd: C,
    nHidden: keys.whole('intermediate_size'),
    bias: biasOf(keys),
    qkvBias: relative.qkvBias,
    normEps: keys.positive('rms_norm_eps', 1e-6),
    qkNorm: relative.qkNorm,
    ...readRope(keys, positions, relative.theta),
    noRopeLayers: relative.noRope ? noRopeLayersOf(keys, nLayer) : [],
    window: windowOf(keys, relative, nLayer, positions),
    activation: gateOf(keys),
    tiedHead: keys.flag('tie_word_embeddings', relative.tied),
  };
  return { model: 'llama', config, vocabSize: keys.whole('vocab_size') };
}

/** Biases everywhere or nowhere: ours has no switch for one kind alone. */
function biasOf(keys: Keys): boolean {
  const attention = keys.flag('attention_bias', false);
  const mlp = keys.flag('mlp_bias', false);
  if (attention === mlp) return attention;
  throw new UserError(
    `${keys.file}: attention_bias=${attention} with mlp_bias=${mlp} is not understood: biases here are those of all linear layers, or of none.`,
  );
}

function gateOf(keys: Keys): TransformerConfig['activation'] {
  const name = keys.text('hidden_act', 'silu');
  const found = Object.hasOwn(GATES, name) ? GATES[name] : undefined;
  if (found !== undefined) return found;
  throw new UserError(
    `${keys.file}: hidden_act "${name}" is not understood; expected one of ${Object.keys(GATES).join(', ')}.`,
  );
}

/** `no_rope_layers` has a 1 for a layer with rotary positions, and a 0 for one without. */
function noRopeLayersOf(keys: Keys, nLayer: number): number[] {
  const interval = keys.whole('no_rope_layer_interval', 4);
  const flags = keys.list('no_rope_layers');
  const without = (i: number): boolean => (flags ? flags[i] === 0 : (i + 1) % interval === 0);
  if (flags && (flags.length < nLayer || flags.some((flag) => flag !== 0 && flag !== 1))) {
    throw keys.refusal(
      'no_rope_layers',
      `${nLayer} numbers, 1 for a layer with rotary positions, else 0`,
    );
  }
  return Array.from({ length: nLayer }, (_, i) => i).filter(without);
}

/** The window of all layers, 0 for none. @throws UserError where only some layers have it. */
function windowOf(keys: Keys, relative: Relative, nLayer: number, positions: number): number {
  const isOn = relative.window === 'always' || keys.flag('use_sliding_window', false);
  const window = keys.has('sliding_window') ? keys.whole('sliding_window') : 0;
  const first = keys.has('max_window_layers') ? Number(keys.get('max_window_layers')) : 0;
  const types = keys.list('layer_types');
  if (types?.some((type) => type !== 'full_attention' && type !== 'sliding_attention')) {
    throw keys.refusal('layer_types', 'full_attention and sliding_attention alone');
  }
  if (!isOn || window === 0 || window >= positions) return 0;
  const sliding = Array.from({ length: nLayer }, (_, i) =>
    types ? types[i] === 'sliding_attention' : i >= first,
  );
  if (!sliding.includes(true)) return 0;
  if (!sliding.includes(false) && !relative.noRope) return window;
  throw new UserError(
    `${keys.file}: a sliding window in some layers alone is not understood: window here is that of all layers.`,
  );
}

function write({ config, sizes, vocabSize }: Settled, relative: Relative): Record<string, unknown> {
  const { heads, kvHeads, headDim, hidden } = sizes;
  const { nLayer, bias, window, noRopeLayers } = config;
  const isWindowed = hasWindow(config);
  const layers = Array.from({ length: nLayer }, (_, i) => i);
  return {
    vocab_size: vocabSize,
    hidden_size: config.nEmbd,
    intermediate_size: hidden,
    num_hidden_layers: nLayer,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    head_dim: headDim,
    hidden_act: nameOf(config.activation),
    max_position_embeddings: config.blockSize,
    initializer_range: 0.02,
    rms_norm_eps: config.normEps,
    use_cache: true,
    tie_word_embeddings: config.tiedHead,
    ...writeRope(config),
    attention_dropout: config.dropout,
    ...(relative.attentionBias && { attention_bias: bias }),
    ...(relative.mlpBias && { mlp_bias: bias }),
    ...(relative.window === 'always' && { sliding_window: isWindowed ? window : null }),
    ...(relative.window === 'switched' && {
      use_sliding_window: isWindowed,
      sliding_window: isWindowed ? window : null,
      max_window_layers: isWindowed ? 0 : nLayer,
      layer_types: layers.map(() => (isWindowed ? 'sliding_attention' : 'full_attention')),
    }),
    ...(relative.noRope && {
      no_rope_layers: layers.map((i) => (noRopeLayers.includes(i) ? 0 : 1)),
      use_sliding_window: false,
      sliding_window: null,
    }),
  };
}

function nameOf(activation: string): string | undefined {
  return Object.keys(GATES).find((name) => GATES[name] === activation);
}

function obstacles({ config, sizes }: Settled, relative: Relative): string[] {
  const { norm, position, activation, bias, qkvBias, qkNorm, noRopeLayers } = config;
  const isBiased = bias && !(relative.attentionBias && relative.mlpBias);
  const hasNoRope = noRopeLayers.some((layer) => layer < config.nLayer);
  return [
    ...commonObstacles(config),
    ...(norm === 'rms' ? [] : [`norm=${norm}`]),
    ...(position === 'rotary' ? [] : [`position=${position}`]),
    ...(sizes.isGated && nameOf(activation) ? [] : [`activation=${activation}`]),
    ...(isBiased ? ['bias=true'] : []),
    ...((qkvBias && !bias) === relative.qkvBias ? [] : [`qkvBias=${qkvBias}`]),
    ...(qkNorm === relative.qkNorm ? [] : [`qkNorm=${qkNorm}`]),
    ...(sizes.rotaryDims === sizes.headDim ? [] : [`ropeDims=${sizes.rotaryDims}`]),
    ...(hasNoRope && !relative.noRope ? [`noRopeLayers=${noRopeLayers.join(',')}`] : []),
    ...(hasWindow(config) && relative.window === 'none' ? [`window=${config.window}`] : []),
  ];
}
