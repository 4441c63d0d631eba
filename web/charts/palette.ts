/**
 * How runs are told apart: by colour, by dash, and by a letter at the line's end, so that no one of the three is
 * needed. The colours keep 3 : 1 against their ground.
 */
export interface Ink {
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly ground: string;
  readonly series: readonly string[];
}

export const INK: Readonly<Record<'light' | 'dark', Ink>> = {
  light: {
    text: '#1c2128',
    faint: '#5c6570',
    grid: '#e4e7eb',
    ground: '#ffffff',
    series: [
      '#1f5fa8',
      '#b4530a',
      '#1d7a4c',
      '#7b3fa1',
      '#b3261e',
      '#00707a',
      '#7a5c1e',
      '#a8336e',
    ],
  },
  dark: {
    text: '#e2e6eb',
    faint: '#98a2ae',
    grid: '#2a3038',
    ground: '#15191f',
    series: [
      '#6aa9f0',
      '#eb9550',
      '#5cc08c',
      '#be8be0',
      '#f0837b',
      '#4fc3c9',
      '#cdae6a',
      '#e684b4',
    ],
  },
};

const DASHES: readonly (readonly number[] | 'solid')[] = ['solid', [6, 3], [2, 2], [8, 3, 2, 3]];

/** Of the run at a place in the list of those compared. */
export interface Mark {
  readonly letter: string;
  readonly color: string;
  readonly dash: readonly number[] | 'solid';
}

export function markOf(index: number, theme: 'light' | 'dark'): Mark {
  const { series } = INK[theme];
  const letter =
    String.fromCharCode(65 + (index % 26)) + (index >= 26 ? Math.floor(index / 26) : '');
  return {
    letter,
    color: series[index % series.length]!,
    dash: DASHES[(index + Math.floor(index / series.length)) % DASHES.length]!,
  };
}

/** Of a part of a model: from blue at the model's beginning to orange at its end. */
export function colorOf(index: number, count: number, dark: boolean): string {
  const share = count > 1 ? index / (count - 1) : 0;
  const hue = (215 + share * 180) % 360;
  return `hsl(${Math.round(hue)}, ${dark ? 60 : 55}%, ${dark ? 66 : 40}%)`;
}
