/** Line charts with bands: what is drawn, as ECharts takes it. No browser is needed for that. */
import type { EChartsCoreOption } from 'echarts/core';
import { figure, position, short, withoutZeros } from '../format.js';
import { lettersOf } from './letters.js';
import { INK } from './palette.js';

export interface Line {
  readonly name: string;
  /** Written at its end. */
  readonly letter?: string;
  readonly color: string;
  readonly dash: readonly number[] | 'solid';
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly band?: { readonly min: readonly number[]; readonly max: readonly number[] };
  /** Points marked: evaluations, which are few. */
  readonly symbols?: boolean;
  readonly width?: number;
}

export interface LineChart {
  readonly axis: string;
  readonly lines: readonly Line[];
  readonly theme: 'light' | 'dark';
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Least and greatest of y; a null leaves it to the values. */
  readonly range?: readonly [number | null, number | null];
  readonly references?: readonly { readonly label: string; readonly y: number }[];
  /** Room at the right for the letters. */
  readonly right?: number;
}

interface DrawApi {
  coord(value: [number, number]): [number, number];
}

/** What `api.coord` makes of 0 or less on a logarithmic axis is no point. */
function polygon(api: DrawApi, line: Line): [number, number][] {
  const { x, band } = line;
  const points: [number, number][] = [];
  const add = (i: number, y: number) => {
    const point = api.coord([x[i]!, y]);
    if (Number.isFinite(point[0]) && Number.isFinite(point[1])) points.push(point);
  };
  for (let i = 0; i < x.length; i++) add(i, band!.max[i]!);
  for (let i = x.length - 1; i >= 0; i--) add(i, band!.min[i]!);
  return points;
}

function bandOf(line: Line) {
  return {
    type: 'custom',
    silent: true,
    clip: true,
    z: 1,
    data: [[line.x[0], line.y[0]]],
    renderItem: (_: unknown, api: DrawApi) => ({
      type: 'polygon',
      shape: { points: polygon(api, line) },
      style: { fill: line.color, opacity: 0.16 },
    }),
  };
}

function seriesOf(line: Line, ground: string) {
  return {
    type: 'line',
    name: line.name,
    data: line.x.map((x, i) => [x, line.y[i]]),
    symbol: line.symbols ? 'circle' : 'none',
    symbolSize: 5,
    silent: true,
    connectNulls: false,
    z: 3,
    lineStyle: { width: line.width ?? 1.5, color: line.color, type: line.dash },
    itemStyle: { color: ground, borderColor: line.color, borderWidth: 1.5 },
  };
}

/** How far beyond what is visible a line is drawn, in heights of the plot: not as far as drawing programs fail. */
const BEYOND = 20;

/** Lines without what lies absurdly far out of the range, which a diverging run has. */
function within(lines: readonly Line[], range: LineChart['range']): readonly Line[] {
  const [low, high] = range ?? [null, null];
  if (low === null || high === null) return lines;
  const far = BEYOND * (high - low);
  const near = (value: number) => Math.min(high + far, Math.max(low - far, value));
  return lines.map(({ y, band, ...line }) => ({
    ...line,
    y: y.map((value) => (value === null ? null : near(value))),
    ...(band && { band: { min: band.min.map(near), max: band.max.map(near) } }),
  }));
}

/** Room around the plot, for whoever has to know where it lies. */
export const MARGIN = { left: 54, right: 26, top: 12, bottom: 24 };

export function lineOption(chart: LineChart): EChartsCoreOption {
  const ink = INK[chart.theme];
  const { axis, logX = false, logY = false, range = [null, null], references = [] } = chart;
  const lines = logY ? chart.lines : within(chart.lines, range);
  const label = { color: ink.faint, fontSize: 11 };
  const [low, high] = logY ? logRange(lines, range) : range;
  const ticks = logY && low !== null && high !== null ? logTicks(low, high) : undefined;
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { ...MARGIN, ...(chart.right !== undefined && { right: chart.right }) },
    xAxis: {
      type: logX ? 'log' : 'value',
      min: 'dataMin',
      max: 'dataMax',
      // Steps are whole, and so are the ticks of a run that has had three of them.
      ...(axis === 'step' && { minInterval: 1 }),
      axisLine: { onZero: false, lineStyle: { color: ink.faint } },
      axisTick: { lineStyle: { color: ink.faint } },
      axisLabel: {
        ...label,
        hideOverlap: true,
        showMaxLabel: false,
        formatter: (value: number) => position(axis, value),
      },
      splitLine: { show: false },
    },
    yAxis: {
      type: logY ? 'log' : 'value',
      scale: true,
      ...(low !== null && { min: low }),
      ...(high !== null && { max: high }),
      ...(ticks && { axisTick: { customValues: ticks } }),
      axisLabel: {
        ...label,
        ...(ticks && { customValues: ticks }),
        formatter: (value: number) =>
          Math.abs(value) >= 1e4
            ? short(value).replace(/\.?0+ /, ' ')
            : withoutZeros(figure(value)),
        showMinLabel: false,
        showMaxLabel: false,
      },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    series: [
      ...lines.filter(({ band, x }) => band && x.length > 0).map(bandOf),
      ...lines.map((line) => seriesOf(line, ink.ground)),
      lettersOf(lines),
      ...(references.length > 0 ? [referencesOf(references, ink)] : []),
    ],
  };
}

/** Where a logarithmic axis ends by itself: a little beyond the values, and not at the next powers of ten. */
function logRange(
  lines: readonly Line[],
  [low, high]: readonly (number | null)[],
): readonly [number | null, number | null] {
  let [least, greatest] = [Infinity, 0];
  for (const { y, band } of lines) {
    for (const values of [y, band?.min ?? [], band?.max ?? []]) {
      for (const value of values) {
        if (value === null || !(value > 0 && value < Infinity)) continue;
        least = Math.min(least, value);
        greatest = Math.max(greatest, value);
      }
    }
  }
  if (greatest === 0) return [low ?? null, high ?? null];
  const room = Math.max(1.02, (greatest / least) ** 0.05);
  // A range that was meant for a linear axis may begin at or below 0.
  return [low && low > 0 ? low : least / room, high && high > 0 ? high : greatest * room];
}

/** Leading digits that are labelled, by how many decades there are. */
const MANTISSAS: readonly (readonly [number, readonly number[]])[] = [
  [
    0.35,
    [
      1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4, 4.5, 5, 5.5,
      6, 6.5, 7, 8, 9,
    ],
  ],
  [0.8, [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]],
  [1.3, [1, 2, 3, 5, 7]],
  [2.5, [1, 2, 5]],
];

/** Values to label on a logarithmic axis that is too short for powers of ten alone. */
function logTicks(low: number, high: number): number[] | undefined {
  const mantissas = MANTISSAS.find(([decades]) => Math.log10(high / low) <= decades)?.[1];
  if (!mantissas) return undefined;
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
    // Through text: 3 · 10^−4 is not 0.0003.
    ticks.push(...mantissas.map((mantissa) => Number(`${mantissa}e${e}`)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function referencesOf(
  references: NonNullable<LineChart['references']>,
  ink: (typeof INK)['light'],
) {
  return {
    type: 'line',
    data: [],
    silent: true,
    z: 5,
    markLine: {
      symbol: 'none',
      silent: true,
      animation: false,
      lineStyle: { color: ink.faint, type: [3, 3], width: 1 },
      // Over the curves, on ground of its own.
      label: {
        ...{ position: 'insideEndTop', distance: 3, color: ink.faint, fontSize: 10.5 },
        ...{ backgroundColor: ink.ground, padding: [1, 3] },
      },
      data: references.map(({ label, y }) => ({ yAxis: y, label: { formatter: label } })),
    },
  };
}
