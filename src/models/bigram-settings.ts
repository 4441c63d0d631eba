/** The bigram's settings, of the counted one and the learned one alike. */
import * as z from 'zod';

export const bigramSchema = z.strictObject({
  kind: z
    .enum(['counted', 'learned'])
    .default('counted')
    .describe(
      'counted in one pass over the training split, or a table learned by gradient descent',
    ),
  blockSize: z
    .int()
    .min(1)
    .default(8)
    .describe('T: positions scored at once; predictions do not depend on it'),
  context: z
    .int()
    .min(0)
    .max(1)
    .default(1)
    .describe('counted: 1 for the bigram, 0 for the unigram'),
  smoothing: z.number().min(0).default(1).describe('counted: added to every count (add-one)'),
  initStd: z
    .number()
    .min(0)
    .default(0.02)
    .describe(
      'learned: standard deviation of the initial logits; small, so that the first loss is ln V',
    ),
});

export type BigramConfig = z.infer<typeof bigramSchema>;
