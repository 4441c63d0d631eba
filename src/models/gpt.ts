/**
 * GPT-2, as nanoGPT has it. What the settings are called elsewhere:
 *
 *     learned positions, LayerNorm before each sublayer, GELU, a head tied to the embedding, N(0, 0.02)
 *
 * Radford et al. 2019, "Language models are unsupervised multitask learners"; normalised before each sublayer,
 * as there is no training without a warm-up otherwise (Xiong et al. 2020). The model itself is
 * `transformer/transformer.ts`, in which GPT and Llama (`llama.ts`) differ by their settings alone.
 */
import * as z from 'zod';
import { gptPresets } from './gpt-presets.js';
import { checkedConfig, type ModelDefinition } from './model.js';
import { transformerShape } from './transformer/settings.js';
import { Transformer } from './transformer/transformer.js';

export const gptSchema = z.strictObject(
  transformerShape({
    bias: false, // nanoGPT: "a bit better and faster"; GPT-2's weights have them
    norm: 'layer',
    position: 'learned',
    activation: 'gelu',
    tiedHead: true,
  }),
);

export type GPTConfig = z.infer<typeof gptSchema>;

export class GPT extends Transformer {
  /** @throws UsageError for settings that do not fit; defaults are filled in. */
  constructor(settings: Partial<GPTConfig>, vocabSize: number) {
    super('gpt', checkedConfig('GPT', gptSchema, settings, vocabSize), vocabSize);
  }
}

export const gpt: ModelDefinition<GPTConfig> = {
  name: 'gpt',
  summary: 'GPT-2 as nanoGPT has it: attention over all tokens before',
  source: 'Radford et al. 2019, "Language models are unsupervised multitask learners"; nanoGPT',
  schema: gptSchema,
  defaultPreset: 'char',
  presets: gptPresets,
  create: (config, vocabSize) => new GPT(config, vocabSize),
};
