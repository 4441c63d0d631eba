/**
 * What a run's `probes.jsonl` holds: one object a line, of one of two types. Each measured step has both, first
 * `model`, the figures that are few, then `tensors`, with the histograms. Steps ascend.
 *
 * A number that is NaN or infinite is written as null: it could not be measured, or has no meaning (the
 * logarithm of nothing). Figures have four significant digits, counts are exact.
 */
import * as z from 'zod';
import { FIRST_BIN, LAST_BIN } from '../util/log-bins.js';
import { TENSOR_KINDS } from './tensor-kinds.js';

const count = z.int().min(0);
const measured = z.number().nullable();
const share = z.number().min(0).max(1).nullable();
/** A module's or a parameter's, as `h.0.attn.cAttn.weight`; '' is the model itself. */
const path = z.string().max(1000);
/** A bit for each unit, the first unit the lowest bit of the first byte, in base64; '' where all are 0. */
const bitmap = z.string().max(1 << 20);

/** Counts in bins that follow one another: the first bin's number (`util/log-bins.ts`), then a count for each. */
const bins = z
  .array(z.int())
  .max(LAST_BIN - FIRST_BIN + 2)
  .refine(([first, ...counts]) => {
    if (first === undefined) return true;
    if (first < FIRST_BIN || first + counts.length - 1 > LAST_BIN) return false;
    return counts.every((each) => each >= 0);
  }, 'expected a first bin and counts');

const tensorSchema = z.object({
  /**
   * Of a parameter for `weight` and `update`, of a module for `activation` (its output); for `gradient` either:
   * the loss's by that parameter, or by that module's output.
   */
  path,
  kind: z.enum(TENSOR_KINDS),
  /** Values in the tensor. */
  count,
  /** Values that were looked at, where these were not all: every so many rows. `bins`, `nan` and `inf` count these. */
  seen: count.optional(),
  /** Of the finite values. */
  mean: measured,
  std: measured,
  min: measured,
  max: measured,
  /** √Σ x² of the whole tensor, estimated where not all was seen. */
  norm: measured,
  /** Share of zeros in what was seen. */
  zeros: share,
  nan: count,
  inf: count,
  /** Of negative and of positive values: [[first bin, counts …], [first bin, counts …]], each empty without values. */
  bins: z.tuple([bins, bins]),
});
/** Statistics of one tensor at one step. */
export type TensorStatistics = z.infer<typeof tensorSchema>;

const parameterSchema = z.object({
  path,
  /** Standard deviation of its values, before the step. */
  std: measured,
  /** log10(std of the true update / std of the values): the guide is −3. */
  updateToData: measured,
  /** log10(std of the gradient / std of the values). */
  gradientToData: measured,
  /** NaN and infinities in what was seen of the values and of the gradient. */
  nonFinite: count,
});

const activationSchema = z.object({
  path,
  mean: measured,
  std: measured,
  /** Standard deviation of its gradient; null where none came by. */
  gradientStd: measured,
  /** NaN and infinities in what was seen of it. */
  nonFinite: count,
});

const unitsSchema = z.object({
  /** Of the activation. */
  path,
  /** The function, as `relu`. */
  activation: z.string().max(200),
  units: count,
  /** Share of all values that lie in the flat region. */
  flat: share,
  /** Units whose values all lay in the flat region, in this step's batch. */
  silent: bitmap,
  /** Units that were silent in this and the measured steps before it, `DEAD_WINDOW` in all. */
  dead: count,
  /** The first step of the unbroken silence of the dead unit that has been silent for longest; null without dead ones. */
  since: count.nullable(),
  /** Units that no gradient reached in this batch; null where the gradient was not seen. */
  gradientSilent: bitmap.nullable(),
  /** Units that no gradient reached over the same window. */
  gradientDead: count.nullable(),
});

const band = z.object({ from: count, tokens: count, loss: measured });
const predictionsSchema = z.object({
  split: z.enum(['train', 'validation']),
  /** Always the same ones. */
  tokens: count,
  /** Mean, in nats. */
  loss: measured,
  /** Mean entropy of the prediction, in nats. */
  entropy: measured,
  /** Mean probability of the likeliest token, and how often it is the right one. */
  confidence: measured,
  accuracy: measured,
  /** Mean |confidence − accuracy| of the bins below, by their tokens: Guo et al. 2017's expected calibration error. */
  calibrationError: measured,
  /** By position in the block, `from` on to the next band. */
  positions: z.array(band).max(1024),
  /** By how often the target occurs in the training text: at least `from` times, less than the next band's. */
  frequencies: z.array(band).max(64),
  /** By confidence, in ten equal bins from 0 to 1. */
  calibration: z
    .array(z.object({ tokens: count, confidence: measured, accuracy: measured }))
    .max(100),
});

const attentionSchema = z.object({
  /** Of the module that attends. */
  path,
  heads: z
    .array(
      z.object({
        /** Mean over queries, in nats. */
        entropy: measured,
        /** Entropy over the greatest possible, ln of the positions in sight; of queries that see two or more. */
        relative: measured,
        /** Mean weight of the first position, and of the query's own. */
        first: measured,
        self: measured,
        /**
         * The mean map, made coarse: `side` rows of queries by `side` columns of keys, row by row, only up to the
         * diagonal (1, 2, … `side` numbers). Each is how much attention a query pays to all of that stretch of keys.
         */
        map: z.array(measured).max(2080),
      }),
    )
    .max(1024),
  side: z.int().min(1).max(64),
});

const batchNormSchema = z.object({
  path,
  /** Mean over channels of |batch mean − population mean| in the population's standard deviations. */
  mean: measured,
  /** Mean over channels of |ln(batch variance / population variance)|. */
  logVariance: measured,
});

const diagnosisSchema = z.object({
  /** The rule's name, as `dead-units`. */
  rule: z.string().max(100),
  /** Of what it speaks: a module or parameter; '' for the whole model. */
  path,
  /** The figure that led to it. */
  value: measured,
  /** The step from which on it has held without a break. */
  since: count,
  /** A sentence. */
  text: z.string().max(1000),
});
/** A diagnosis: what is wrong, by which figure, since when. */
export type Diagnosis = z.infer<typeof diagnosisSchema>;

const modelSchema = z.object({
  type: z.literal('model'),
  /** Steps done, the measured one included: from 1. */
  step: count,
  /** Of the step's batch, in nats. */
  loss: measured,
  lr: measured,
  /** Global norm of the gradient, before clipping. */
  gradNorm: measured,
  /** Since the record before (or since the run was taken up): steps, and how many of them were clipped. */
  clipping: z.object({ steps: count, clipped: count }),
  parameters: z.array(parameterSchema),
  /** In the order in which they were computed. */
  activations: z.array(activationSchema),
  /** Norm of the gradient of each module's own parameters, in the model's order; null where none came. */
  layers: z.array(z.object({ path, gradNorm: measured })),
  units: z.array(unitsSchema),
  predictions: predictionsSchema.nullable(),
  attention: z.array(attentionSchema),
  batchNorms: z.array(batchNormSchema),
  diagnosis: z.array(diagnosisSchema),
});
/** The figures of a step that are few: always of the whole model. */
export type ModelProbe = z.infer<typeof modelSchema>;

const tensorsSchema = z.object({
  type: z.literal('tensors'),
  step: count,
  /** Those that the run's pattern selects. */
  tensors: z.array(tensorSchema),
});
/** Statistics of the selected tensors at a step. */
export type TensorsProbe = z.infer<typeof tensorsSchema>;

export const probeSchema = z.discriminatedUnion('type', [modelSchema, tensorsSchema]);
export type ProbeRecord = z.infer<typeof probeSchema>;

/** Measured steps over which a unit must stay silent to count as dead. */
export const DEAD_WINDOW = 5;

/** Packs flags, one for each unit, as records hold them; '' when none is set. */
export function packBits(flags: ArrayLike<number | boolean>): string {
  const bytes = new Uint8Array(Math.ceil(flags.length / 8));
  let any = false;
  for (let i = 0; i < flags.length; i++) {
    if (!flags[i]) continue;
    bytes[i >> 3] |= 1 << (i & 7);
    any = true;
  }
  return any ? Buffer.from(bytes).toString('base64') : '';
}

/** What `packBits` packed: 0 or 1 for each unit. Bits that are missing are 0. */
export function unpackBits(packed: string, units: number): Uint8Array {
  const bytes = Buffer.from(packed, 'base64');
  return Uint8Array.from({ length: units }, (_, i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
}
