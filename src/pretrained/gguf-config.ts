/** Settings of a model as GGUF's keys, and back. */
import { type GgufFile, type GgufValue, gguf } from '../formats/index.js';
import type { TransformerConfig } from '../models/index.js';
import { type RotaryScaling, rotaryFrequencies } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import type { Described, Settled } from './family.js';
import { GGUF_ARCHITECTURES, type GgufArchitecture, smollm3NoRopeLayers } from './gguf-names.js';
import { MOST_LAYERS } from './keys.js';

/** Where Llama 3's scaling is written down as such: to llama.cpp it is a tensor of divisors alone. */
const SCALING_KEY = 'nanogpt.rope_scaling';
export const ROPE_FACTORS = 'rope_freqs.weight';

/** The keys of a model's settings. */
export function writeGgufConfig(
  { config, sizes, vocabSize }: Settled,
  architecture: GgufArchitecture,
): Map<string, GgufValue> {
  const { heads, kvHeads, headDim, hidden } = sizes;
  const { ropeScaling: scaling } = config;
  const keys = new Map<string, GgufValue>();
  const set = (key: string, value: GgufValue) => keys.set(`${architecture}.${key}`, value);
  set('context_length', gguf.u32(config.blockSize));
  set('embedding_length', gguf.u32(config.nEmbd));
  set('block_count', gguf.u32(config.nLayer));
  set('feed_forward_length', gguf.u32(hidden));
  set('attention.head_count', gguf.u32(heads));
  set('attention.head_count_kv', gguf.u32(kvHeads));
  set('attention.key_length', gguf.u32(headDim));
  set('attention.value_length', gguf.u32(headDim));
  set('attention.layer_norm_rms_epsilon', gguf.f32(config.normEps));
  set('rope.dimension_count', gguf.u32(headDim));
  set('rope.freq_base', gguf.f32(config.ropeTheta));
  set('vocab_size', gguf.u32(vocabSize));
  if (scaling?.kind === 'linear') {
    set('rope.scaling.type', gguf.string('linear'));
    set('rope.scaling.factor', gguf.f32(scaling.factor));
  }
  if (scaling?.kind === 'llama3') keys.set(SCALING_KEY, gguf.string(JSON.stringify(scaling)));
  return keys;
}

/** By what each rotary frequency is divided (headDim / 2); undefined where by nothing, or by a key. */
export function ropeFactors({ config, sizes }: Settled): Float32Array | undefined {
  const { ropeScaling: scaling, ropeTheta: theta, blockSize } = config;
  if (scaling?.kind !== 'llama3') return undefined;
  const dims = sizes.headDim;
  const plain = rotaryFrequencies({ dims, theta }, blockSize);
  const scaled = rotaryFrequencies({ dims, theta, scaling }, blockSize);
  return Float32Array.from(plain, (frequency, i) => frequency / scaled[i]!);
}

/** @throws UserError for architectures and settings that are not understood. */
export function readGgufConfig(file: GgufFile): Described & { architecture: GgufArchitecture } {
  const { metadata, tensors, path } = file;
  const scalar = (key: string): unknown => {
    const found = metadata.get(key);
    return found && found.type !== 'array' ? found.value : undefined;
  };
  const name = scalar('general.architecture');
  const architecture = GGUF_ARCHITECTURES.find((known) => known === name);
  if (architecture === undefined) {
    throw new UserError(
      `${path}: models of the architecture ${JSON.stringify(String(name).slice(0, 80))} are not understood; expected one of ${GGUF_ARCHITECTURES.join(', ')}.`,
    );
  }
  const number = (key: string, fallback?: number): number => {
    const value = scalar(`${architecture}.${key}`) ?? fallback;
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
    throw new UserError(
      `${path}: ${architecture}.${key}: expected a number above 0, got ${value}.`,
    );
  };
  const embedding = tensors.get('token_embd.weight');
  if (embedding?.shape.length !== 2) {
    throw new UserError(`${path}: expected a tensor token_embd.weight of two dimensions.`);
  }
  const heads = number('attention.head_count');
  const width = number('embedding_length');
  const nLayer = number('block_count');
  if (nLayer > MOST_LAYERS)
    throw new UserError(`${path}: ${nLayer} layers; expected at most ${MOST_LAYERS}.`);
  const headDim = number('attention.key_length', width / heads);
  const turned = number('rope.dimension_count', headDim);
  if (turned !== headDim) {
    throw new UserError(
      `${path}: ${architecture}.rope.dimension_count is ${turned}, of heads of ${headDim}: rotary positions in a part of each head are not understood in GGUF. Import the model's safetensors instead.`,
    );
  }
  const config: Partial<TransformerConfig> = {
    blockSize: number('context_length'),
    nLayer,
    nHead: heads,
    nKvHead: number('attention.head_count_kv', heads),
    headDim,
    nEmbd: width,
    nHidden: number('feed_forward_length'),
    normEps: rounded(number('attention.layer_norm_rms_epsilon')),
    ropeTheta: rounded(number('rope.freq_base', 10_000)),
    ropeScaling: scalingOf(scalar, architecture, path, tensors.has(ROPE_FACTORS)),
    qkvBias: architecture === 'qwen2',
    qkNorm: architecture === 'qwen3',
    noRopeLayers: architecture === 'smollm3' ? smollm3NoRopeLayers(nLayer) : [],
    tiedHead: !tensors.has('output.weight'),
  };
  return { architecture, model: 'llama', config, vocabSize: embedding.shape[0]! };
}

/** The shortest decimal number of a float32: 1e-5, and not 0.000009999999747378752. */
function rounded(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

function scalingOf(
  scalar: (key: string) => unknown,
  architecture: string,
  path: string,
  hasFactors: boolean,
): RotaryScaling | null {
  const own = scalar(SCALING_KEY);
  if (hasFactors) {
    try {
      if (typeof own === 'string') return JSON.parse(own) as RotaryScaling; // checked with all settings
    } catch {
      // As if there were none.
    }
    throw new UserError(
      `${path}: tensor ${ROPE_FACTORS}: rotary factors without the settings that they come from are not understood. Import the model's safetensors instead.`,
    );
  }
  const type = scalar(`${architecture}.rope.scaling.type`) ?? 'none';
  if (type === 'none') return null;
  const factor = scalar(`${architecture}.rope.scaling.factor`);
  if (type === 'linear' && typeof factor === 'number') return { kind: 'linear', factor };
  throw new UserError(
    `${path}: rotary scaling "${String(type).slice(0, 40)}" is not understood; expected none or linear.`,
  );
}
