/** Tokens as points, in colours by kind, with their text where there are few. */
import type { EChartsCoreOption } from 'echarts/core';
import { figure, visible, withoutZeros } from '../format.js';
import { INK } from './palette.js';

interface Point {
  readonly id: number;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly kind: string;
}

/** Of more points, only the text of the one that was chosen is written. */
const MOST_TEXTS = 200;

export function scatterOption(
  points: readonly Point[],
  kinds: readonly string[],
  theme: 'light' | 'dark',
  chosen: number | undefined,
): EChartsCoreOption {
  const ink = INK[theme];
  const isWritten = points.length <= MOST_TEXTS;
  const axis = {
    type: 'value',
    scale: true,
    axisLabel: {
      ...{ color: ink.faint, fontSize: 11 },
      formatter: (value: number) => withoutZeros(figure(value)),
    },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: ink.grid } },
  };
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 40, right: 16, top: 12, bottom: 24 },
    xAxis: axis,
    yAxis: axis,
    series: kinds.map((kind, i) => ({
      type: 'scatter',
      silent: true,
      symbolSize: isWritten ? 1 : 5,
      itemStyle: { color: ink.series[i % ink.series.length]!, opacity: 0.75 },
      data: points
        .filter((point) => point.kind === kind)
        .map(({ id, x, y, text }) => ({
          value: [x, y],
          label: {
            show: isWritten || id === chosen,
            formatter: visible(text).replaceAll('{', '｛'),
            position: isWritten ? 'inside' : 'right',
            color: ink.series[i % ink.series.length]!,
            fontFamily: 'monospace',
            fontSize: id === chosen ? 18 : 13,
            fontWeight: id === chosen ? 700 : 500,
          },
        })),
    })),
  };
}
