/** The hierarchical MLP's settings. */
import * as z from 'zod';
import { normShape } from './norm.js';

export const hierarchicalSchema = z
  .strictObject({
    blockSize: z.int().min(2).default(8).describe('T: tokens in the window, a power of fuse'),
    nEmbd: z.int().min(1).default(24).describe('C: channels of an embedding'),
    nHidden: z.int().min(1).default(128).describe('H: units of each level'),
    fuse: z.int().min(2).default(2).describe('neighbouring positions that each level fuses'),
    embeddingStd: z
      .number()
      .min(0)
      .default(1)
      .describe("standard deviation of the initial embeddings; 1 as in PyTorch's Embedding"),
    hiddenGain: z
      .number()
      .min(0)
      .default(1)
      .describe(
        'gain of the initial hidden weights, N(0, gain / √in); 1 as published, since a norm follows',
      ),
    outputGain: z
      .number()
      .min(0)
      .default(0.1)
      .describe('scale of the initial output weights; if small, the first loss is ln V'),
    ...normShape,
    norm: normShape.norm
      .default('batch')
      .describe('normalisation in the hidden layers; batch: over windows and positions'),
  })
  .superRefine(({ blockSize, fuse }, context) => {
    if (fuse ** levelsOf(blockSize, fuse) === blockSize) return;
    context.addIssue({
      code: 'custom',
      path: ['blockSize'],
      message: `expected a power of fuse (${fuse}, ${fuse ** 2}, ${fuse ** 3}, …), so that the levels end at one position, got ${blockSize}`,
    });
  });

export type HierarchicalConfig = z.infer<typeof hierarchicalSchema>;

/** How often T positions can be fused before one is left. */
export function levelsOf(blockSize: number, fuse: number): number {
  let levels = 0;
  for (let positions = blockSize; positions >= fuse; positions /= fuse) levels++;
  return levels;
}
