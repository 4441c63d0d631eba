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
 * Bytes that each rank hands over in a sum by recursive halving and doubling: at each of log2(ranks) distances two
 * exchanges, which move 2 · (1 − 1 / ranks) of all bytes (with two ranks, once what there is).
 */
export function summedBytes(bytes: number, ranks: number): number {
  return 2 * (1 - 1 / ranks) * bytes;
}

/** A model whose steps are predicted. */
export interface Load {
  readonly name: string;
  /** Milliseconds of a rank's own work. */
  readonly ownMs: number;
  /** How often in a step all ranks wait for one another. */
  readonly meetings: number;
  /** Bytes that each of so many ranks hands over in a step. */
  bytes(ranks: number): number;
  /** What each of so many ranks computes beyond its own share, since all do: as a part of its own work. */
  repeated(ranks: number): number;
}

/** A step of so many ranks, each with its own share of windows. */
export function stepMs(load: Load, ranks: number, network: Network): number {
  const { latencyMs, gigabytesPerSecond } = network;
  const meeting = load.meetings * latencyMs * Math.log2(ranks);
  const work = load.ownMs * (1 + load.repeated(ranks));
  return work + meeting + load.bytes(ranks) / (gigabytesPerSecond * 1e6);
}

/** Share of its speed alone that each rank keeps, in per cent, by number of ranks. */
export function formatScale(load: Load, networks: readonly Network[]): string {
  const cell = (text: string | number) => String(text).padStart(6);
  const lines = networks.map((network) => {
    const kept = RANKS.map((n) => load.ownMs / stepMs(load, n, network));
    return `  ${network.name.padEnd(20)}${kept.map((share) => cell(Math.round(100 * share))).join('')}`;
  });
  const megabytes = RANKS.map((n) => cell((load.bytes(n) / 1e6).toFixed(1)));
  return [
    `${load.name}, ${load.ownMs.toFixed(1)} ms of work a rank: % of speed kept on ranks`,
    `  ${''.padEnd(20)}${RANKS.map(cell).join('')}`,
    `  ${'MB handed over'.padEnd(20)}${megabytes.join('')}`,
    ...lines,
  ].join('\n');
}
