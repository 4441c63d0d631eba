/**
 * Llama: GPT-2 after five years of small changes. Each is a setting, so that GPT becomes Llama a step at a time:
 *
 *     norm=rms             the mean and the shift of LayerNorm are left out (Zhang & Sennrich 2019)
 *     position=rotary      queries and keys are turned by their positions, in place of a table that is added:
 *                          what counts is how far apart two tokens are (Su et al. 2021)
 *     activation=swiglu    a gate in the feed-forward layer (Shazeer 2020)
 *     nKvHead < nHead      several queries share keys and values: a smaller cache (Ainslie et al. 2023)
 *     bias=false           no biases anywhere
 *     tiedHead=false       a head of its own
 *
 * Touvron et al. 2023, "LLaMA: open and efficient foundation language models"; "Llama 2"; its relatives' switches
 * are `qkvBias` (Qwen 2), `qkNorm` and `headDim` (Qwen 3), `window` (Mistral) and `noRopeLayers` (SmolLM 3). The
 * model itself is `transformer/transformer.ts`.
 */
import * as z from 'zod';
import { llamaPresets } from './llama-presets.js';
import { checkedConfig, type ModelDefinition } from './model.js';
import { transformerShape } from './transformer/settings.js';
import { Transformer } from './transformer/transformer.js';

export const llamaSchema = z.strictObject(
  transformerShape({
    bias: false,
    norm: 'rms',
    position: 'rotary',
    activation: 'swiglu',
    tiedHead: false, // the small ones are tied, as llama2.c's and SmolLM's
  }),
);

export type LlamaConfig = z.infer<typeof llamaSchema>;

export class Llama extends Transformer {
  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(settings: Partial<LlamaConfig>, vocabSize: number) {
    super('llama', checkedConfig('Llama', llamaSchema, settings, vocabSize), vocabSize);
  }
}

export const llama: ModelDefinition<LlamaConfig> = {
  name: 'llama',
  summary: 'GPT with rotary positions, RMSNorm, SwiGLU, shared keys and values',
  source: 'Touvron et al. 2023, "LLaMA: open and efficient foundation language models"',
  schema: llamaSchema,
  defaultPreset: 'char',
  presets: llamaPresets,
  create: (config, vocabSize) => new Llama(config, vocabSize),
};
