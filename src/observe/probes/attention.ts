/** How attention is spread, by head. */
import type { ModelProbe } from '../../runs/probe-records.js';
import { type OperationCall, Scope, type Tensor } from '../../tensor/index.js';
import { mapsOfCall } from '../../tensor/internal.js';
import { figure } from './figures.js';

type AttentionRecord = ModelProbe['attention'][number];

/** Weights of one layer that are looked at, about. */
const MOST_WEIGHTS = 1 << 20;
/** Rows and columns of a coarse map, at most. */
const SIDE = 12;

/** What the heads of one attention do, from its maps before dropout; undefined for a call without queries. */
export function attentionRecord(path: string, call: OperationCall): AttentionRecord | undefined {
  if (call.inputs.some((x) => x.numel === 0)) return undefined;
  using _maps = new Scope();
  const maps = mapsOfCall(call, MOST_WEIGHTS); // (B, H, T, T)
  const [, heads, queries, keys] = maps.shape;
  const entropies = entropyOf(maps).mean(0).doublesSync(); // (H, T)
  const mean = maps.mean(0).dataSync(); // (H, T, T)
  const side = Math.min(SIDE, queries, keys);
  const window = windowOf(call, keys);
  return {
    path,
    side,
    heads: Array.from({ length: heads }, (_, h) => {
      const map = mean.subarray(h * queries * keys, (h + 1) * queries * keys);
      return {
        ...spread(entropies.subarray(h * queries, (h + 1) * queries), keys, window),
        ...ends(map, queries, keys),
        map: coarse(map, queries, keys, side),
      };
    }),
  };
}

/** −Σ p ln p of each query: (B, H, T, T) → (B, H, T). */
function entropyOf(maps: Tensor): Tensor {
  return maps.clamp(1e-30).log().mul(maps).sum(-1).neg();
}

function windowOf({ options }: OperationCall, keys: number): number {
  const { window } = (options as { size: { window: number } }).size;
  return Math.min(window, keys);
}

function spread(entropies: Float64Array, keys: number, window: number) {
  let [sum, shares, count] = [0, 0, 0];
  entropies.forEach((entropy, query) => {
    const inSight = Math.min(window, query + 1 + keys - entropies.length);
    sum += entropy;
    if (inSight < 2) return; // there is nothing to choose
    shares += entropy / Math.log(inSight);
    count++;
  });
  return { entropy: figure(sum / entropies.length), relative: figure(shares / count) };
}

function ends(map: ArrayLike<number>, queries: number, keys: number) {
  let [first, self] = [0, 0];
  for (let q = 0; q < queries; q++) {
    first += map[q * keys];
    self += map[q * keys + q + keys - queries];
  }
  return { first: figure(first / queries), self: figure(self / queries) };
}

/** Row by row up to the diagonal: what the queries of a stretch pay to each stretch of keys, on average. */
function coarse(
  map: ArrayLike<number>,
  queries: number,
  keys: number,
  side: number,
): (number | null)[] {
  const cellOf = Int32Array.from({ length: keys }, (_, at) => Math.floor((at * side) / keys));
  const sums = new Float64Array(side * side);
  const rows = new Float64Array(side);
  for (let q = 0; q < queries; q++) {
    const self = q + keys - queries; // keys after it have no weight
    const row = cellOf[self];
    rows[row]++;
    for (let k = 0; k <= self; k++) sums[row * side + cellOf[k]] += map[q * keys + k];
  }
  const cells: (number | null)[] = [];
  for (let row = 0; row < side; row++) {
    for (let col = 0; col <= row; col++) {
      const value = sums[row * side + col] / rows[row];
      cells.push(Number.isFinite(value) ? Number(value.toPrecision(2)) : null);
    }
  }
  return cells;
}
