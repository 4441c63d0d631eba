/**
 * nanoGPT's own checkpoints, as safetensors: `config.json` is its `model_args`, and the names are those of its
 * `state_dict`. Ours are the same in camelCase.
 */
import { UserError } from '../util/errors.js';
import { commonObstacles, type Family, hasWindow, headLinks } from './family.js';
import { MOST_LAYERS } from './keys.js';
import type { Link } from './link.js';

/** `h.0.attn.cAttn.weight` → `h.0.attn.c_attn.weight`. */
export function inSnakeCase(path: string): string {
  return path.replace(/([a-z])([A-Z0-9])/g, '$1_$2').toLowerCase();
}

export const nanogpt: Family = {
  name: 'nanogpt',
  architecture: 'GPT',
  prefix: 'transformer.',
  read(keys) {
    const config = {
      blockSize: keys.whole('block_size'),
      nLayer: keys.whole('n_layer', undefined, MOST_LAYERS),
      nHead: keys.whole('n_head'),
      nEmbd: keys.whole('n_embd'),
      bias: keys.flag('bias', true),
      activation: 'gelu',
      tiedHead: true,
    };
    keys.get('dropout'); // of training alone
    if (!keys.has('vocab_size')) {
      throw new UserError(
        `${keys.file}: vocab_size: expected the rows of wte.weight, got nothing.`,
      );
    }
    return { model: 'gpt', config, vocabSize: keys.whole('vocab_size') };
  },
  write: ({ config, vocabSize }) => ({
    block_size: config.blockSize,
    n_layer: config.nLayer,
    n_head: config.nHead,
    n_embd: config.nEmbd,
    bias: config.bias,
    dropout: config.dropout,
    vocab_size: vocabSize,
  }),
  obstacles({ config, sizes }) {
    const asItIs =
      config.norm === 'layer' &&
      config.normGain &&
      config.position === 'learned' &&
      config.activation === 'gelu' &&
      config.tiedHead &&
      !config.qkNorm &&
      !(config.qkvBias && !config.bias) &&
      !hasWindow(config) &&
      sizes.heads === sizes.kvHeads &&
      sizes.hidden === 4 * config.nEmbd &&
      sizes.heads * sizes.headDim === config.nEmbd;
    return [
      ...commonObstacles(config),
      ...(asItIs ? [] : ['its settings are not those of nanoGPT']),
    ];
  },
  links(settled, prefix) {
    const { config, vocabSize } = settled;
    const { nEmbd: C, bias } = config;
    const shapes: [string, number[]][] = [
      ['wte.weight', [vocabSize, C]],
      ['wpe.weight', [config.blockSize, C]],
    ];
    const add = (path: string, shape: number[]): void => {
      shapes.push([`${path}.weight`, shape]);
      if (bias) shapes.push([`${path}.bias`, [shape[0]!]]);
    };
    for (let i = 0; i < config.nLayer; i++) {
      add(`h.${i}.ln1`, [C]);
      add(`h.${i}.attn.cAttn`, [3 * C, C]);
      add(`h.${i}.attn.cProj`, [C, C]);
      add(`h.${i}.ln2`, [C]);
      add(`h.${i}.mlp.cFc`, [4 * C, C]);
      add(`h.${i}.mlp.cProj`, [C, 4 * C]);
    }
    add('lnF', [C]);
    const all = shapes.map(
      ([own, shape]): Link => ({ own, theirs: prefix + inSnakeCase(own), shape }),
    );
    return [...all, ...headLinks(settled)];
  },
  ignores: (name) => /^(transformer\.h\.\d+\.attn\.bias|lm_head\.weight)$/.test(name),
};
