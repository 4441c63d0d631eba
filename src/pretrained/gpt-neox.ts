/**
 * GPT-NeoX as `transformers` has it (`GPTNeoXForCausalLM`): Pythia is of this family (Biderman et al. 2023). Attention
 * and feed-forward layer stand side by side, a quarter of each head is turned by its position, and queries, keys and
 * values are one matrix, head by head.
 */
import type { TransformerConfig } from '../models/index.js';
import {
  commonObstacles,
  type Family,
  headLinks,
  layerNormLinks,
  orConstant,
  plainHeadObstacles,
} from './family.js';
import { gptActivation, gptActivationName } from './gpt2.js';
import { type Keys, MOST_LAYERS } from './keys.js';
import type { Link } from './link.js';
import { readRope, writeRope } from './rope.js';

/** The share of a head that turns where a file does not say. */
const SHARE = 0.25;

export const gptNeox: Family = {
  name: 'gpt_neox',
  architecture: 'GPTNeoXForCausalLM',
  prefix: 'gpt_neox.',
  read(keys) {
    const C = keys.whole('hidden_size');
    const heads = keys.whole('num_attention_heads');
    const positions = keys.whole('max_position_embeddings', 2048);
    const config: Partial<TransformerConfig> = {
      blockSize: positions,
      nLayer: keys.whole('num_hidden_layers', undefined, MOST_LAYERS),
      nHead: heads,
      nEmbd: C,
      nHidden: keys.whole('intermediate_size', 4 * C),
      bias: true,
      normEps: keys.positive('layer_norm_eps', 1e-5),
      position: 'rotary',
      ...readRope(keys, positions, keys.positive('rotary_emb_base', 10_000), 'anyShare'),
      ropeDims: turned(keys, C / heads),
      activation: gptActivation(keys, 'hidden_act', 'gelu'),
      parallel: keys.flag('use_parallel_residual', true),
      tiedHead: keys.flag('tie_word_embeddings', false),
    };
    keys.only('attention_bias', true, 'linear layers have biases in all places, or in none');
    for (const dropout of ['hidden_dropout', 'classifier_dropout']) keys.get(dropout);
    return { model: 'gpt', config, vocabSize: keys.whole('vocab_size') };
  },
  write({ config, sizes, vocabSize }) {
    const share = sizes.rotaryDims / sizes.headDim;
    const rope = writeRope(config);
    return {
      vocab_size: vocabSize,
      hidden_size: config.nEmbd,
      intermediate_size: sizes.hidden,
      num_hidden_layers: config.nLayer,
      num_attention_heads: sizes.heads,
      hidden_act: gptActivationName(config.activation),
      max_position_embeddings: config.blockSize,
      rotary_pct: share,
      rotary_emb_base: config.ropeTheta,
      ...rope,
      rope_parameters: { ...rope.rope_parameters, partial_rotary_factor: share },
      layer_norm_eps: config.normEps,
      use_parallel_residual: config.parallel,
      attention_bias: true,
      attention_dropout: config.dropout,
      hidden_dropout: config.dropout,
      initializer_range: 0.02,
      tie_word_embeddings: config.tiedHead,
      use_cache: true,
    };
  },
  obstacles(settled) {
    const { config } = settled;
    const { position, ropeLayout, activation, noRopeLayers } = config;
    return [
      ...commonObstacles({ ...config, parallel: false }), // it has both
      ...plainHeadObstacles(settled),
      ...(position === 'rotary' ? [] : [`position=${position}`]),
      ...(ropeLayout === 'half' ? [] : [`ropeLayout=${ropeLayout}`]),
      ...(noRopeLayers.some((layer) => layer < config.nLayer) ? ['noRopeLayers'] : []),
      ...(gptActivationName(activation) ? [] : [`activation=${activation}`]),
    ];
  },
  links(settled, prefix) {
    const { config, sizes, vocabSize } = settled;
    const { nEmbd: C, bias, qkvBias } = config;
    const { heads, headDim: D, hidden } = sizes;
    const norm = (own: string, theirs: string) => layerNormLinks(settled, own, theirs);
    const linear = (own: string, theirs: string, shape: [number, number]): Link[] => [
      { own: `${own}.weight`, theirs: `${theirs}.weight`, shape },
      orConstant(bias, { own: `${own}.bias`, theirs: `${theirs}.bias`, shape: [shape[0]] }, 0),
    ];
    const all: Link[] = [
      { own: 'wte.weight', theirs: `${prefix}embed_in.weight`, shape: [vocabSize, C] },
    ];
    for (let i = 0; i < config.nLayer; i++) {
      const [own, theirs] = [`h.${i}`, `${prefix}layers.${i}`];
      const [cAttn, qkv] = [`${own}.attn.cAttn`, `${theirs}.attention.query_key_value`];
      const byHead = { heads, headDim: D };
      all.push(
        ...norm(`${own}.ln1`, `${theirs}.input_layernorm`),
        { own: `${cAttn}.weight`, theirs: `${qkv}.weight`, shape: [3 * C, C], byHead },
        orConstant(
          bias || qkvBias,
          { own: `${cAttn}.bias`, theirs: `${qkv}.bias`, shape: [3 * C], byHead },
          0,
        ),
        ...linear(`${own}.attn.cProj`, `${theirs}.attention.dense`, [C, C]),
        ...norm(`${own}.ln2`, `${theirs}.post_attention_layernorm`),
        ...linear(`${own}.mlp.cFc`, `${theirs}.mlp.dense_h_to_4h`, [hidden, C]),
        ...linear(`${own}.mlp.cProj`, `${theirs}.mlp.dense_4h_to_h`, [C, hidden]),
      );
    }
    all.push(
      ...norm('lnF', `${prefix}final_layer_norm`),
      ...headLinks(settled, 'embed_out.weight'),
    );
    return all;
  },
  ignores: (name, { tiedHead }) =>
    /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/.test(name) ||
    (tiedHead && name === 'embed_out.weight'),
};

/** How many of a head's numbers turn: `rotary_pct`, and in transformers 5 `partial_rotary_factor`. */
function turned(keys: Keys, headDim: number): number {
  const old = keys.positive('rotary_pct', SHARE);
  const share = keys.inner('rope_parameters')?.positive('partial_rotary_factor', old) ?? old;
  const dims = Math.trunc(headDim * share); // as transformers rounds it
  if (dims >= 2 && dims <= headDim && dims % 2 === 0) return dims;
  throw keys.refusal(
    'rotary_pct',
    `a share of a head's ${headDim} numbers that is even, from 2 to all of them`,
  );
}
