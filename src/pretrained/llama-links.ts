/** The tensors of Llama and its relatives, by the names of `transformers`. */
import type { RotaryLayout } from '../tensor/index.js';
import { headLinks, orConstant, type Settled } from './family.js';
import type { Link } from './link.js';

/** @param layout which numbers of a head are rotary pairs there: half a head apart in `transformers`. */
export function llamaLinks(
  settled: Settled,
  prefix: string,
  layout: RotaryLayout = 'half',
): Link[] {
  const { config, sizes, vocabSize } = settled;
  const { nEmbd: C, bias, qkvBias, qkNorm, normGain, ropeLayout } = config;
  const { heads: H, kvHeads: K, headDim: D, hidden } = sizes;
  const neighbours = ropeLayout === 'interleaved' ? 'ours' : 'theirs';
  const pairs = ropeLayout === layout ? {} : { pairs: { headDim: D, neighbours } as const };
  const norm = (own: string, theirs: string, size = C, more: Partial<Link> = {}): Link =>
    orConstant(
      normGain,
      { own: `${own}.weight`, theirs: `${theirs}.weight`, shape: [size], ...more },
      1,
    );
  /** Rows of `own` from `row` on, and of its bias. */
  const linear = (
    own: string,
    theirs: string,
    shape: [number, number],
    { has = bias, ...more }: Partial<Link> & { has?: boolean } = {},
  ): Link[] => {
    const weight = { own: `${own}.weight`, theirs: `${theirs}.weight`, shape, ...more };
    const biases = { own: `${own}.bias`, theirs: `${theirs}.bias`, shape: [shape[0]], ...more };
    return has ? [weight, biases] : [weight];
  };
  const all: Link[] = [
    { own: 'wte.weight', theirs: `${prefix}embed_tokens.weight`, shape: [vocabSize, C] },
  ];
  for (let i = 0; i < config.nLayer; i++) {
    const attention = `h.${i}.attn`;
    const layer = `${prefix}layers.${i}`;
    const has = bias || qkvBias;
    const cAttn = `${attention}.cAttn`;
    all.push(
      norm(`h.${i}.ln1`, `${layer}.input_layernorm`),
      ...linear(cAttn, `${layer}.self_attn.q_proj`, [H * D, C], { has, ...pairs }),
      ...linear(cAttn, `${layer}.self_attn.k_proj`, [K * D, C], { has, row: H * D, ...pairs }),
      ...linear(cAttn, `${layer}.self_attn.v_proj`, [K * D, C], { has, row: (H + K) * D }),
      ...linear(`${attention}.cProj`, `${layer}.self_attn.o_proj`, [C, H * D]),
    );
    if (qkNorm) {
      all.push(
        norm(`${attention}.qNorm`, `${layer}.self_attn.q_norm`, D, pairs),
        norm(`${attention}.kNorm`, `${layer}.self_attn.k_norm`, D, pairs),
      );
    }
    all.push(
      norm(`h.${i}.ln2`, `${layer}.post_attention_layernorm`),
      ...linear(`h.${i}.mlp.cFc`, `${layer}.mlp.gate_proj`, [hidden, C]),
      ...linear(`h.${i}.mlp.cFc`, `${layer}.mlp.up_proj`, [hidden, C], { row: hidden }),
      ...linear(`h.${i}.mlp.cProj`, `${layer}.mlp.down_proj`, [C, hidden]),
    );
  }
  all.push(norm('lnF', `${prefix}norm`), ...headLinks(settled));
  return all;
}

/** The same by other names, such as GGUF's: `parts` says what each part is called there. */
export function renamedLinks(
  settled: Settled,
  layout: RotaryLayout,
  { layer, parts }: { layer: string; parts: Readonly<Record<string, string>> },
): Link[] {
  return llamaLinks(settled, '', layout).map((link) => {
    const [, number, part, kind] = /^(?:layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(link.theirs)!;
    const place = number === undefined ? '' : `${layer}.${number}.`;
    return { ...link, theirs: `${place}${parts[part!]}.${kind}` };
  });
}
