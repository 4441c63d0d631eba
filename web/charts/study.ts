/** Means over seeds with their intervals, as a study's page shows them. */
import type {
  CustomSeriesRenderItemAPI,
  CustomSeriesRenderItemParams,
  CustomSeriesRenderItemReturn,
} from 'echarts';
import type { EChartsCoreOption } from 'echarts/core';
import type { ChartPoint, StudyPicture } from '../../src/study/picture.js';
import { INK, markOf } from './palette.js';

/** Room for a row of dots, and for what is around them. */
const ROW = 19;
const AROUND = 60;
/** A character of a label, about. */
const LETTER = 6.3;

/** How high a picture must be. */
export function studyHeight(picture: StudyPicture): number {
  return picture.kind === 'dots' ? AROUND + ROW * (picture.labels?.length ?? 0) : 300;
}

/** In the light theme's colours; `forBothThemes` gives the dark ones beside them. */
export function studyOption(picture: StudyPicture): EChartsCoreOption {
  return picture.kind === 'dots' ? dots(picture) : lines(picture);
}

const ink = INK.light;

function axis(name: string, log: boolean) {
  return {
    type: log ? 'log' : 'value',
    scale: true,
    name,
    nameLocation: 'middle',
    nameTextStyle: { color: ink.faint, fontSize: 11 },
    axisLabel: { color: ink.faint, fontSize: 11, hideOverlap: true, formatter: short },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: ink.grid } },
  };
}

function short(value: number): string {
  return Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(0).replace('e+', 'e')
    : String(Number(value.toPrecision(4)));
}

/** The least and greatest of what is drawn: custom series do not stretch an axis. */
function extent(points: readonly ChartPoint[], log: boolean) {
  const all = points.flatMap(({ mean, low, high }) => [mean, low ?? mean, high ?? mean]);
  const shown = all.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const [min, max] = [Math.min(...shown), Math.max(...shown)];
  if (shown.length === 0) return {};
  if (log) return { min: 10 ** (Math.log10(min) - 0.05), max: 10 ** (Math.log10(max) + 0.05) };
  const room = (max - min || Math.abs(max) || 1) * 0.06;
  return { min: min - room, max: max + room };
}

function dots({ labels = [], measure, log, series }: StudyPicture): EChartsCoreOption {
  const points = series[0]!.points;
  const longest = Math.max(...labels.map((label) => label.length));
  const color = ink.series[0]!;
  const renderItem = (
    _: CustomSeriesRenderItemParams,
    api: CustomSeriesRenderItemAPI,
  ): CustomSeriesRenderItemReturn => {
    const place = (value: number) => api.coord([value, api.value(1)]) as [number, number];
    const [x, y] = place(api.value(0) as number);
    const [x1] = place(api.value(2) as number);
    const [x2] = place(api.value(3) as number);
    return {
      type: 'group',
      children: [
        { type: 'line', shape: { x1, x2, y1: y, y2: y }, style: { stroke: color, lineWidth: 2 } },
        { type: 'circle', shape: { cx: x, cy: y, r: 4 }, style: { fill: color } },
      ],
    };
  };
  return {
    animation: false,
    grid: { left: Math.min(300, 16 + longest * LETTER), right: 20, top: 8, bottom: 40 },
    xAxis: { ...axis(measure, log), nameGap: 24, ...extent(points, log) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels,
      axisLabel: { color: ink.text, fontSize: 11, interval: 0 },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: true, lineStyle: { color: ink.grid } },
    },
    series: [
      {
        type: 'custom',
        renderItem,
        data: points.map(({ x, mean, low, high }) => [mean, x, low ?? mean, high ?? mean]),
      },
    ],
  };
}

function lines(picture: StudyPicture): EChartsCoreOption {
  const { labels, measure, across, log, logAcross, series, kind } = picture;
  const all = series.flatMap(({ points }) => points);
  return {
    animation: false,
    grid: { left: 62, right: 20, top: 12, bottom: 44 },
    xAxis: labels
      ? {
          type: 'category',
          data: labels,
          axisLabel: { color: ink.faint, fontSize: 11, interval: 0 },
          axisLine: { lineStyle: { color: ink.grid } },
          axisTick: { show: false },
        }
      : { ...axis(across, logAcross), nameGap: 26 },
    yAxis: { ...axis(measure, log), nameGap: 46, ...extent(all, log) },
    series: series.flatMap(({ points }, i) => {
      const { color, dash } = markOf(i, 'light');
      const line = {
        type: 'line',
        silent: true,
        symbol: 'circle',
        symbolSize: kind === 'curves' ? 3 : 6,
        lineStyle: { color, width: 2, type: dash },
        itemStyle: { color },
        data: points.map(({ x, mean }) => [x, mean]),
      };
      return [line, intervals(points, color)];
    }),
  };
}

function intervals(points: readonly ChartPoint[], color: string) {
  const renderItem = (
    _: CustomSeriesRenderItemParams,
    api: CustomSeriesRenderItemAPI,
  ): CustomSeriesRenderItemReturn => {
    const [x, y1] = api.coord([api.value(0), api.value(1)]) as [number, number];
    const [, y2] = api.coord([api.value(0), api.value(2)]) as [number, number];
    const style = { stroke: color, lineWidth: 1.2 };
    const cap = (y: number) => ({
      type: 'line' as const,
      shape: { x1: x - 4, x2: x + 4, y1: y, y2: y },
      style,
    });
    return {
      type: 'group',
      children: [{ type: 'line', shape: { x1: x, x2: x, y1, y2 }, style }, cap(y1), cap(y2)],
    };
  };
  const data = points.flatMap(({ x, low, high }) => (low === null ? [] : [[x, low, high]]));
  return { type: 'custom', silent: true, renderItem, data, encode: { x: 0, y: [1, 2] } };
}

/**
 * The same picture for either theme: where a page is dark, each of the light colours becomes the dark one in its
 * place.
 */
export function forBothThemes(svg: string): string {
  const { light, dark } = INK;
  const pairs: (readonly [string, string])[] = [
    ...(['text', 'faint', 'grid', 'ground'] as const).map((k) => [light[k], dark[k]] as const),
    ...light.series.map((color, i) => [color, dark.series[i]!] as const),
  ];
  const rules = pairs
    .map(([a, b]) => `[fill="${a}"]{fill:${b}}[stroke="${a}"]{stroke:${b}}`)
    .join('');
  return svg.replace(
    '<title>',
    `<style>@media(prefers-color-scheme:dark){${rules}}</style>\n<title>`,
  );
}
