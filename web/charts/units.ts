/** Which units were silent when. */
import type { InsideReply } from '../../src/lab/explorer/inside.js';

/** Rows of a map: of more units, neighbours share one. */
const MOST_ROWS = 256;

export type Units = InsideReply['units'][number];

export function unitRows(units: number): number {
  return Math.min(MOST_ROWS, units);
}

function bitsOf(packed: string | null, units: number): Uint8Array {
  const bits = new Uint8Array(units);
  if (!packed) return bits;
  const bytes = atob(packed);
  for (let i = 0; i < units; i++) bits[i] = ((bytes.charCodeAt(i >> 3) || 0) >> (i & 7)) & 1;
  return bits;
}

/** Whether any unit was silent at any step: base64 of zeros alone is all A. */
export function wasSilent({ silent }: Units): boolean {
  return silent.some((packed) => packed !== null && /[^A=]/.test(packed));
}

/** For each measured step and row, the share of the row's units that were silent. */
export function silentShares({ units, silent }: Units): number[][] {
  const rows = unitRows(units);
  const group = units / rows;
  return silent.map((packed) => {
    const bits = bitsOf(packed, units);
    return Array.from({ length: rows }, (_, y) => {
      const [from, to] = [Math.floor(y * group), Math.floor((y + 1) * group)];
      let sum = 0;
      for (let i = from; i < to; i++) sum += bits[i]!;
      return sum / Math.max(1, to - from);
    });
  });
}
