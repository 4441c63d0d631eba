/** The letters of runs at the ends of their lines, none over another, all inside the plot's height. */
import type { Line } from './lines.js';

export interface Spot {
  readonly letter: string;
  readonly color: string;
  /** Pixels. */
  readonly x: number;
  readonly y: number;
}

/** Pixels between the middles of two letters one above the other: a line of text. */
const STEP = 12;
/** Pixels within which two letters are one above the other. */
const WIDTH = 12;

/** The same spots moved up and down until they are apart; in a plot that is too low for all they may overlap. */
export function apart(spots: readonly Spot[], top: number, bottom: number): Spot[] {
  const placed = [...spots].sort((a, b) => a.y - b.y);
  const move = (order: readonly number[], sign: 1 | -1, edge: number) => {
    for (const [k, i] of order.entries()) {
      const spot = placed[i]!;
      const before = order.slice(0, k).filter((j) => Math.abs(placed[j]!.x - spot.x) < WIDTH);
      const least = Math.max(sign * edge, ...before.map((j) => sign * placed[j]!.y + STEP));
      placed[i] = { ...spot, y: sign * Math.max(sign * spot.y, least) };
    }
  };
  const order = placed.map((_, i) => i);
  move(order, 1, top);
  move([...order].reverse(), -1, bottom);
  return placed;
}

interface DrawApi {
  coord(value: [number, number]): [number, number];
}
interface DrawParams {
  readonly coordSys: { x: number; y: number; width: number; height: number };
}

/** Where a line ends, in its own numbers. */
function endOf({ x, y }: Line): [number, number] | undefined {
  const at = y.findLastIndex((value) => value !== null && Number.isFinite(value));
  return at < 0 ? undefined : [x[at]!, y[at]!];
}

/** All letters of a chart as one series. */
export function lettersOf(lines: readonly Line[]) {
  const ends = lines.flatMap((line) => {
    const end = line.letter === undefined ? undefined : endOf(line);
    return end ? [{ letter: line.letter!, color: line.color, end }] : [];
  });
  return {
    type: 'custom',
    silent: true,
    clip: false,
    z: 6,
    data: ends.slice(0, 1).map(({ end }) => end),
    renderItem: ({ coordSys }: DrawParams, api: DrawApi) => {
      const [top, bottom] = [coordSys.y, coordSys.y + coordSys.height];
      const spots = ends
        .map(({ end, ...rest }) => {
          const [x, y] = api.coord(end);
          return { ...rest, x, y };
        })
        // A line that ends out of sight has no letter; half a pixel is rounding.
        .filter(({ y }) => y >= top - 0.5 && y <= bottom + 0.5);
      return {
        type: 'group',
        children: apart(spots, top, bottom).map(({ letter, color, x, y }) => ({
          type: 'text',
          style: {
            ...{ text: letter, x: x + 5, y, fill: color },
            ...{ align: 'left', verticalAlign: 'middle', font: '600 12px system-ui, sans-serif' },
          },
        })),
      };
    },
  };
}
