/** From a checkpoint's files back into a model. */
import { SafetensorsFile } from '../formats/safetensors.js';
import type { LanguageModel } from '../models/index.js';
import { fillModel } from './fill.js';

/**
 * Loads a model's parameters and buffers.
 *
 * @throws UserError listing what does not fit; nothing is changed then.
 */
export function restoreModel(model: LanguageModel, file: string): void {
  using source = new SafetensorsFile(file);
  fillModel(model, source);
}
