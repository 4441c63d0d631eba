/** Normalisation of each channel over the batch. */
import {
  type BatchStatistics,
  batchNorm,
  concat,
  noGrad,
  ones,
  Scope,
  type Tensor,
  zeros,
} from '../tensor/index.js';
import { checkTensor } from '../tensor/internal.js';
import {
  checkFinite,
  checkFunction,
  checkObject,
  checkOptions,
  checkWhole,
} from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { ShapeError, UsageError, UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import { Module } from './module.js';
import { buffer, parameter } from './parameter.js';
import { type SharedBatches, sharedBatchNorm } from './shared-batch-norm.js';
import { checkSize } from './sizes.js';

/**
 * How the population's statistics come about:
 *
 * - `ema`: an exponential moving average over training batches, each with the weight `momentum`.
 * - `cumulative`: the plain average over all training batches (PyTorch's `momentum=None`).
 * - `precise`: training leaves them alone; `recomputeStatistics` sets them from batches that go through
 *   the model while its weights are held. Wu & Johnson 2021, "Rethinking 'Batch' in BatchNorm", section 3.
 * - `frozen`: they are used in training too and no longer change (the same paper, section 4: FrozenBN).
 */
export const POPULATION_STATISTICS = ['ema', 'cumulative', 'precise', 'frozen'] as const;
export type PopulationStatistics = (typeof POPULATION_STATISTICS)[number];

/** What evaluation normalises by: the population's statistics, or those of the batch at hand. */
export const INFERENCE_STATISTICS = ['population', 'batch'] as const;
export type InferenceStatistics = (typeof INFERENCE_STATISTICS)[number];

export interface BatchNorm1dOptions {
  /** Added to the variance before its root. Default 1e-5, as PyTorch's. */
  eps?: number;
  /** Whether to learn a gain and a shift. Default true. */
  affine?: boolean;
  /** The weight of a new batch in the moving average. Default 0.1, as PyTorch's. */
  momentum?: number;
  /** Default `ema`, as PyTorch's. */
  statistics?: PopulationStatistics;
  /** Default `population`: a prediction then does not depend on what else is in the batch. */
  inference?: InferenceStatistics;
  /**
   * Elements of the batch (its first dimension) that share statistics; 0, the default: all. Hoffer et
   * al. 2017, "Train longer, generalize better" (Ghost BatchNorm).
   */
  virtualBatchSize?: number;
}

/** Hears of each batch's mean and variance (C), and of how many samples they were taken. */
export type StatisticsObserver = (
  mean: Float64Array,
  variance: Float64Array,
  samples: number,
) => void;

/** What a training batch adds to the running statistics of one layer: its own, by parts, and their size. */
export interface TrackedStatistics {
  readonly norm: BatchNorm1d;
  /** (parts · C) each. */
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly parts: number;
  readonly samples: number;
}

/**
 * x (B, C) or (B, T, C) → the same: each channel less its mean, over its standard deviation, then a
 * learned gain `weight` (C), first 1, and shift `bias` (C), first 0. Mean and variance are those of the
 * batch (over B, or B and T) while training, and the population's, kept in `runningMean` and `runningVar`,
 * in evaluation. Ioffe & Szegedy 2015, "Batch normalization".
 *
 * `statistics`, `inference`, `momentum` and `virtualBatchSize` may be changed at any time, in a trained
 * model too. As in PyTorch the batch is normalised by its variance over n, and the population's is
 * estimated over n − 1. Evaluation never changes the population's statistics.
 *
 * A batch that `virtualBatchSize` does not divide has its remainder normalised by itself.
 *
 * @throws UserError for sizes and settings that make no sense; ShapeError, in `forward`, for another
 *   shape, or for a single sample per channel in training, whose variance says nothing.
 */
export class BatchNorm1d extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  /** Training batches that the running statistics have seen: int32, a scalar. */
  readonly numBatchesTracked: Tensor;
  readonly eps: number;
  momentum: number;
  statistics: PopulationStatistics;
  inference: InferenceStatistics;
  virtualBatchSize: number;
  private observer: StatisticsObserver | null = null;
  private recorder: TrackedStatistics[] | null = null;
  private shared: SharedBatches | null = null;

  constructor(
    readonly channels: number,
    options: BatchNorm1dOptions = {},
  ) {
    super();
    checkSize('BatchNorm1d', 'channels', channels);
    const given = checkOptions('BatchNorm1d', options, [
      'eps',
      'affine',
      'momentum',
      'statistics',
      'inference',
      'virtualBatchSize',
    ]);
    const { eps = 1e-5, affine = true, momentum = 0.1, virtualBatchSize = 0 } = given;
    const { statistics = 'ema', inference = 'population' } = given;
    checkFinite('BatchNorm1d', 'eps', eps, 0);
    checkChoice('statistics', statistics, POPULATION_STATISTICS);
    checkChoice('inference', inference, INFERENCE_STATISTICS);
    if (!(typeof momentum === 'number' && momentum >= 0 && momentum <= 1)) {
      throw new UserError(
        `BatchNorm1d: expected a momentum between 0 and 1, got ${describeValue(momentum)}`,
      );
    }
    checkWhole('BatchNorm1d', 'virtualBatchSize', virtualBatchSize);
    this.weight = affine ? parameter(ones([channels])) : null;
    this.bias = affine ? parameter(zeros([channels])) : null;
    this.runningMean = buffer(zeros([channels]));
    this.runningVar = buffer(ones([channels]));
    this.numBatchesTracked = buffer(zeros([], 'int32'));
    this.eps = eps;
    this.momentum = momentum;
    this.statistics = statistics;
    this.inference = inference;
    this.virtualBatchSize = virtualBatchSize;
  }

  override forward(x: Tensor): Tensor {
    checkTensor('BatchNorm1d', x);
    if (x.ndim < 2 || x.ndim > 3 || x.size(-1) !== this.channels) {
      throw new ShapeError(
        'BatchNorm1d',
        `expected x (B, ${this.channels}) or (B, T, ${this.channels}), got ${formatShape(x.shape)}`,
      );
    }
    const byBatch = this.training ? this.statistics !== 'frozen' : this.inference === 'batch';
    return byBatch || this.observer ? this.byVirtualBatches(x) : this.byPopulation(x);
  }

  /** Forgets what was gathered: mean 0, variance 1, no batches. */
  resetStatistics(): void {
    this.runningMean.fill_(0);
    this.runningVar.fill_(1);
    this.numBatchesTracked.fill_(0);
  }

  /**
   * Uses the population's statistics as they are from now on, in training too.
   *
   * @param options.affine whether gain and shift are held with them. Default false.
   */
  freeze(options: { affine?: boolean } = {}): void {
    const { affine = false } = checkOptions('BatchNorm1d.freeze', options, ['affine']);
    this.statistics = 'frozen';
    if (!affine) return;
    for (const tensor of [this.weight, this.bias]) {
      tensor?.requireGrad(false);
      tensor?.zeroGrad();
    }
  }

  /**
   * Until the function that it returns is called, normalises by the batch's own statistics, tells
   * `observer` of them, and leaves the population's alone, whatever the mode. One at a time.
   */
  observe(observer: StatisticsObserver): () => void {
    checkFunction('BatchNorm1d.observe', 'an observer', observer);
    if (this.observer) throw new UserError('BatchNorm1d: expected one observer at a time, got two');
    this.observer = observer;
    return () => {
      this.observer = null;
    };
  }

  /** From now on, puts down what training batches would add to the running statistics; null: adds it again. */
  record(recorder: TrackedStatistics[] | null): void {
    this.recorder = recorder;
  }

  /**
   * From now on, training batches are normalised by the statistics of all processes' batches together; null:
   * each by its own again. All of them have to come through here equally often, with equally many samples.
   *
   * @throws UserError with a virtual batch size, which is there for smaller batches.
   */
  share(shared: SharedBatches | null): void {
    if (shared && this.virtualBatchSize > 0) {
      throw new UserError(
        `BatchNorm1d: expected no virtual batch size where statistics are shared, got ${this.virtualBatchSize}`,
      );
    }
    this.shared = shared;
  }

  /**
   * Adds what was put down, as if the batch had come through just now.
   *
   * @throws UserError when these are no statistics of as many features.
   */
  take(tracked: TrackedStatistics): void {
    const { mean, variance, parts, samples } = checkObject('BatchNorm1d.take', tracked);
    for (const values of [mean, variance]) {
      if (!(values instanceof Float64Array) || values.length !== parts * this.runningMean.numel) {
        throw new UserError('BatchNorm1d.take: expected what `record` put down for this layer');
      }
    }
    using _values = new Scope();
    const { runningMean } = this;
    const given = (values: Float64Array) => runningMean.empty([values.length]).copy_(values);
    this.track({ mean: given(mean), variance: given(variance) }, parts, samples);
  }

  private byPopulation(x: Tensor): Tensor {
    const { weight, bias, eps, runningMean: mean, runningVar: variance } = this;
    return batchNorm(x, { weight, bias, eps, statistics: { mean, variance } }).y;
  }

  private byVirtualBatches(x: Tensor): Tensor {
    const [B] = x.shape;
    const size = this.virtualBatchSize;
    if (size === 0 || size >= B) return this.byBatch(x, 1);
    const rest = B % size;
    const parts = (B - rest) / size;
    if (rest === 0) return this.byBatch(x, parts);
    const whole = this.byBatch(x.narrow(0, 0, B - rest), parts);
    return concat([whole, this.byBatch(x.narrow(0, B - rest, rest), 1)], 0);
  }

  /** By the statistics of each of `parts` equal parts. */
  private byBatch(x: Tensor, parts: number): Tensor {
    const { weight, bias, eps, channels } = this;
    const samples = x.numel / channels / parts;
    if (this.training && this.shared && !this.observer) return this.byShared(x, this.shared);
    if (this.training && samples === 1) {
      throw new ShapeError(
        'BatchNorm1d',
        `expected more than one sample for each channel's variance, got ${formatShape(x.shape)}${parts > 1 ? ` in ${parts} parts` : ''}`,
      );
    }
    const { y, mean, variance } = batchNorm(x, { weight, bias, eps, parts });
    if (this.observer) this.tell(this.observer, { mean, variance }, parts, samples);
    else if (this.training && this.recorder) {
      if (!this.tracks) return y;
      const values = { mean: mean.doublesSync(), variance: variance.doublesSync() };
      this.recorder.push({ norm: this, ...values, parts, samples });
    } else if (this.training) noGrad(() => this.track({ mean, variance }, parts, samples));
    return y;
  }

  /** By the statistics of all processes' batches, which each of them takes into its running ones. */
  private byShared(x: Tensor, shared: SharedBatches): Tensor {
    const { weight, bias, eps, channels } = this;
    const { y, mean, variance } = sharedBatchNorm(x, { weight, bias, eps }, shared);
    const samples = (x.numel / channels) * shared.size;
    noGrad(() => this.track({ mean, variance }, 1, samples));
    return y;
  }

  /** Whether training batches change the running statistics. */
  private get tracks(): boolean {
    return this.statistics === 'ema' || this.statistics === 'cumulative';
  }

  /** Takes the statistics of a training batch, each part in turn, into the running ones. */
  private track({ mean, variance }: BatchStatistics, parts: number, samples: number): void {
    if (!this.tracks) return;
    const C = this.channels;
    let [seen] = this.numBatchesTracked.dataSync();
    for (let part = 0; part < parts; part++) {
      seen++;
      const share = this.statistics === 'ema' ? this.momentum : 1 / seen;
      this.runningMean.scale_(1 - share).addScaled_(mean.alias([C], part * C), share);
      const unbiased = (share * samples) / (samples - 1);
      this.runningVar.scale_(1 - share).addScaled_(variance.alias([C], part * C), unbiased);
    }
    this.numBatchesTracked.fill_(seen);
  }

  private tell(
    observer: StatisticsObserver,
    { mean, variance }: BatchStatistics,
    parts: number,
    samples: number,
  ): void {
    const C = this.channels;
    const [means, variances] = [mean.doublesSync(), variance.doublesSync()];
    for (let at = 0; at < parts * C; at += C) {
      observer(means.subarray(at, at + C), variances.subarray(at, at + C), samples);
    }
  }
}

function checkChoice(what: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) {
    throw new UsageError(
      `BatchNorm1d: expected ${what} to be one of ${known.join(', ')}, got ${describeValue(value)}`,
    );
  }
}
