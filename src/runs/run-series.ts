/** A run's metrics and probes as named series of numbers: for what other programs draw. */
import { binStart } from '../util/log-bins.js';
import type { ModelProbe, TensorStatistics } from './probe-records.js';

/** A number of a series at a step. `path` tells the module, parameter or head; '' for the whole model. */
export interface Point {
  readonly step: number;
  readonly name: string;
  readonly path: string;
  readonly value: number;
}

/** A line of `metrics.jsonl`, as far as it is one: its numbers, by split. */
export function metricPoints(line: unknown): Point[] {
  const { type, step, split, ...rest } = line as Record<string, unknown>;
  if (typeof step !== 'number' || (type !== 'step' && type !== 'evaluation')) return [];
  const of = split === 'validation' ? 'validation' : 'train';
  return Object.entries(rest).flatMap(([key, value]) =>
    typeof value === 'number' ? [{ step, name: `${of}/${key}`, path: '', value }] : [],
  );
}

/** All numbers of a record. */
export function probePoints(record: ModelProbe): Point[] {
  const { step, clipping, predictions } = record;
  const points: Point[] = [];
  const add = (name: string, path: string, value: number | null | undefined) => {
    if (value !== null && value !== undefined) points.push({ step, name, path, value });
  };
  add('loss', '', record.loss);
  add('gradNorm', '', record.gradNorm);
  if (clipping.steps > 0) add('clippedShare', '', clipping.clipped / clipping.steps);
  for (const { path, std, updateToData, gradientToData } of record.parameters) {
    add('parameterStd', path, std);
    add('updateToData', path, updateToData);
    add('gradientToData', path, gradientToData);
  }
  for (const { path, mean, std, gradientStd } of record.activations) {
    add('activationMean', path, mean);
    add('activationStd', path, std);
    add('activationGradientStd', path, gradientStd);
  }
  for (const { path, gradNorm } of record.layers) add('layerGradNorm', path, gradNorm);
  for (const { path, units, flat, dead, gradientDead } of record.units) {
    add('flatShare', path, flat);
    if (units > 0) add('deadShare', path, dead / units);
    if (units > 0 && gradientDead !== null) add('gradientDeadShare', path, gradientDead / units);
  }
  for (const { path, mean, logVariance } of record.batchNorms) {
    add('batchNormDriftMean', path, mean);
    add('batchNormDriftLogVariance', path, logVariance);
  }
  for (const { path, heads } of record.attention) {
    heads.forEach(({ entropy, relative, first, self }, head) => {
      const at = `${path}/${head}`;
      add('attentionEntropy', at, entropy);
      add('attentionRelativeEntropy', at, relative);
      add('attentionToFirst', at, first);
      add('attentionToSelf', at, self);
    });
  }
  if (!predictions) return points;
  const { loss, entropy, confidence, accuracy, calibrationError } = predictions;
  add('predictionLoss', '', loss);
  add('predictionEntropy', '', entropy);
  add('confidence', '', confidence);
  add('accuracy', '', accuracy);
  add('calibrationError', '', calibrationError);
  for (const { from, loss } of predictions.positions) add('lossByPosition', `${from}`, loss);
  for (const { from, loss } of predictions.frequencies) add('lossByFrequency', `${from}`, loss);
  return points;
}

/** A run of values from `low` to `high`, and how many there are. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** A histogram from the least values to the greatest; zeros have an interval of their own, from 0 to 0. */
export function intervalsOf({ bins, zeros, seen, count }: TensorStatistics): Interval[] {
  const [negative, positive] = bins.map(([first, ...counts]) =>
    counts.map((each, i) => ({
      low: binStart(first + i),
      high: binStart(first + i + 1),
      count: each,
    })),
  );
  const none = Math.round((zeros ?? 0) * (seen ?? count));
  return [
    ...negative.reverse().map(({ low, high, count }) => ({ low: -high, high: -low, count })),
    ...(none > 0 ? [{ low: 0, high: 0, count: none }] : []),
    ...positive,
  ];
}
