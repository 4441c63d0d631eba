/**
 * A tensor as text, as PyTorch shows it: values rounded to four digits and aligned, long dimensions cut
 * to their ends, and behind them the shape and where a gradient comes from.
 */
import type { DType } from '../backend/backend.js';
import { formatShape } from '../util/shape.js';
import type { Tensor } from './tensor.js';

/** Digits behind the point. */
const PRECISION = 4;
/** With more elements than this, each dimension shows its ends alone. */
const MOST_SHOWN = 1000;
/** How many entries an end has. */
const EDGE = 3;
/** Columns of a line. */
const LINE = 80;
const CUT = '…';
const START = 'tensor(';

/** `tensor([[0.1000, 0.2000], …], shape (2, 2), gradient from mul)`; one that was freed says so. */
export function formatTensor(x: Tensor): string {
  const notes = notesOf(x);
  if (x.storage.isFreed) return `${START}${['freed', ...notes].join(', ')})`;
  if (x.numel === 0) return `${START}${['[]', ...notes].join(', ')})`;
  const cut = x.numel > MOST_SHOWN;
  const shown = shownEntries(x, cut);
  const texts = formatAll(shown.values, x.dtype);
  const body = layOut(x.ndim, shown.positions, texts);
  return `${START}${[body, ...notes].join(', ')})`;
}

function notesOf(x: Tensor): string[] {
  const notes = x.ndim === 0 ? [] : [`shape ${formatShape(x.shape)}`];
  if (x.dtype !== 'float32') notes.push(x.dtype);
  if (x.node) notes.push(`gradient from ${x.node.name}`);
  else if (x.requiresGrad) notes.push('requires gradient');
  return notes;
}

/** The positions of a dimension that are shown; −1 stands for those left out. */
function shownOf(size: number, cut: boolean): number[] {
  if (!cut || size <= 2 * EDGE) return Array.from({ length: size }, (_, i) => i);
  const ends = Array.from({ length: EDGE }, (_, i) => i);
  return [...ends, -1, ...ends.map((i) => size - EDGE + i)];
}

/** Of every dimension the positions shown, and the values there in order. Only these are read. */
function shownEntries(x: Tensor, cut: boolean): { positions: number[][]; values: number[] } {
  const positions = x.shape.map((size) => shownOf(size, cut));
  const values: number[] = [];
  const read = (dim: number, at: number): void => {
    if (dim >= x.ndim - 1) {
      for (const [start, count] of runsOf(x.ndim === 0 ? [0] : positions[dim])) {
        const part = x.alias([count], x.offset + at + start);
        values.push(...part.doublesSync());
      }
      return;
    }
    const stride = x.shape.slice(dim + 1).reduce((product, size) => product * size, 1);
    for (const i of positions[dim]) if (i >= 0) read(dim + 1, at + i * stride);
  };
  read(0, 0);
  return { positions, values };
}

/** Neighbouring positions, to be read at once: `[start, count]`. */
function runsOf(positions: readonly number[]): [start: number, count: number][] {
  const cutAt = positions.indexOf(-1);
  if (cutAt < 0) return [[0, positions.length]];
  return [
    [0, cutAt],
    [positions[cutAt + 1], positions.length - cutAt - 1],
  ];
}

/** Every value in the form that suits them all, padded to one width. */
function formatAll(values: readonly number[], dtype: DType): string[] {
  const format = dtype === 'float32' ? formOf(values) : dtype === 'int32' ? String : truth;
  const texts = values.map(format);
  const width = Math.max(...texts.map((text) => text.length));
  return texts.map((text) => text.padStart(width));
}

const truth = (value: number) => (value === 0 ? 'false' : 'true');

/** Whole numbers as `3.`, others with four digits, and powers of ten where the sizes lie far apart: PyTorch's rules. */
function formOf(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const most = Math.max(...sizes);
  const least = Math.min(...sizes);
  const whole = sizes.every(Number.isInteger);
  const scientific =
    sizes.length > 0 && (most / least > 1000 || most > 1e8 || (!whole && least < 1e-4));
  return (value) => {
    if (Number.isNaN(value)) return 'nan';
    if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
    if (scientific) return exponential(value);
    return whole ? `${Object.is(value, -0) ? '-0' : value}.` : value.toFixed(PRECISION);
  };
}

/** `1.2340e-05`, two digits at least in the exponent. */
function exponential(value: number): string {
  return value.toExponential(PRECISION).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Brackets, line breaks and the marks of what was left out. */
function layOut(ndim: number, positions: number[][], texts: string[]): string {
  let next = 0;
  const build = (dim: number): string => {
    if (dim === ndim) return texts[next++];
    const inner = positions[dim].map((i) => (i < 0 ? CUT : build(dim + 1)));
    const indent = ' '.repeat(START.length + dim + 1);
    if (dim === ndim - 1) return `[${wrap(inner, indent)}]`;
    // A blank line between matrices, two between stacks of them.
    return `[${inner.join(`,${'\n'.repeat(ndim - 1 - dim)}${indent}`)}]`;
  };
  return build(0);
}

/** Entries of the last dimension, as many to a line as fit. */
function wrap(entries: readonly string[], indent: string): string {
  const width = Math.max(...entries.map((entry) => entry.length)) + 2;
  const perLine = Math.max(1, Math.floor((LINE - indent.length) / width));
  const lines: string[] = [];
  for (let i = 0; i < entries.length; i += perLine) {
    lines.push(entries.slice(i, i + perLine).join(', '));
  }
  return lines.join(`,\n${indent}`);
}
