/** What is around a chart when it stands alone: ground, title and a list of its lines. */
import { INK } from './palette.js';

export interface LegendLine {
  readonly color: string;
  readonly dash: readonly number[] | 'solid';
  readonly text: string;
  readonly value: string;
}

interface Frame {
  readonly title: string;
  readonly legend: readonly LegendLine[];
  readonly theme: 'light' | 'dark';
}

const HEAD = 30;
const LEGEND = 250;
const LINE = 16;
/** Characters of a path in the list. */
const MOST_TEXT = 28;
const FONT = 'font-family="system-ui, Helvetica, Arial, sans-serif"';
const WIDTH = 640;

function escaped(text: string): string {
  // What is no character of XML is no part of a picture either.
  const shown = text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
  return shown.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The end says more than the beginning: `…mlp.cFc.weight`. */
function shortened(text: string): string {
  const signs = [...text];
  return signs.length > MOST_TEXT ? `…${signs.slice(1 - MOST_TEXT).join('')}` : text;
}

/** A picture that stands alone. @param svg of the chart. */
export function framed(svg: string, { title, legend, theme }: Frame): string {
  const ink = INK[theme];
  const [width, height] = sizeOf(svg);
  const full = legend.length > 0 ? width + LEGEND : width;
  const tall = HEAD + height;
  const room = Math.floor((height - 12) / LINE);
  const listed = legend.length > room ? legend.slice(0, room - 1) : legend;
  const lines = listed.map(({ color, dash, text, value }, i) => {
    const y = HEAD + 18 + i * LINE;
    const dashes = dash === 'solid' ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
    return [
      `<line x1="${width + 4}" x2="${width + 22}" y1="${y - 4}" y2="${y - 4}" stroke="${color}" stroke-width="2"${dashes}/>`,
      `<text x="${width + 28}" y="${y}" fill="${ink.text}" font-size="11.5">${escaped(shortened(text))}</text>`,
      `<text x="${full - 10}" y="${y}" fill="${ink.faint}" font-size="11.5" text-anchor="end">${escaped(value)}</text>`,
    ].join('');
  });
  if (listed.length < legend.length) {
    const y = HEAD + 18 + listed.length * LINE;
    lines.push(
      `<text x="${width + 28}" y="${y}" fill="${ink.faint}" font-size="11.5">and ${legend.length - listed.length} more</text>`,
    );
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${full}" height="${tall}" viewBox="0 0 ${full} ${tall}" ${FONT}>`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${full}" height="${tall}" fill="${ink.ground}"/>`,
    `<text x="14" y="20" fill="${ink.text}" font-size="13" font-weight="600">${escaped(title)}</text>`,
    svg.replace('<svg ', `<svg y="${HEAD}" `),
    ...lines,
    '</svg>\n',
  ].join('\n');
}

function sizeOf(svg: string): [number, number] {
  const [, width, height] = /^<svg[^>]*? width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  return [Number(width ?? WIDTH), Number(height ?? 300)];
}

interface MapOptions {
  readonly color: string;
  /** What the first and the last column are. */
  readonly ends: readonly [string, string];
  readonly theme: 'light' | 'dark';
}

/** Shades that are told apart. */
const SHADES = 4;

/** Columns of shares from 0 to 1, as a map from left to right; equal neighbours are one rectangle. */
export function mapPicture(columns: readonly (readonly number[])[], options: MapOptions): string {
  const { color, ends, theme } = options;
  const [left, right, top, bottom, height] = [14, 14, 4, 22, 220];
  const rows = columns[0]?.length ?? 0;
  const [w, h] = [(WIDTH - left - right) / columns.length, (height - top - bottom) / rows];
  const paths = Array.from({ length: SHADES }, () => '');
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns.length; ) {
      const shade = Math.ceil(columns[x]![y]! * SHADES);
      let end = x + 1;
      while (end < columns.length && Math.ceil(columns[end]![y]! * SHADES) === shade) end++;
      if (shade > 0) {
        const [from, along] = [(left + x * w).toFixed(1), ((end - x) * w).toFixed(1)];
        paths[shade - 1] +=
          `M${from} ${(top + y * h).toFixed(2)}h${along}v${h.toFixed(2)}h-${along}z`;
      }
      x = end;
    }
  }
  const ink = INK[theme];
  const label = (x: number, anchor: string, text: string) =>
    `<text x="${x}" y="${height - 6}" fill="${ink.faint}" font-size="11" text-anchor="${anchor}">${escaped(text)}</text>`;
  return [
    `<svg width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<rect x="${left}" y="${top}" width="${WIDTH - left - right}" height="${height - top - bottom}" fill="none" stroke="${ink.grid}"/>`,
    ...paths.map((d, i) =>
      d ? `<path d="${d}" fill="${color}" fill-opacity="${(i + 1) / SHADES}"/>` : '',
    ),
    label(left, 'start', `step ${ends[0]}`),
    label(WIDTH - right, 'end', `step ${ends[1]}`),
    '</svg>',
  ].join('');
}
