/**
 * llama2.c's first kind of `.bin`, in which its TinyStories models are published: seven whole numbers of 32 bits
 * (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then float32 values one tensor after the
 * other. A negative vocabulary says that the head is a matrix of its own.
 *
 * Source: `legacy_export` of export.py, and `memory_map_weights` of run.c, github.com/karpathy/llama2.c.
 */
import { UserError } from '../util/errors.js';
import { PositionedFile } from './positioned-file.js';
import type { StoredTensor, TensorSource } from './tensor-source.js';

const HEADER_BYTES = 28;
/** The later kinds begin with this number, "ak42". */
const VERSIONED = 0x616b3432;
const MOST_LAYERS = 10_000;

/** The numbers at the beginning. */
export interface Llama2cHeader {
  readonly dim: number;
  readonly hiddenDim: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocabSize: number;
  readonly sequence: number;
  /** Whether the head is the embedding. */
  readonly isTied: boolean;
}

export class Llama2cFile implements TensorSource {
  readonly header: Llama2cHeader;
  /** By the names that Meta's Llama has. */
  readonly tensors: ReadonlyMap<string, StoredTensor & { readonly position: number }>;
  readonly #file: PositionedFile;

  /** @throws UserError naming the file: where it is none of this kind, or not of the size that its numbers ask for. */
  constructor(readonly path: string) {
    this.#file = new PositionedFile(path);
    try {
      this.header = readHeader(this.#file);
      this.tensors = placed(this.header, this.#file);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  readFloats(name: string, start: number, out: Float32Array): void {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.path}: has no tensor ${JSON.stringify(name)}.`);
    this.#file.readFloats('F32', tensor.position, start, out);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function readHeader(file: PositionedFile): Llama2cHeader {
  if (file.size < HEADER_BYTES) {
    throw new UserError(
      `${file.path}: not a model of llama2.c: ${file.size} bytes; expected more.`,
    );
  }
  const numbers = new Int32Array(HEADER_BYTES / 4);
  file.read(new Uint8Array(numbers.buffer), 0);
  if (numbers[0] === VERSIONED) {
    throw new UserError(
      `${file.path}: a .bin of llama2.c of version ${numbers[1]}; version 0 is read here (export.py --version 0).`,
    );
  }
  const [dim, hiddenDim, layers, heads, kvHeads, vocabulary, sequence] = [...numbers] as [
    ...[number, number, number, number, number, number, number],
  ];
  const vocabSize = Math.abs(vocabulary);
  const isRight =
    [dim, hiddenDim, layers, heads, kvHeads, vocabSize, sequence].every((n) => n >= 1) &&
    layers <= MOST_LAYERS &&
    dim % heads === 0 &&
    heads % kvHeads === 0 &&
    (dim / heads) % 2 === 0;
  if (!isRight) {
    throw new UserError(
      `${file.path}: not a model of llama2.c: dim ${dim}, hidden_dim ${hiddenDim}, n_layers ${layers}, n_heads ${heads}, n_kv_heads ${kvHeads}, vocab_size ${vocabulary}, seq_len ${sequence} make no sense.`,
    );
  }
  return { dim, hiddenDim, layers, heads, kvHeads, vocabSize, sequence, isTied: vocabulary > 0 };
}

/** Where each tensor lies: all layers' of a kind together. */
function placed(
  header: Llama2cHeader,
  file: PositionedFile,
): Map<string, StoredTensor & { position: number }> {
  const { dim: C, hiddenDim, layers, heads, kvHeads, vocabSize, sequence, isTied } = header;
  const kvWidth = (C / heads) * kvHeads;
  const tensors = new Map<string, StoredTensor & { position: number }>();
  let position = HEADER_BYTES;
  const add = (name: string, ...shape: number[]): void => {
    tensors.set(name, { dtype: 'F32', shape, position });
    position += 4 * shape.reduce((product, n) => product * n, 1);
  };
  const addEach = (part: string, ...shape: number[]): void => {
    for (let i = 0; i < layers; i++) add(`layers.${i}.${part}.weight`, ...shape);
  };
  add('tok_embeddings.weight', vocabSize, C);
  addEach('attention_norm', C);
  addEach('attention.wq', C, C);
  addEach('attention.wk', kvWidth, C);
  addEach('attention.wv', kvWidth, C);
  addEach('attention.wo', C, C);
  addEach('ffn_norm', C);
  addEach('feed_forward.w1', hiddenDim, C);
  addEach('feed_forward.w2', C, hiddenDim);
  addEach('feed_forward.w3', hiddenDim, C);
  add('norm.weight', C);
  position += 4 * sequence * (C / heads); // cosines and sines of rotary positions, which are computed
  if (!isTied) add('output.weight', vocabSize, C);
  if (position === file.size) return tensors;
  throw new UserError(
    `${file.path}: not a model of llama2.c, or cut short: its numbers ask for ${position} bytes, and it has ${file.size}.`,
  );
}
