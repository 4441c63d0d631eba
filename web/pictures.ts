/** A report's charts as SVG, drawn without a browser: bundled for Node. */
import { CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type {
  Axis,
  PictureOptions,
  PictureSource,
  ReportData,
  ReportRun,
  RunCurves,
} from '../src/lab/protocol.js';
import { matchesTensor } from '../src/runs/probe-pattern.js';
import type { DrawStudy } from '../src/study/picture.js';
import { calibrationOption } from './charts/calibration.js';
import {
  type InsideChart,
  insideCharts,
  predictionCharts,
  ratioChart,
} from './charts/inside-parts.js';
import { colorOf, INK, markOf } from './charts/palette.js';
import { partsOption } from './charts/parts.js';
import { framed, type LegendLine, mapPicture } from './charts/picture.js';
import { referenceLines } from './charts/references.js';
import { ridgelineOption, ridgesOf } from './charts/ridgeline.js';
import { lossOption, metricOption, SMALL_CHARTS } from './charts/runs.js';
import { forBothThemes, studyHeight, studyOption } from './charts/study.js';
import { silentShares, wasSilent } from './charts/units.js';
import { figure, loss, whole } from './format.js';
import { seriesOf } from './report-series.js';

echarts.use([CustomChart, GridComponent, LineChart, MarkLineComponent, SVGRenderer]);

const WIDTH = 640;
const HEIGHT = 300;
/** The weight of the average that losses are drawn with. */
const SMOOTHING = '0.8';

type Theme = PictureOptions['theme'];

function drawn(option: echarts.EChartsCoreOption, height = HEIGHT): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** All pictures of a report, by name. */
export const picturesOf: PictureSource = (data, options) => {
  const { theme } = options;
  const pictures: [string, string][] = comparison(data, theme);
  for (const run of data.runs) {
    for (const [name, svg] of inside(run, options)) pictures.push([`${run.row.name}-${name}`, svg]);
  }
  return pictures.map(([name, svg]) => ({ name, svg }));
};

/** A picture of a study's page. */
export const drawStudy: DrawStudy = (picture) => {
  const { title, series } = picture;
  const legend = series.length > 1 ? series.map(({ name }, i) => namedLine(name, i)) : [];
  const svg = drawn(studyOption(picture), studyHeight(picture));
  return forBothThemes(framed(svg, { title, legend, theme: 'light' }));
};

function namedLine(text: string, index: number): LegendLine {
  const { color, dash } = markOf(index, 'light');
  return { color, dash, text, value: '' };
}

function comparison(data: ReportData, theme: Theme): [string, string][] {
  const byName = new Map(data.runs.map((run) => [run.row.name, run]));
  const order = [...byName.keys()];
  const query = new URLSearchParams({ axis: 'step' satisfies Axis, smoothing: SMOOTHING });
  query.set('metrics', 'loss,lr,gradNorm,tokensPerSecond');
  for (const name of order) query.append('run', name);
  const { runs } = seriesOf(byName, query);
  const chart = { ...{ runs, order, axis: 'step', theme }, ...{ logX: false, logY: false } };
  const rows = data.runs.map(({ row }) => row);
  const references = referenceLines(rows, data.runs[0]?.yardsticks);
  const legend = (value: (run: RunCurves) => string): LegendLine[] =>
    runs.map((run, i) => {
      const { color, dash, letter } = markOf(i, theme);
      return { color, dash, text: `${letter} ${run.name}`, value: value(run) };
    });
  const option = lossOption({ ...chart, fit: true, zoom: null, references });
  const validation = legend(({ evaluations }) => loss(evaluations.loss.at(-1)));
  const title = 'Loss; dotted, validation';
  return [
    ['loss', framed(drawn(option), { title, legend: validation, theme })],
    ...SMALL_CHARTS.map(([metric, title, logY]): [string, string] => {
      const values = legend(({ curves }) => figure(curves[metric]?.mean.at(-1)));
      const svg = drawn(metricOption(metric, { ...chart, logY }));
      return [slug(title), framed(svg, { title, legend: values, theme })];
    }),
  ];
}

function inside(run: ReportRun, { theme, tensors }: PictureOptions): [string, string][] {
  const { inside: reply, row } = run;
  if (!reply || reply.steps.length === 0) return [];
  const { steps } = reply;
  const named = (text: string) => `${row.name}: ${text}`;
  const parts = (chart: InsideChart): string => {
    const { guides, range, logY = false } = chart;
    const legend = chart.parts.map(({ path, values }, i) => ({
      ...{ color: colorOf(i, chart.parts.length, theme === 'dark'), dash: 'solid' as const },
      ...{ text: path || 'model', value: chart.format(values.at(-1) ?? null) },
    }));
    const option = partsOption({
      ...{ steps, parts: chart.parts, theme, logX: true, logY },
      ...(guides && { guides }),
      ...(range && { range }),
    });
    return framed(drawn(option), { title: named(chart.title), legend, theme });
  };
  const pictures: [string, string][] = [
    ['updates', parts(ratioChart(reply, 'updateToData'))],
    ['gradients-to-data', parts(ratioChart(reply, 'gradientToData'))],
    ...[...insideCharts(reply), ...predictionCharts(reply)].map((chart): [string, string] => [
      NAMES[chart.id] ?? chart.id,
      parts(chart),
    ]),
  ];
  const { last } = reply.predictions;
  if (last) {
    const title = named('calibration: accuracy over confidence');
    pictures.push([
      'calibration',
      framed(drawn(calibrationOption(last.calibration, theme)), { title, legend: [], theme }),
    ]);
  }
  for (const layer of reply.units.filter(wasSilent)) {
    const dead = layer.dead.at(-1) ?? 0;
    const title = named(
      `silent units of ${layer.path}, ${whole(dead)} of ${whole(layer.units)} dead`,
    );
    const color = theme === 'dark' ? '#f0837b' : '#b3261e';
    const ends = [whole(steps[0]!), whole(steps.at(-1)!)] as const;
    const map = mapPicture(silentShares(layer), { color, ends, theme });
    pictures.push([`silent-${slug(layer.path)}`, framed(map, { title, legend: [], theme })]);
  }
  for (const tensor of run.tensors) {
    if (tensors === undefined || !matchesTensor([tensors], tensor.kind, tensor.path)) continue;
    const { series } = INK[theme];
    const name = `${tensor.kind}:${tensor.path}`;
    const colors = [series[0]!, series[1]!] as const;
    const option = ridgelineOption({ rows: ridgesOf(tensor), theme, colors });
    pictures.push([
      `distribution-${slug(name)}`,
      framed(drawn(option), { title: named(name), legend: [], theme }),
    ]);
  }
  return pictures;
}

/** Better names than those of places on the page. */
const NAMES: Readonly<Record<string, string>> = {
  gradients: 'gradient-norms',
  units: 'dead-units',
  'batch-norms': 'batch-norm-drift',
  spread: 'attention-spread',
  clipped: 'clipped-steps',
};

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^\w.]+/g, '-')
      .replace(/^-|-$/g, '') || 'model'
  );
}
