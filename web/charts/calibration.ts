/** How often predictions are right, over how sure they are. */
import type { EChartsCoreOption } from 'echarts/core';
import { lineOption } from './lines.js';
import { INK } from './palette.js';

interface Bin {
  readonly tokens: number;
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

export function calibrationOption(
  bins: readonly Bin[],
  theme: 'light' | 'dark',
): EChartsCoreOption {
  const ink = INK[theme];
  const kept = bins.filter(
    ({ tokens, confidence, accuracy }) => tokens > 0 && confidence !== null && accuracy !== null,
  );
  return lineOption({
    axis: 'share',
    theme,
    lines: [
      { name: 'perfect', color: ink.faint, dash: [3, 3], width: 1, x: [0, 1], y: [0, 1] },
      {
        ...{ name: 'measured', color: ink.series[0]!, dash: 'solid', symbols: true },
        x: kept.map(({ confidence }) => confidence!),
        y: kept.map(({ accuracy }) => accuracy!),
      },
    ],
    range: [0, 1],
  });
}
