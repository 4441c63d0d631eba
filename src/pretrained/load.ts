/** Models that others have trained, or that were exported here: from a folder, a file, or the hub. */
import fs from 'node:fs';
import path from 'node:path';
import type { LanguageModel } from '../models/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import type { HubOptions } from './hub.js';
import { type Found, OpenedPretrained, type OpenOptions, type PretrainedConfig } from './opened.js';

export interface LoadPretrainedOptions extends OpenOptions, HubOptions {}

/** A model that is ready for use. */
export interface Pretrained {
  /** In evaluation mode. Dispose of it when done. */
  readonly model: LanguageModel;
  /** Undefined where there is none beside the weights. */
  readonly tokenizer: Tokenizer | undefined;
  readonly config: PretrainedConfig;
  /** Lines for the user: keys that were not understood, a tokenizer that was passed over. */
  readonly notices: readonly string[];
}

/**
 * Loads a model. Values go from the file to the parameters a stretch at a time, so that little more memory is
 * needed than the model itself takes.
 *
 * ```ts
 * const { model, tokenizer } = await loadPretrained('openai-community/gpt2');
 * const ids = generate(model, tokenizer!.encode('To be, or'), { maxTokens: 20 });
 * ```
 *
 * @param where a folder with `config.json` and `model.safetensors` (or its shards and their index), a `.safetensors`
 *   file in one, a `.gguf` file, a `.bin` of llama2.c, or `owner/name` on the Hugging Face hub, which is kept in
 *   the cache. Of config.json the families gpt2, llama, mistral, qwen2, qwen3 and smollm3, nanoGPT's `model_args`,
 *   and what `savePretrained` writes; weights in float32, float16 or bfloat16 (GGUF: Q8_0 too).
 * @throws UserError naming the file, the key or the tensor: what is missing, broken, not understood, or does not
 *   fit; UsageError for what names nothing.
 */
export async function loadPretrained(
  where: string,
  options: LoadPretrainedOptions = {},
): Promise<Pretrained> {
  using opened = await openPretrained(where, options);
  const { tokenizer, config, notices } = opened;
  return { model: opened.create(), tokenizer, config, notices };
}

/** As `loadPretrained`, without reading the weights yet. Dispose of what it gives. */
export async function openPretrained(
  where: string,
  options: LoadPretrainedOptions = {},
): Promise<OpenedPretrained> {
  return new OpenedPretrained(await find(where, options), options);
}

/** Each kind of reader is loaded where there is something for it to read. */
async function find(where: string, options: HubOptions): Promise<Found> {
  const stat = where === '' ? undefined : fs.statSync(where, { throwIfNoEntry: false });
  const readFolder = async (folder: string, file?: string) =>
    (await import('./read-folder.js')).readFolder(folder, file);
  if (stat?.isDirectory()) return readFolder(where);
  if (stat !== undefined) {
    if (where.endsWith('.gguf')) return (await import('./read-gguf.js')).readGguf(where);
    if (where.endsWith('.bin')) return (await import('./read-llama2c.js')).readLlama2c(where);
    if (where.endsWith('.safetensors')) return readFolder(path.dirname(where), where);
    throw new UserError(
      `${where}: expected a folder, or a file of the kind .safetensors, .gguf, or .bin of llama2.c.`,
    );
  }
  if (/\.(gguf|bin|safetensors)$/.test(where))
    throw new UserError(`${where}: there is no such file.`);
  const { hubModel } = await import('./hub.js');
  return readFolder(await hubModel(where, options));
}
