/** A model as other libraries read it: a folder with `config.json`, safetensors and tokenizer. */
import path from 'node:path';
import { type FloatType, type TensorToWrite, writeSafetensors } from '../formats/index.js';
import { floatChunks } from '../formats/tensor-source.js';
import { type LanguageModel, models, Transformer } from '../models/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import type { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UsageError, UserError } from '../util/errors.js';
import { makeFolder } from '../util/folders.js';
import { createWholeFolder, removeLeftovers } from '../util/whole-folder.js';
import { drainParameters } from './drain.js';
import { familyFor } from './families.js';
import type { Settled } from './family.js';
import { CONFIG, WEIGHTS } from './file-names.js';
import { writeOwnForm } from './own-form.js';
import { isSentencePiece } from './sentence-piece.js';

/** How values are stored. */
export type SavedDType = 'float32' | 'float16' | 'bfloat16';

const TYPES: Readonly<Record<SavedDType, FloatType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
};

export interface SavePretrainedOptions {
  /** Written too, where it can be. */
  tokenizer?: Tokenizer | undefined;
  /** Default float32: nothing is lost. */
  dtype?: SavedDType | undefined;
  /** The kind of model, as `models` has it. Default: the model's own, of those of this package. */
  kind?: string | undefined;
  /** Its settings, in full. Default: the model's own field `config`. */
  settings?: Readonly<Record<string, unknown>> | undefined;
}

/** What was written. */
export interface SavedPretrained {
  readonly folder: string;
  /** The family of `transformers` that the folder is of; undefined where no other library has such a model. */
  readonly family: string | undefined;
  readonly bytes: number;
  /** Lines for the user: why no other library reads it, a tokenizer that others do not know. */
  readonly notices: readonly string[];
}

/**
 * Writes a folder that appears whole or not at all. GPT and Llama, wherever their settings allow, are written as
 * `transformers` has them (gpt2, llama, mistral, qwen2, qwen3, smollm3); all else with a `config.json` that
 * explains itself. `loadPretrained` reads either.
 *
 * @param model of any kind that is registered.
 * @throws UsageError where the folder is there already, or the kind of model is not known; UserError where it
 *   cannot be written.
 */
export function savePretrained(
  model: LanguageModel,
  folder: string,
  options: SavePretrainedOptions = {},
): SavedPretrained {
  const { tokenizer, dtype = 'float32' } = options;
  if (!Object.hasOwn(TYPES, dtype)) {
    throw new UsageError(
      `savePretrained: expected dtype float32, float16 or bfloat16, got ${dtype}.`,
    );
  }
  if (tokenizer !== undefined && tokenizer.vocabSize > model.vocabSize) {
    throw new UserError(
      `savePretrained: the tokenizer has ${tokenizer.vocabSize} tokens, and the model knows ${model.vocabSize}.`,
    );
  }
  const { config, tensors, family, notices } = contentsOf(model, TYPES[dtype], options);
  const target = path.resolve(folder);
  try {
    makeFolder(path.dirname(target));
  } catch (error) {
    throw fileError('cannot write', target, error);
  }
  removeLeftovers(path.dirname(target));
  const all = { ...config, ...idsOf(tokenizer), torch_dtype: dtype, dtype };
  let bytes = 0;
  const made = createWholeFolder(target, (aside) => {
    const weights = path.join(aside, WEIGHTS);
    // Without this transformers refuses the file.
    bytes = writeSafetensors(weights, tensors, { format: 'pt' }).bytes;
    if (tokenizer) saveTokenizer(tokenizer, aside);
    writeFileAtomic(path.join(aside, CONFIG), `${JSON.stringify(all, null, 2)}\n`);
  });
  if (!made)
    throw new UsageError(`${folder}: is there already, and not empty. Choose another name.`);
  return { folder: target, family, bytes, notices: [...notices, ...tokenizerNotice(tokenizer)] };
}

interface Contents {
  config: Record<string, unknown>;
  tensors: Iterable<readonly [string, TensorToWrite | Tensor]>;
  family: string | undefined;
  notices: string[];
}

function contentsOf(
  model: LanguageModel,
  type: FloatType,
  { kind, settings: given }: SavePretrainedOptions,
): Contents {
  const notices: string[] = [];
  if (model instanceof Transformer) {
    const found = familyFor(model as Settled);
    if ('family' in found) {
      const { family } = found;
      const links = family.links(model, family.prefix);
      const config = {
        architectures: [family.architecture],
        model_type: family.name,
        ...family.write(model),
      };
      const tensors = drainParameters(model.stateDict(), links, () => type);
      return { config, tensors, family: family.name, notices };
    }
    notices.push(
      `no model of transformers is like this one (${found.obstacles.join(', ')}): it is written in nanogpt's own form.`,
    );
  }
  const name = kind ?? (model as { name?: string }).name ?? model.constructor.name.toLowerCase();
  const definition = models.get(name);
  const settings = given ?? (model as unknown as { config?: Record<string, unknown> }).config;
  if (!definition || settings === undefined) {
    throw new UsageError(
      `savePretrained: expected a model of a registered kind with its settings, got ${model.constructor.name}; give kind and settings.`,
    );
  }
  const tensors = [...model.stateDict()].map(
    ([path, tensor]) => [path, tensor.dtype === 'float32' ? stored(tensor, type) : tensor] as const,
  );
  return { config: writeOwnForm(definition, settings, model), tensors, family: undefined, notices };
}

function stored(tensor: Tensor, type: FloatType): TensorToWrite {
  return { shape: tensor.shape, type, chunks: () => floatChunks(tensor) };
}

function idsOf(tokenizer: Tokenizer | undefined): Record<string, number | null> {
  if (!tokenizer) return {};
  return { bos_token_id: tokenizer.bosId ?? null, eos_token_id: tokenizer.eosId ?? null };
}

/** The tokenizer's own files, and the one by which transformers knows what they are. */
function saveTokenizer(tokenizer: Tokenizer, folder: string): void {
  tokenizer.save(folder);
  const token = (id: number | undefined) => (id === undefined ? null : tokenizer.tokenToString(id));
  const common = {
    bos_token: token(tokenizer.bosId),
    eos_token: token(tokenizer.eosId),
    clean_up_tokenization_spaces: false,
  };
  const config = isSentencePiece(tokenizer)
    ? {
        tokenizer_class: 'LlamaTokenizer',
        ...common,
        unk_token: unknownOf(tokenizer),
        add_bos_token: false,
        legacy: false,
      }
    : tokenizer.kind === 'byte-bpe'
      ? { tokenizer_class: 'PreTrainedTokenizerFast', ...common }
      : undefined;
  if (config === undefined) return;
  const text = `${JSON.stringify(config, null, 2)}\n`;
  writeFileAtomic(path.join(folder, 'tokenizer_config.json'), text);
}

function unknownOf(tokenizer: SentencePieceTokenizer): string {
  return tokenizer.model.trainerSpec.unkPiece || '<unk>';
}

function tokenizerNotice(tokenizer: Tokenizer | undefined): string[] {
  if (!tokenizer || ['sentencepiece', 'byte-bpe', 'huggingface'].includes(tokenizer.kind))
    return [];
  return [
    `no other library reads the tokenizer ${tokenizer.name} (${tokenizer.kind}); nanogpt does.`,
  ];
}
