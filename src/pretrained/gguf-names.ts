/** What GGUF calls the parts of Llama and its relatives, and which of our settings it can hold. */
import { commonObstacles, hasWindow, type Settled } from './family.js';
import type { Link } from './link.js';
import { renamedLinks } from './llama-links.js';

/** Architectures of llama.cpp that are read and written. */
export const GGUF_ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'smollm3'] as const;
export type GgufArchitecture = (typeof GGUF_ARCHITECTURES)[number];

/** llama.cpp's SmolLM 3: every fourth layer is without rotary positions. */
const NO_ROPE_INTERVAL = 4;

export function smollm3NoRopeLayers(nLayer: number): number[] {
  const layers = Array.from({ length: nLayer }, (_, i) => i);
  return layers.filter((i) => (i + 1) % NO_ROPE_INTERVAL === 0);
}

const NAMES = {
  layer: 'blk',
  parts: {
    embed_tokens: 'token_embd',
    input_layernorm: 'attn_norm',
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'self_attn.q_norm': 'attn_q_norm',
    'self_attn.k_norm': 'attn_k_norm',
    post_attention_layernorm: 'ffn_norm',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
    norm: 'output_norm',
    lm_head: 'output',
  },
};

/** llama.cpp turns neighbours in Llama and SmolLM 3, and numbers half a head apart in Qwen. */
export function ggufLinks(settled: Settled, architecture: GgufArchitecture): Link[] {
  const isQwen = architecture === 'qwen2' || architecture === 'qwen3';
  return renamedLinks(settled, isQwen ? 'half' : 'interleaved', NAMES);
}

/** The architecture that computes what a model of ours does, or the settings that keep it from one. */
export function ggufArchitectureFor(
  settled: Settled,
): { architecture: GgufArchitecture } | { obstacles: string[] } {
  const { config } = settled;
  const obstacles = obstaclesOf(settled);
  if (obstacles.length > 0) return { obstacles };
  if (config.qkNorm) return { architecture: 'qwen3' };
  if (config.qkvBias) return { architecture: 'qwen2' };
  return { architecture: config.noRopeLayers.length > 0 ? 'smollm3' : 'llama' };
}

function obstaclesOf({ config, sizes }: Settled): string[] {
  const { norm, position, activation, bias, qkvBias, qkNorm, noRopeLayers, ropeScaling } = config;
  const smollm3 = smollm3NoRopeLayers(config.nLayer).join(',');
  const isPlain = noRopeLayers.length === 0;
  const isSmollm3 = [...noRopeLayers].sort((a, b) => a - b).join(',') === smollm3;
  return [
    ...commonObstacles(config),
    ...(norm === 'rms' ? [] : [`norm=${norm}`]),
    ...(position === 'rotary' ? [] : [`position=${position}`]),
    ...(activation === 'swiglu' ? [] : [`activation=${activation}`]),
    ...(bias ? ['bias=true'] : []),
    ...(hasWindow(config) ? [`window=${config.window}`] : []),
    ...(sizes.rotaryDims === sizes.headDim ? [] : [`ropeDims=${sizes.rotaryDims}`]),
    ...(qkNorm && qkvBias ? ['qkNorm=true with qkvBias=true'] : []),
    ...(isPlain || (isSmollm3 && !qkNorm && !qkvBias) ? [] : [`noRopeLayers=${noRopeLayers}`]),
    ...(ropeScaling?.kind === 'dynamic' ? ['ropeScaling of kind dynamic'] : []),
  ];
}
