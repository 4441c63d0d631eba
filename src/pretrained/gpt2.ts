/**
 * GPT-2 as `transformers` has it (`GPT2LMHeadModel`). Its linear layers are "Conv1D", whose weights are (in, out);
 * it always has biases, which are written as zeros where ours has none.
 */
import type { TransformerConfig } from '../models/index.js';
import { UserError } from '../util/errors.js';
import {
  commonObstacles,
  type Family,
  headLinks,
  layerNormLinks,
  orConstant,
  plainHeadObstacles,
  type Settled,
} from './family.js';
import { type Keys, MOST_LAYERS } from './keys.js';
import type { Link } from './link.js';

/** Activations by their names there; the first of ours is what is written. */
const ACTIVATIONS: Readonly<Record<string, TransformerConfig['activation']>> = {
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu: 'gelu',
  relu: 'relu',
  relu2: 'reluSquared',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  leaky_relu: 'leakyRelu',
  linear: 'identity',
};

export const gpt2: Family = {
  name: 'gpt2',
  architecture: 'GPT2LMHeadModel',
  prefix: 'transformer.',
  read(keys) {
    const C = keys.whole('n_embd');
    keys.only(
      'scale_attn_weights',
      true,
      'attention here divides by the root of the width of a head',
    );
    keys.only(
      'scale_attn_by_inverse_layer_idx',
      false,
      'attention here is scaled alike in all layers',
    );
    keys.only('add_cross_attention', false, 'there is nothing to attend to but the text itself');
    keys.get('reorder_and_upcast_attn'); // all is float32 here
    keys.get('n_ctx'); // the same as n_positions
    const config: Partial<TransformerConfig> = {
      blockSize: keys.has('n_positions') ? keys.whole('n_positions') : keys.whole('n_ctx'),
      nLayer: keys.whole('n_layer', undefined, MOST_LAYERS),
      nHead: keys.whole('n_head'),
      nEmbd: C,
      nHidden: keys.whole('n_inner', 4 * C),
      bias: true,
      normEps: keys.positive('layer_norm_epsilon', 1e-5),
      activation: gptActivation(keys, 'activation_function', 'gelu_new'),
      tiedHead: keys.flag('tie_word_embeddings', true),
    };
    return { model: 'gpt', config, vocabSize: keys.whole('vocab_size') };
  },
  write({ config, sizes, vocabSize }) {
    const { blockSize, nEmbd, nLayer, nHead, dropout, normEps, tiedHead, activation } = config;
    return {
      vocab_size: vocabSize,
      n_positions: blockSize,
      n_ctx: blockSize, // llama.cpp's converter reads it
      n_embd: nEmbd,
      n_layer: nLayer,
      n_head: nHead,
      n_inner: sizes.hidden,
      activation_function: gptActivationName(activation),
      resid_pdrop: dropout,
      embd_pdrop: dropout,
      attn_pdrop: dropout,
      layer_norm_epsilon: normEps,
      initializer_range: 0.02,
      scale_attn_weights: true,
      scale_attn_by_inverse_layer_idx: false,
      reorder_and_upcast_attn: false,
      tie_word_embeddings: tiedHead,
      use_cache: true,
    };
  },
  obstacles(settled) {
    const { config } = settled;
    const { position, activation } = config;
    return [
      ...commonObstacles(config),
      ...plainHeadObstacles(settled),
      ...(position === 'learned' ? [] : [`position=${position}`]),
      ...(gptActivationName(activation) ? [] : [`activation=${activation}`]),
    ];
  },
  links,
  ignores: (name, { tiedHead }) =>
    /^(transformer\.)?h\.\d+\.attn\.(masked_)?bias$/.test(name) ||
    (tiedHead && name === 'lm_head.weight'),
};

/** Ours by its name there. @throws UserError where it is none of them. */
export function gptActivation(
  keys: Keys,
  key: string,
  usual: string,
): TransformerConfig['activation'] {
  const name = keys.text(key, usual);
  const found = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (found !== undefined) return found;
  throw new UserError(
    `${keys.file}: ${key} "${name}" is not understood; expected one of ${Object.keys(ACTIVATIONS).join(', ')}.`,
  );
}

/** Its name there; undefined where there is none. */
export function gptActivationName(activation: string): string | undefined {
  return Object.keys(ACTIVATIONS).find((name) => ACTIVATIONS[name] === activation);
}

function links(settled: Settled, prefix: string): Link[] {
  const { config, sizes, vocabSize } = settled;
  const { nEmbd: C, blockSize: T, bias, qkvBias } = config;
  const { hidden } = sizes;
  const norm = (own: string, theirs: string) => layerNormLinks(settled, own, theirs);
  const linear = (
    own: string,
    theirs: string,
    inSize: number,
    outSize: number,
    has = bias,
  ): Link[] => [
    {
      own: `${own}.weight`,
      theirs: `${theirs}.weight`,
      shape: [inSize, outSize],
      transposed: true,
    },
    orConstant(has, { own: `${own}.bias`, theirs: `${theirs}.bias`, shape: [outSize] }, 0),
  ];
  const all: Link[] = [
    { own: 'wte.weight', theirs: `${prefix}wte.weight`, shape: [vocabSize, C] },
    { own: 'wpe.weight', theirs: `${prefix}wpe.weight`, shape: [T, C] },
  ];
  for (let i = 0; i < config.nLayer; i++) {
    const [own, theirs] = [`h.${i}`, `${prefix}h.${i}`];
    all.push(
      ...norm(`${own}.ln1`, `${theirs}.ln_1`),
      ...linear(`${own}.attn.cAttn`, `${theirs}.attn.c_attn`, C, 3 * C, bias || qkvBias),
      ...linear(`${own}.attn.cProj`, `${theirs}.attn.c_proj`, C, C),
      ...norm(`${own}.ln2`, `${theirs}.ln_2`),
      ...linear(`${own}.mlp.cFc`, `${theirs}.mlp.c_fc`, C, hidden),
      ...linear(`${own}.mlp.cProj`, `${theirs}.mlp.c_proj`, hidden, C),
    );
  }
  all.push(...norm('lnF', `${prefix}ln_f`), ...headLinks(settled));
  return all;
}
