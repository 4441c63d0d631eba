/** A table of vectors, looked up by index. */
import { embedding, type RandomSource, type Tensor } from '../tensor/index.js';
import * as init from './init.js';
import type { Initializer } from './linear.js';
import { Module } from './module.js';
import { emptyParameter } from './parameter.js';
import { checkLayerOptions, checkSize } from './sizes.js';

export interface EmbeddingOptions {
  /** Fills the table. Default: N(0, 1), as PyTorch's. */
  init?: Initializer;
  /** Where the default initialisation draws from. Default `defaultRandom`. */
  random?: RandomSource;
}

/**
 * ids (…), int32 in [0, V) → vectors (…, C), from `weight` (V, C). The gradient of the weight is by
 * rows: a step costs what the batch uses, not what the vocabulary holds.
 *
 * @throws UserError unless both sizes are whole numbers of at least 1; ShapeError, in `forward`, naming
 *   the first id outside the table.
 */
export class Embedding extends Module {
  readonly weight: Tensor;

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkSize('Embedding', 'numEmbeddings', numEmbeddings);
    checkSize('Embedding', 'embeddingDim', embeddingDim);
    const { random, init: fill } = checkLayerOptions('Embedding', options, ['init', 'random']);
    this.weight = emptyParameter([numEmbeddings, embeddingDim]);
    if (fill) fill(this.weight);
    else init.normal(this.weight, { random });
  }

  override forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids); // (…) → (…, C)
  }
}
