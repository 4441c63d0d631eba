/** A Llama and its tokenizer as one GGUF file, which llama.cpp and Ollama run. */
import { basename } from 'node:path';
import {
  FLOAT_CODINGS,
  type FloatType,
  gguf,
  type TensorToWrite,
  writeGguf,
} from '../formats/index.js';
import { type LanguageModel, Transformer } from '../models/index.js';
import type { Tokenizer } from '../tokenizers/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { drainParameters } from './drain.js';
import { ROPE_FACTORS, ropeFactors, writeGgufConfig } from './gguf-config.js';
import { ggufArchitectureFor, ggufLinks } from './gguf-names.js';
import { writeGgufTokenizer } from './write-gguf-tokenizer.js';

/** How matrices are stored; vectors are always float32. `q8_0`: whole numbers of 8 bits, 32 to a scale. */
export type GgufDType = 'float32' | 'float16' | 'bfloat16' | 'q8_0';

const TYPES: Readonly<Record<GgufDType, { type: FloatType; fileType: number }>> = {
  float32: { type: 'F32', fileType: 0 },
  float16: { type: 'F16', fileType: 1 },
  q8_0: { type: 'Q8_0', fileType: 7 },
  bfloat16: { type: 'BF16', fileType: 32 },
};

export interface SaveGgufOptions {
  /** A SentencePiece model of type bpe with its 256 byte pieces: without them llama.cpp ends the process. */
  tokenizer: Tokenizer;
  /** Default float32: nothing is lost. */
  dtype?: GgufDType | undefined;
  /** What the file calls the model. Default: the file's name. */
  name?: string | undefined;
}

/** What was written. */
export interface SavedGguf {
  readonly file: string;
  /** llama.cpp's architecture: llama, qwen2, qwen3 or smollm3. */
  readonly architecture: string;
  readonly bytes: number;
  /** Lines for the user: what llama.cpp does otherwise. */
  readonly notices: readonly string[];
}

/**
 * Writes a GGUF file that appears whole or not at all. Matrices whose rows are no multiple of 32 numbers are
 * float16 in a file of q8_0, as llama.cpp has them.
 *
 * @throws UserError where llama.cpp has no such model, naming the settings, or cannot be given the tokenizer.
 */
export function saveGguf(model: LanguageModel, file: string, options: SaveGgufOptions): SavedGguf {
  const { tokenizer, dtype = 'float32', name = basename(file).replace(/\.gguf$/, '') } = options;
  if (!Object.hasOwn(TYPES, dtype)) {
    throw new UsageError(
      `GGUF export: expected dtype ${Object.keys(TYPES).join(', ')}, got ${dtype}.`,
    );
  }
  if (!(model instanceof Transformer)) {
    throw new UserError(
      `GGUF export: expected a llama, got ${model.constructor.name}: llama.cpp has no such model.`,
    );
  }
  const found = ggufArchitectureFor(model);
  if ('obstacles' in found) {
    throw new UserError(
      `GGUF export: llama.cpp has no model like this one: ${found.obstacles.join(', ')}. Export safetensors instead.`,
    );
  }
  if (tokenizer.vocabSize !== model.vocabSize) {
    throw new UserError(
      `GGUF export: the tokenizer has ${tokenizer.vocabSize} tokens, and the model ${model.vocabSize}; expected as many.`,
    );
  }
  const { architecture } = found;
  const { keys, notices } = writeGgufTokenizer(tokenizer);
  const { type, fileType } = TYPES[dtype];
  const metadata = new Map([
    ['general.architecture', gguf.string(architecture)],
    ['general.name', gguf.string(name)],
    ['general.file_type', gguf.u32(fileType)],
    ...(type === 'Q8_0' ? [['general.quantization_version', gguf.u32(2)] as const] : []),
    ...writeGgufConfig(model, architecture),
    ...keys,
  ]);
  const tensors = drainParameters(
    model.stateDict(),
    ggufLinks(model, architecture),
    ({ shape }) => {
      if (shape.length < 2) return 'F32';
      return shape[1]! % FLOAT_CODINGS[type].blockSize === 0 ? type : 'F16';
    },
  );
  const factors = ropeFactors(model);
  if (factors) tensors.set(ROPE_FACTORS, vector(factors));
  return { file, architecture, bytes: writeGguf(file, metadata, tensors), notices };
}

function vector(values: Float32Array): TensorToWrite {
  return { shape: [values.length], type: 'F32', chunks: () => [values] };
}
