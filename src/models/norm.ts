/** The normalisation of a model's layers, as settings: the same keys in every model that has one. */
import * as z from 'zod';
import {
  BatchNorm1d,
  GroupNorm,
  INFERENCE_STATISTICS,
  type Layer,
  LayerNorm,
  POPULATION_STATISTICS,
  RMSNorm,
} from '../nn/index.js';
import { UsageError } from '../util/errors.js';

/** To be spread into a model's schema. */
export const normShape = {
  norm: z
    .enum(['none', 'layer', 'rms', 'group', 'batch'])
    .default('none')
    .describe('normalisation in the hidden layers'),
  normEps: z.number().positive().default(1e-5).describe('added to the variance; as in PyTorch'),
  normGroups: z.int().min(1).default(8).describe('norm=group: number of groups'),
  normMomentum: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('norm=batch: weight of a new batch in the moving average; as in PyTorch'),
  normStatistics: z
    .enum(POPULATION_STATISTICS)
    .default('ema')
    .describe(
      'norm=batch: population statistics by moving average, by plain average, recomputed before each use, or frozen at freezeNormAt',
    ),
  normInference: z
    .enum(INFERENCE_STATISTICS)
    .default('population')
    .describe('norm=batch: statistics that evaluation and sampling use'),
  normVirtualBatch: z
    .int()
    .min(0)
    .default(0)
    .describe('norm=batch: windows that share statistics; 0: the whole batch'),
};

export type NormConfig = z.infer<z.ZodObject<typeof normShape>>;

/**
 * The layer that the settings name, for x (…, channels); null for `none`.
 *
 * @throws UsageError when normGroups does not divide the channels.
 */
export function makeNorm(config: NormConfig, channels: number): Layer | null {
  const { norm, normEps: eps, normGroups: groups } = config;
  switch (norm) {
    case 'none':
      return null;
    case 'layer':
      return new LayerNorm(channels, { eps });
    case 'rms':
      return new RMSNorm(channels, { eps });
    case 'group':
      if (channels % groups !== 0) {
        throw new UsageError(
          `normGroups=${groups}: expected a number of groups that divides the ${channels} channels.`,
        );
      }
      return new GroupNorm(groups, channels, { eps });
    case 'batch':
      return new BatchNorm1d(channels, {
        eps,
        momentum: config.normMomentum,
        statistics: config.normStatistics,
        inference: config.normInference,
        virtualBatchSize: config.normVirtualBatch,
      });
  }
}
