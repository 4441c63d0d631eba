/** Which presets are too large for a tab. */
import type { ModelDefinition } from '../models/index.js';
import type { RunSettings } from '../runs/config.js';
import { lacksMemory } from '../train/memory-need.js';

/** Tokens of the vocabularies of some size; the others are as small as a text's characters. */
export const LARGE_VOCABULARIES: Readonly<Record<string, number>> = {
  shakespeare: 32_000,
  gpt2: 50_257,
  r50k_base: 50_257,
  p50k_base: 50_281,
  p50k_edit: 50_284,
  cl100k_base: 100_277,
  o200k_base: 200_019,
  o200k_harmony: 201_088,
  'bert-base-uncased': 30_522,
};

/** Why these settings cannot be trained here as they are, in words; null where they can. */
export function whatLacks(settings: RunSettings, definition: ModelDefinition): string | null {
  const vocabSize = LARGE_VOCABULARIES[settings.tokenizer];
  if (vocabSize === undefined) return null;
  return lacksMemory(settings, vocabSize, definition, 'training') ?? null;
}
