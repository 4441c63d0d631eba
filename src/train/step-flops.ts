/** How much arithmetic a training step is, found without doing any. */
import { countingBackend } from '../backend/counting.js';
import type { ModelDefinition } from '../models/index.js';
import type { RunSettings } from '../runs/config.js';
import { defaultRandom, empty, Scope, withBackend } from '../tensor/index.js';

/**
 * Floating-point operations of products (see `CountingBackend.flops`) in the forward and backward of a micro-batch,
 * over the tokens that it counts as: what runs are compared by. For matrices alone that is 6 to a weight and token; a
 * table of embeddings takes none. 0 for a counted model.
 *
 * @throws UserError where the model cannot be built.
 */
export function flopsPerToken(
  { modelConfig, training }: Pick<RunSettings, 'modelConfig' | 'training'>,
  vocabSize: number,
  definition: ModelDefinition,
): number {
  const backend = countingBackend({ bytes: Infinity, patience: Infinity, buffers: Infinity });
  const random = defaultRandom.state();
  try {
    return withBackend(backend, () => {
      using _all = new Scope();
      const model = definition.create(modelConfig, vocabSize);
      if (model.fit) return 0;
      const { blockSize, target } = model;
      const rows = training.batchSize;
      const inputs = empty([rows, blockSize], 'int32'); // (B, T)
      const targets = empty(target === 'all' ? [rows, blockSize] : [rows], 'int32');
      const before = backend.flops;
      model.loss(inputs, targets).backward();
      const flops = (backend.flops - before) / targets.numel;
      // A gradient that stayed would make the next optimizer ask whose it is.
      model.zeroGrad();
      return flops;
    });
  } finally {
    defaultRandom.load(random);
  }
}
