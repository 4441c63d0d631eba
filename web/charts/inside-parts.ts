/** What is drawn of a run's inside over the steps, part by part: for the page and for pictures. */
import type { InsideReply } from '../../src/lab/explorer/inside.js';
import { figure } from '../format.js';
import type { Part } from './parts.js';

export interface InsideChart {
  /** Its place on the page, and its picture's name. */
  readonly id: string;
  readonly title: string;
  readonly parts: readonly Part[];
  readonly guides?: readonly { readonly label: string; readonly y: number }[];
  /** Least and greatest of y; a null leaves it to the values. */
  readonly range?: readonly [number | null, number | null];
  readonly logY?: boolean;
  readonly format: (value: number | null) => string;
}

const GUIDE = [{ label: 'guide −3', y: -3 }];

/** A step is cut from 1 on; at the other the diagnosis finds that too much of it is cut away. */
const CUT = [
  { label: 'threshold', y: 1 },
  { label: 'cut to a fifth', y: 5 },
];

const percent = (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} %`);
export const logarithm = (value: number | null) => value?.toFixed(2).replace('-', '−') ?? '–';

export function ratioChart(
  reply: InsideReply,
  ratio: 'updateToData' | 'gradientToData',
): InsideChart {
  return {
    id: 'ratios',
    title: ratio === 'updateToData' ? 'Updates to data, log10' : 'Gradients to data, log10',
    parts: reply.parameters.map((one) => ({ path: one.path, values: one[ratio] })),
    guides: GUIDE,
    format: logarithm,
  };
}

/** The others that this run has something to draw for. */
export function insideCharts(reply: InsideReply): InsideChart[] {
  const gradients = reply.layers.map(({ path, gradNorm }) => ({ path, values: gradNorm }));
  const dead = reply.units.map(({ path, units, dead }) => ({
    path,
    values: dead.map((count) => (count === null ? null : (100 * count) / Math.max(1, units))),
  }));
  const { clipNorm } = reply;
  const over = reply.gradNorm.map((norm) => (norm === null || !clipNorm ? null : norm / clipNorm));
  const seen = over.filter((value) => value !== null && value > 0) as number[];
  const clipped = reply.clipped.map((share) => (share === null ? null : share * 100));
  const drift = reply.batchNorms.flatMap(({ path, mean, logVariance }) => [
    { path: `${path} mean`, values: mean },
    { path: `${path} variance`, values: logVariance },
  ]);
  const spread = reply.attentionEntropy.flatMap(({ path, relative }) =>
    relative.map((values, h) => ({ path: `${path} head ${h}`, values })),
  );
  const charts: InsideChart[] = [
    {
      ...{ id: 'gradients', title: 'Gradient norm by layer', parts: gradients },
      ...{ logY: true, format: figure },
    },
    {
      ...{ id: 'units', title: 'Dead units, %', parts: dead },
      ...{ range: [0, null] as const, format: percent },
    },
    {
      ...{ id: 'over-threshold', title: 'Gradient norm over the clipping threshold' },
      ...{ logY: true, guides: CUT, format: figure },
      // The lines are seen wherever the norm lies.
      range: [Math.min(0.5, ...seen) * 0.9, Math.max(10, ...seen) * 1.1] as const,
      parts: seen.length > 0 ? [{ path: 'norm / threshold', values: over }] : [],
    },
    {
      ...{ id: 'clipped', title: 'Steps clipped, %', range: [0, 100] as const, format: percent },
      parts: clipped.some((share) => share) ? [{ path: 'steps clipped', values: clipped }] : [],
    },
    {
      ...{ id: 'batch-norms', title: 'BatchNorm: batch against population' },
      ...{ parts: drift, range: [0, null] as const, format: figure },
    },
    { id: 'spread', title: "Attention's spread by head", parts: spread, format: figure },
  ];
  return charts.filter(({ parts }) => parts.length > 0);
}

/** How sure, how right; and how many nats. Empty where nothing was predicted. */
export function predictionCharts(reply: InsideReply): InsideChart[] {
  const { predictions, loss } = reply;
  if (!predictions.last) return [];
  return [
    {
      ...{ id: 'confidence', title: 'Confidence and accuracy', format: figure },
      parts: [
        { path: 'confidence', values: predictions.confidence },
        { path: 'accuracy', values: predictions.accuracy },
        { path: 'calibration error', values: predictions.calibrationError },
      ],
    },
    {
      ...{ id: 'entropy', title: 'Entropy and loss, nats', format: figure },
      parts: [
        { path: 'entropy of the prediction', values: predictions.entropy },
        { path: 'loss of the batch', values: loss },
      ],
    },
  ];
}
