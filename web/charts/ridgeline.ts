/**
 * Histograms over time, one behind the other, on the bins in which they were measured: half powers of two, negative
 * ones to the left, the values around zero in the middle. What would lie between ±2^(k/2) of the lowest bin shown is
 * the middle itself.
 */
import type { EChartsCoreOption } from 'echarts/core';
import type { TensorReply } from '../../src/lab/explorer/inside.js';
import { figure, whole, withoutZeros } from '../format.js';
import { INK } from './palette.js';

/** A bin's number, and how many values lie in it; as probes have them: [first, count, count, …]. */
export type Bins = readonly number[];

export interface Ridge {
  readonly step: number;
  readonly negative: Bins;
  readonly positive: Bins;
}

/** A tensor's histograms as ridges. */
export function ridgesOf(tensor: TensorReply): Ridge[] {
  return tensor.steps.map((step, i) => {
    const [negative, positive] = tensor.statistics[i]!.bins;
    return { step, negative, positive };
  });
}

export interface RidgelineOptions {
  readonly rows: readonly Ridge[];
  /** The same of another run, drawn downwards. */
  readonly mirrored?: readonly Ridge[];
  readonly theme: 'light' | 'dark';
  readonly colors: readonly [string, string];
}

/** Rows that are drawn; of more, neighbours are added up, as the bins allow. */
const MOST_ROWS = 24;
/** How many rows high the highest is. */
const HEIGHT = 2.4;
/** Of all values: bins at the small end that hold fewer are left to the middle. */
const RARE = 0.001;

function eachBin(
  { negative, positive }: Ridge,
  see: (sign: 1 | -1, bin: number, count: number) => void,
) {
  for (const [sign, [first, ...counts]] of [
    [-1, negative],
    [1, positive],
  ] as const) {
    if (first === undefined) continue;
    for (const [i, count] of counts.entries()) see(sign, first + i, count);
  }
}

/** Adds up neighbours until there are few enough rows. */
export function merged(rows: readonly Ridge[], most = MOST_ROWS): Ridge[] {
  const size = Math.ceil(rows.length / most);
  if (size <= 1) return [...rows];
  const result: Ridge[] = [];
  for (let at = 0; at < rows.length; at += size) {
    const group = rows.slice(at, at + size);
    const add = (key: 'negative' | 'positive'): number[] => {
      const counts = new Map<number, number>();
      for (const { [key]: bins } of group) {
        const [first = 0, ...rest] = bins;
        for (const [i, count] of rest.entries()) {
          counts.set(first + i, (counts.get(first + i) ?? 0) + count);
        }
      }
      if (counts.size === 0) return [];
      const [low, high] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
      return [low, ...Array.from({ length: high - low + 1 }, (_, i) => counts.get(low + i) ?? 0)];
    };
    result.push({ step: group.at(-1)!.step, negative: add('negative'), positive: add('positive') });
  }
  return result;
}

/** The bins worth showing, of all rows together. */
function rangeOf(rows: readonly Ridge[]): [number, number] {
  const counts = new Map<number, number>();
  let total = 0;
  for (const row of rows) {
    eachBin(row, (_, bin, count) => {
      counts.set(bin, (counts.get(bin) ?? 0) + count);
      total += count;
    });
  }
  const bins = [...counts.keys()].sort((a, b) => a - b);
  if (bins.length === 0) return [-8, 0];
  let low = 0;
  for (let sum = 0; low < bins.length - 1; low++) {
    sum += counts.get(bins[low]!)!;
    if (sum > RARE * total) break;
  }
  return [bins[low]!, Math.max(bins.at(-1)!, bins[low]! + 4)];
}

/** Share of the values in each bin from −high … −low, low … high. */
function densities(row: Ridge, [low, high]: [number, number]): number[] {
  const width = high - low + 1;
  const values = new Array<number>(2 * width).fill(0);
  let total = 0;
  eachBin(row, (sign, bin, count) => {
    total += count;
    const at = Math.max(0, bin - low);
    if (at < width) values[sign > 0 ? width + at : width - 1 - at]! += bin < low ? 0 : count;
  });
  return total > 0 ? values.map((value) => value / total) : values;
}

interface DrawApi {
  coord(value: [number, number]): [number, number];
  value(index: number): number;
}

export function ridgelineOption(options: RidgelineOptions): EChartsCoreOption {
  const ink = INK[options.theme];
  const rows = merged(options.rows);
  const other = options.mirrored && merged(options.mirrored);
  const range = rangeOf([...rows, ...(other ?? [])]);
  const width = range[1] - range[0] + 1;
  const all = rows.map((row) => densities(row, range));
  const opposite = other?.map((row) => densities(row, range));
  const most = Math.max(...all.flat(), ...(opposite?.flat() ?? []), 1e-9);
  const count = Math.max(rows.length, other?.length ?? 0);
  const height = other ? 0.95 : HEIGHT;
  const ridge = (values: readonly number[][], direction: 1 | -1, color: string) => ({
    type: 'custom',
    silent: true,
    data: values.map((_, i) => [0, i]),
    renderItem: (_: unknown, api: DrawApi) => {
      const i = api.value(1);
      const base = api.coord([0, i])[1];
      const unit = Math.abs(api.coord([0, i + 1])[1] - base);
      const points: [number, number][] = [[api.coord([-width, 0])[0], base]];
      values[i]!.forEach((value, bin) => {
        const y = base - direction * (value / most) * height * unit;
        points.push([api.coord([bin - width + 0.5, 0])[0], y]);
      });
      points.push([api.coord([width, 0])[0], base]);
      return {
        type: 'polygon',
        shape: { points, smooth: 0.2 },
        z2: values.length - i,
        style: {
          fill: other ? color : ink.ground,
          stroke: color,
          lineWidth: 1.1,
          opacity: other ? 0.55 : 0.94,
        },
      };
    },
  });
  const label = { color: ink.faint, fontSize: 11 };
  const valueAt = (x: number) => Math.sign(x) * 2 ** ((Math.abs(x) + range[0] - 0.5) / 2);
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 54, right: 14, top: 14, bottom: 24 },
    xAxis: {
      type: 'value',
      min: -width,
      max: width,
      interval: Math.max(2, Math.round(width / 3)),
      axisLine: { lineStyle: { color: ink.faint } },
      axisLabel: {
        ...label,
        formatter: (x: number) =>
          Math.abs(x) < 0.5 ? '0' : withoutZeros(figure(Number(valueAt(x).toPrecision(2)))),
        hideOverlap: true,
      },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    yAxis: {
      type: 'value',
      min: other ? -1 : 0,
      max: other ? count : count - 1 + height,
      interval: 1,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        ...label,
        formatter: (i: number) => {
          const row = Number.isInteger(i) ? (rows[i] ?? other?.[i]) : undefined;
          const every = Math.ceil(count / 12);
          return row && i % every === 0 ? whole(row.step) : '';
        },
      },
    },
    series: [
      ridge(all, 1, options.colors[0]),
      ...(opposite ? [ridge(opposite, -1, options.colors[1])] : []),
    ],
  };
}
