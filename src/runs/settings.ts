/**
 * How a model is trained: every setting, what it means, and its default with the reason.
 *
 * Keys are flat, and different from those of every model's configuration, so that `--set key=value`
 * says which is meant without a prefix.
 */
import * as z from 'zod';
import { MUON_SCALES } from '../optim/index.js';
import { UsageError } from '../util/errors.js';
import { describeIssues } from './issues.js';
import { isPattern } from './probe-pattern.js';
import { TENSOR_KINDS } from './tensor-kinds.js';

const KINDS = TENSOR_KINDS.join(', ');
const count = z.int().min(0);
const positive = z.int().min(1);
const share = z.number().min(0).lt(1);
const scale = z.string().refine((text) => {
  const { path, factor } = readScale(text);
  return /^[^\s.]+(\.[^\s.]+)*$/.test(path) && factor >= 0 && factor < Infinity;
}, 'expected path=factor, such as embedding=0.5, with a factor of at least 0');

/** What may be set. What is optional here depends on the rest; `resolveTraining` fills it in. */
export const trainingSchema = z.strictObject({
  steps: count.describe('optimizer steps; 0 for counted models'),
  batchSize: positive.describe('B: windows in a micro-batch'),
  gradAccumulation: positive
    .default(1)
    .describe('micro-batches averaged per step, for batches larger than memory allows'),
  batchParts: positive
    .default(1)
    .describe(
      'equal parts of a micro-batch, each with a pass of its own (and statistics of its own in BatchNorm), their gradients added in pairs; on several ranks each takes its share of them, and the result is the same on any number',
    ),
  shardOptimizer: z
    .boolean()
    .default(false)
    .describe(
      'on several ranks, keep of the optimizer state a share on each, not all of it: less memory, and one more exchange',
    ),
  overlapExchange: z
    .boolean()
    .default(false)
    .describe(
      'on several ranks, send large gradients to the first other rank while the backward is still at work: for a network that moves data by itself; the result is the same',
    ),
  syncBatchNorm: z
    .boolean()
    .default(false)
    .describe(
      "on several ranks, BatchNorm's statistics are those of all ranks' parts together, not each part's own: more exchanges, and results that depend on the number of ranks",
    ),
  optimizer: z
    .enum(['sgd', 'adamw', 'muon'])
    .default('adamw')
    .describe(
      'adamw by default: its learning rates carry over between models, while those of SGD need tuning; muon: for matrices between embedding and head, the rest by adamw',
    ),
  lr: z.number().min(0).describe('peak learning rate'),
  adamwLr: z
    .number()
    .min(0)
    .optional()
    .describe(
      "muon: peak learning rate of what AdamW takes; default lr with matchRmsAdamw, else 0.0003, Jordan's",
    ),
  muonScale: z
    .enum(MUON_SCALES)
    .default('matchRmsAdamw')
    .describe(
      "muon: size of an update; matchRmsAdamw bears AdamW's lr, original, √max(1, rows/columns), one of about 0.02",
    ),
  lrScale: z
    .array(scale)
    .default([])
    .describe(
      'learning rates of parts of the model, as path=factor of lr: embedding=0.5,output=2; 0 freezes a part; the longest matching path counts',
    ),
  schedule: z
    .enum(['constant', 'step', 'cosine', 'wsd'])
    .default('constant')
    .describe(
      'learning rate constant, multiplied at given steps, decayed along a cosine to minLr, or (wsd: warm-up, stable, decay) constant until the last decayShare of the steps',
    ),
  stepAt: z
    .array(positive)
    .default([])
    .describe('schedule=step: multiply the rate after each of these steps'),
  stepFactor: z.number().positive().default(0.1).describe('schedule=step: the factor'),
  warmupSteps: count.default(0).describe('steps of linear warm-up before the schedule'),
  warmupFrom: z
    .number()
    .min(0)
    .optional()
    .describe(
      'learning rate of the first warm-up step; default lr / (warmupSteps + 1), since 0 would waste the step',
    ),
  minLr: z.number().min(0).default(0).describe('schedule=cosine or wsd: final learning rate'),
  decayShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("schedule=wsd: share of all steps over which the rate falls, as 1 − √x; llm.c's 0.2"),
  momentum: share
    .optional()
    .describe(
      'momentum; default: 0 with sgd, as for the published MLP, 0.95 with muon, as published',
    ),
  nesterov: z.boolean().default(false).describe('sgd: Nesterov momentum (Sutskever 2013)'),
  weightDecay: z
    .number()
    .min(0)
    .optional()
    .describe(
      'weight decay of tensors with two or more dimensions; default: 0.01 with adamw and muon, as published, 0 with sgd',
    ),
  beta1: share
    .default(0.9)
    .describe('adamw, muon: decay rate of the first moment (Kingma and Ba 2015)'),
  beta2: share
    .default(0.999)
    .describe('adamw, muon: decay rate of the second moment (Kingma and Ba 2015)'),
  eps: z.number().positive().default(1e-8).describe('adamw, muon: added to the denominator'),
  clipNorm: z.number().min(0).default(0).describe('maximum global gradient norm; 0: no clipping'),
  labelSmoothing: share
    .default(0)
    .describe('label smoothing, in training only; evaluation losses are without it'),
  emaDecay: share
    .default(0)
    .describe(
      'decay of an exponential average of the weights, evaluated beside them and kept for --ema: 0.999 averages the last thousand steps; 0: none',
    ),
  preciseBatches: positive
    .default(20)
    .describe('BatchNorm, precise or frozen: training batches pooled before each evaluation'),
  freezeNormAt: count
    .default(0)
    .describe('BatchNorm, frozen: step after which the statistics are computed once and kept'),
  freezeNormAffine: z
    .boolean()
    .default(false)
    .describe('BatchNorm, frozen: freeze gain and shift too'),
  evalInterval: positive
    .optional()
    .describe(
      'steps between evaluations; default: a tenth of all steps, since ten points make a curve',
    ),
  evalBatches: positive
    .default(20)
    .describe('batches per evaluation, always the same ones, spread evenly over the split'),
  checkpointInterval: positive
    .optional()
    .describe('steps between checkpoints; default: evalInterval. The best is always saved'),
  keepInterval: count
    .default(0)
    .describe(
      'steps between checkpoints that are kept for good, to look at the model along its training; 0: only the latest and the best are kept',
    ),
  logInterval: positive
    .optional()
    .describe(
      'steps between lines in metrics.jsonl, each with the mean loss since the last; default: 250 lines in all',
    ),
  sampleInterval: count.default(0).describe('steps between text samples; 0: none'),
  sampleTokens: positive.default(100).describe('tokens per sample'),
  probes: z
    .boolean()
    .default(false)
    .describe('measure the inside of the model on the way, into probes.jsonl'),
  probeInterval: positive
    .optional()
    .describe(
      'probes: steps between measurements, once the first ones are over, which come more often; ever wider after 32 of them; default: 25, or 1/128 of all steps',
    ),
  probePattern: z
    .array(
      z
        .string()
        .refine(isPattern, `expected a path such as hidden.*, or kind:path with one of ${KINDS}`),
    )
    .min(1)
    .default(['*'])
    .describe(
      'probes: which tensors get a histogram: paths with * for any characters, or kind:path, of kind ' +
        KINDS,
    ),
  patience: count
    .default(0)
    .describe('stop after this many evaluations without improvement; 0: never'),
  maxSeconds: z
    .number()
    .min(0)
    .default(0)
    .describe('stop after this many seconds (restarted by --resume); 0: never'),
});

/** Reads an entry of `lrScale`; the factor of one without a number is NaN. */
export function readScale(text: string): { path: string; factor: number } {
  const at = text.lastIndexOf('=');
  const factor = text.slice(at + 1).trim();
  return {
    path: text.slice(0, Math.max(0, at)).trim(),
    factor: factor === '' ? Number.NaN : Number(factor),
  };
}

/** What may be given. */
export type TrainingInput = z.input<typeof trainingSchema>;

type Parsed = z.infer<typeof trainingSchema>;
type Derived =
  | 'momentum'
  | 'weightDecay'
  | 'warmupFrom'
  | 'evalInterval'
  | 'checkpointInterval'
  | 'logInterval'
  | 'probeInterval';
/** Every setting of a run, decided. */
export type TrainingSettings = Omit<Parsed, Derived> & { [K in Derived]-?: number };

/** Settings that mean something only beside another one, and why. */
const BELONGS: {
  key: keyof TrainingInput;
  to: (settings: Parsed) => boolean;
  because: string;
}[] = [
  {
    key: 'momentum',
    to: ({ optimizer }) => optimizer !== 'adamw',
    because: "momentum belongs to optimizer=sgd or muon; AdamW's counterpart is beta1",
  },
  {
    key: 'nesterov',
    to: ({ optimizer }) => optimizer === 'sgd',
    because: 'nesterov belongs to optimizer=sgd; AdamW has none, and Muon always has it',
  },
  ...(['beta1', 'beta2', 'eps'] as const).map((key) => ({
    key,
    to: ({ optimizer }: Parsed) => optimizer !== 'sgd',
    because: `${key} belongs to optimizer=adamw or muon; SGD has no moments`,
  })),
  ...(['adamwLr', 'muonScale'] as const).map((key) => ({
    key,
    to: ({ optimizer }: Parsed) => optimizer === 'muon',
    because: `${key} belongs to optimizer=muon`,
  })),
  ...(['stepAt', 'stepFactor'] as const).map((key) => ({
    key,
    to: ({ schedule }: Parsed) => schedule === 'step',
    because: `${key} belongs to schedule=step`,
  })),
  {
    key: 'minLr',
    to: ({ schedule }) => schedule === 'cosine' || schedule === 'wsd',
    because: 'minLr belongs to schedule=cosine or wsd',
  },
  {
    key: 'decayShare',
    to: ({ schedule }) => schedule === 'wsd',
    because: 'decayShare belongs to schedule=wsd',
  },
  {
    key: 'warmupFrom',
    to: ({ warmupSteps }) => warmupSteps > 0,
    because: 'warmupFrom is where a warm-up begins, but warmupSteps is 0',
  },
  ...(['probeInterval', 'probePattern'] as const).map((key) => ({
    key,
    to: ({ probes }: Parsed) => probes,
    because: `${key} says what probes measure, but probes is false`,
  })),
  {
    key: 'sampleTokens',
    to: ({ sampleInterval }) => sampleInterval > 0,
    because: 'sampleTokens is the length of samples, but sampleInterval is 0',
  },
];

/**
 * Puts a preset and what the user gave together, fills in what is left out, and refuses what
 * contradicts itself.
 *
 * What the preset says about a choice that the user made otherwise (its momentum, when the user takes
 * AdamW) is dropped; what the user says about a choice not taken is an error.
 *
 * @param given what the user gave. Undefined values count as not given.
 * @throws UsageError naming the keys and the reason.
 */
export function resolveTraining(
  preset: TrainingInput,
  given: Partial<TrainingInput>,
): TrainingSettings {
  const chosen = withoutUndefined(given);
  const merged: Record<string, unknown> = { ...withoutUndefined(preset), ...chosen };
  const first = parse(merged);
  // SGD's momentum is no word on Muon's.
  const { optimizer: presetOptimizer = 'adamw' } = preset;
  if (first.optimizer !== presetOptimizer && chosen['momentum'] === undefined) {
    delete merged['momentum'];
  }
  for (const { key, to, because } of BELONGS) {
    if (to(first)) continue;
    if (Object.hasOwn(chosen, key)) throw new UsageError(`${because}.`);
    delete merged[key];
  }
  const settings = parse(merged);
  refuseContradictions(settings);
  const { steps, lr, optimizer, warmupSteps } = settings;
  const evalInterval = settings.evalInterval ?? Math.max(1, Math.round(steps / 10));
  return {
    ...settings,
    ...(optimizer === 'muon' && { adamwLr: settings.adamwLr ?? defaultAdamwLr(settings) }),
    momentum: settings.momentum ?? (optimizer === 'muon' ? 0.95 : 0),
    weightDecay: settings.weightDecay ?? (optimizer === 'sgd' ? 0 : 0.01),
    warmupFrom: settings.warmupFrom ?? lr / (warmupSteps + 1),
    evalInterval,
    checkpointInterval: settings.checkpointInterval ?? evalInterval,
    logInterval: settings.logInterval ?? Math.max(1, Math.ceil(steps / 250)),
    probeInterval: settings.probeInterval ?? Math.max(25, Math.ceil(steps / 128)),
  };
}

/** Of what Muon leaves to AdamW: the same where the scale is matched, else what muon.py has. */
function defaultAdamwLr({ lr, muonScale }: Parsed): number {
  return muonScale === 'matchRmsAdamw' ? lr : 3e-4;
}

function withoutUndefined(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function parse(values: Record<string, unknown>): Parsed {
  const result = trainingSchema.safeParse(values);
  if (result.success) return result.data;
  throw new UsageError(`training settings: ${describeIssues(result.error, values)}.`);
}

function refuseContradictions(settings: Parsed): void {
  const { nesterov, momentum, schedule, stepAt, minLr, warmupFrom, lr, lrScale, steps } = settings;
  const { batchSize, batchParts } = settings;
  const refuse = (reason: string): never => {
    throw new UsageError(`training settings contradict each other: ${reason}.`);
  };
  if (nesterov && !momentum) refuse('nesterov needs momentum, which is 0');
  if (batchSize % batchParts !== 0) {
    refuse(`batchSize ${batchSize} cannot be cut into ${batchParts} equal parts (batchParts)`);
  }
  if (schedule === 'step' && stepAt.length === 0) refuse('schedule=step needs stepAt');
  if (stepAt.some((step, i) => i > 0 && step <= stepAt[i - 1]!)) {
    refuse(`stepAt must ascend, got ${stepAt.join(',')}`);
  }
  if (minLr > lr) refuse(`minLr ${minLr} is above lr ${lr}`);
  if (warmupFrom !== undefined && warmupFrom > lr)
    refuse(`warmupFrom ${warmupFrom} is above lr ${lr}`);
  if (steps > 0 && lr === 0) refuse(`${steps} steps at lr 0 would change nothing`);
  const paths = lrScale.map((text) => readScale(text).path);
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined) refuse(`lrScale has two factors for ${twice}: ${lrScale.join(',')}`);
}
