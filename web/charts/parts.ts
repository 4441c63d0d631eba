/** Many lines over the steps, one for each part of a model. */
import type { EChartsCoreOption } from 'echarts/core';
import { lineOption } from './lines.js';
import { colorOf, INK } from './palette.js';

export interface Part {
  readonly path: string;
  readonly values: readonly (number | null)[];
}

export interface PartsChart {
  readonly steps: readonly number[];
  readonly parts: readonly Part[];
  readonly theme: 'light' | 'dark';
  readonly guides?: readonly { readonly label: string; readonly y: number }[];
  /** Least and greatest of y; a null leaves it to the values. */
  readonly range?: readonly [number | null, number | null];
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** The part that stands out: the others are faint then. */
  readonly focused?: string | undefined;
}

export function partsOption(chart: PartsChart): EChartsCoreOption {
  const { steps, parts, theme, guides, focused, ...rest } = chart;
  const hasFocus = parts.some(({ path }) => path === focused);
  const lines = parts.map(({ path, values }, i) => {
    const isIt = path === focused;
    const isFaint = hasFocus && !isIt;
    const color = isFaint ? INK[theme].grid : colorOf(i, parts.length, theme === 'dark');
    return {
      ...{ name: path, color, dash: 'solid' as const, width: isIt ? 2.2 : 1.1 },
      ...{ x: steps, y: values },
    };
  });
  // What is looked at lies over the others.
  const sorted = [...lines].sort((a, b) => Number(a.name === focused) - Number(b.name === focused));
  return lineOption({
    ...{ axis: 'step', lines: sorted, theme, right: 12, ...rest },
    ...(guides && { references: guides }),
  });
}
