/**
 * What a step takes on many ranks, each with the same share of windows: its own work, which is measured, and a
 * sum of gradients over a network of which latency and bandwidth are known.
 */

/** Something that ranks talk over. A sum over two ranks takes latencyMs + bytes / gigabytesPerSecond. */
export interface Network {
  readonly name: string;
  readonly latencyMs: number;
  readonly gigabytesPerSecond: number;
}

/** Two that are usual in clusters, as bandwidth that programs see: nine tenths of the line's. */
export const CLUSTERS: readonly Network[] = [
  { name: '10 Gb/s Ethernet', latencyMs: 0.06, gigabytesPerSecond: 1.1 },
  { name: '100 Gb/s InfiniBand', latencyMs: 0.006, gigabytesPerSecond: 11 },
];
export const RANKS = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/**
 * Milliseconds of a sum by recursive halving and doubling: at each of log2(ranks) distances two exchanges, which
 * move 2 · (1 − 1 / ranks) of all bytes (with two ranks, once what there is).
 */
export function sumMs(bytes: number, ranks: number, network: Network): number {
  const { latencyMs, gigabytesPerSecond } = network;
  const moved = 2 * (1 - 1 / ranks) * bytes;
  return latencyMs * Math.log2(ranks) + moved / (gigabytesPerSecond * 1e6);
}

/** A model whose steps are predicted: milliseconds of a rank's own work, and bytes of its gradients. */
export interface Load {
  readonly name: string;
  readonly ownMs: number;
  readonly bytes: number;
}

/** Share of its speed alone that each rank keeps, in per cent, by number of ranks. */
export function formatScale(load: Load, networks: readonly Network[]): string {
  const cell = (text: string | number) => String(text).padStart(6);
  const lines = networks.map((network) => {
    const kept = RANKS.map((n) => load.ownMs / (load.ownMs + sumMs(load.bytes, n, network)));
    return `  ${network.name.padEnd(20)}${kept.map((share) => cell(Math.round(100 * share))).join('')}`;
  });
  const head = `${load.name}, ${load.ownMs.toFixed(1)} ms of work a rank and ${(load.bytes / 1e6).toFixed(1)} MB: % of speed kept on ranks`;
  return [head, `  ${''.padEnd(20)}${RANKS.map(cell).join('')}`, ...lines].join('\n');
}
