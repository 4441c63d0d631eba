/** A `.bin` of llama2.c as a model of ours. */
import path from 'node:path';
import { Llama2cFile } from '../formats/index.js';
import { checkSource, fillParameters } from './fill.js';
import { renamedLinks } from './llama-links.js';
import { type Found, settle } from './opened.js';
import { tokenizerIn } from './read-folder.js';

/** Meta's names of the parts. */
const NAMES = {
  layer: 'layers',
  parts: {
    embed_tokens: 'tok_embeddings',
    input_layernorm: 'attention_norm',
    'self_attn.q_proj': 'attention.wq',
    'self_attn.k_proj': 'attention.wk',
    'self_attn.v_proj': 'attention.wv',
    'self_attn.o_proj': 'attention.wo',
    post_attention_layernorm: 'ffn_norm',
    'mlp.gate_proj': 'feed_forward.w1',
    'mlp.down_proj': 'feed_forward.w2',
    'mlp.up_proj': 'feed_forward.w3',
    norm: 'norm',
    lm_head: 'output',
  },
};

/**
 * The model; its tokenizer is a `tokenizer.model` of the same folder, where there is one. Rotary pairs stay the
 * neighbours that they are.
 *
 * @throws UserError where the file is none, or cut short.
 */
export async function readLlama2c(file: string): Promise<Found> {
  const tokenizer = await tokenizerIn(path.dirname(file));
  const source = new Llama2cFile(file);
  try {
    const { dim, hiddenDim, layers, heads, kvHeads, vocabSize, sequence, isTied } = source.header;
    const settled = settle(file, {
      model: 'llama',
      config: {
        blockSize: sequence,
        nLayer: layers,
        nHead: heads,
        nKvHead: kvHeads,
        nEmbd: dim,
        nHidden: hiddenDim,
        ropeLayout: 'interleaved',
        tiedHead: isTied,
      },
      vocabSize,
    });
    const links = renamedLinks(settled, 'interleaved', NAMES);
    checkSource(source, links, () => false);
    return {
      family: 'llama2.c',
      described: { model: 'llama', modelConfig: settled.config, vocabSize },
      source,
      fill: (model) => fillParameters(model.stateDict(), links, source),
      tokenizer,
      notices: [],
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
