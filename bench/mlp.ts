/**
 * The MLP's training step against PyTorch's: same weights, same batches, equal losses first; then the two
 * in turn, round by round, so that the machine's moods fall on both.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from 'nanogpt';
import type { Machine } from './machine.js';
import { coreTypes } from './matmul.js';
import { Peer } from './peer.js';
import { median } from './statistics.js';

/** One setting of the MLP to be timed. */
export interface MlpCase {
  name: string;
  vocab: number;
  blockSize: number;
  nEmbd: number;
  nHidden: number;
  hiddenBias: boolean;
  activation: 'leakyRelu' | 'tanh';
  batchSize: number;
  optimizer: 'sgd' | 'adamw';
  lr: number;
  /** Steps in a round, and rounds. */
  steps: number;
  rounds: number;
}

const published = {
  vocab: 50281,
  blockSize: 10,
  nEmbd: 200,
  nHidden: 200,
  hiddenBias: false,
  activation: 'leakyRelu',
  batchSize: 100,
  steps: 8,
  rounds: 7,
} as const;

export const CASES: readonly MlpCase[] = [
  { name: 'published MLP, SGD', ...published, optimizer: 'sgd', lr: 0.1 },
  { name: 'published MLP, AdamW', ...published, optimizer: 'adamw', lr: 0.001 },
  {
    name: 'makemore MLP, SGD',
    vocab: 27,
    blockSize: 3,
    nEmbd: 10,
    nHidden: 200,
    hiddenBias: true,
    activation: 'tanh',
    batchSize: 32,
    optimizer: 'sgd',
    lr: 0.1,
    steps: 2000,
    rounds: 7,
  },
];

interface Round {
  losses: number[];
  seconds: number[];
  peakBytes: number;
}

export interface MlpResult {
  name: string;
  /** Median milliseconds of a step. */
  ours: number;
  /** PyTorch's, at its better thread setting; null where it is not installed. */
  peer: number | null;
  peerSetting: string | null;
  /** Median over rounds of peer over ours. */
  ratio: number | null;
  /** Milliseconds that the machine needs at least, and the share of the step that they make up; null for a model that fits into the caches. */
  limit: number | null;
  shareOfLimit: number | null;
  peakBytes: number;
  peerPeakBytes: number | null;
  /** Greatest difference of a loss, of those compared before anything was timed. */
  lossDifference: number | null;
}

/** Writes the weights and batches that both sides start from: raw float32 and int64. */
function writeStart(folder: string, c: MlpCase): void {
  const random = new Generator(42);
  const write = (name: string, count: number, std: number) => {
    const values = Float32Array.from({ length: count }, () => std * random.normal());
    writeFileSync(join(folder, `${name}.f32`), values);
  };
  const inSize = c.blockSize * c.nEmbd;
  write('embedding.weight', c.vocab * c.nEmbd, 1);
  write('hidden.weight', c.nHidden * inSize, Math.sqrt(2 / inSize));
  if (c.hiddenBias) write('hidden.bias', c.nHidden, 0.1);
  write('output.weight', c.vocab * c.nHidden, 1 / Math.sqrt(c.nHidden));
  write('output.bias', c.vocab, 0.1);
  const ids = (count: number) =>
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(c.vocab)));
  const batches = 20;
  writeFileSync(join(folder, 'inputs.i64'), ids(batches * c.batchSize * c.blockSize));
  writeFileSync(join(folder, 'targets.i64'), ids(batches * c.batchSize));
}

/**
 * The least time that a step can take: its floating-point operations at the matrix product's peak, and
 * the bytes that must move at the bandwidth of a copy. Each weight is read forward and backward, its
 * gradient written, and both read and the weight written in the update (AdamW: two moments as well,
 * over all of the embedding too); activations and the embedding's few rows count as nothing.
 */
function limitOf(c: MlpCase, machine: Machine): number | null {
  const dense = c.blockSize * c.nEmbd * c.nHidden + c.nHidden * c.vocab;
  const flops = 6 * c.batchSize * dense;
  const passes = c.optimizer === 'sgd' ? 6 : 10;
  const embeddingPasses = c.optimizer === 'sgd' ? 0 : 6;
  const bytes = 4 * (passes * dense + embeddingPasses * c.vocab * c.nEmbd);
  // What stays in the caches moves at no bandwidth that was measured, and its step is all overhead.
  if (bytes < 64e6) return null;
  return 1000 * (flops / machine.peakFlops + bytes / machine.copyBandwidth);
}

/**
 * How PyTorch is run: with one of its own threads and with all (its OpenBLAS brings threads besides), and
 * with the kernels that OpenBLAS chooses by itself as well as, where there is AVX-512, those for it.
 * The fastest counts.
 */
function peerSettings(threads: number) {
  return [...new Set([1, threads])].flatMap((count) =>
    coreTypes().map((coreType) => ({
      threads: count,
      coreType,
      name: `${count} of its threads, OpenBLAS ${coreType ?? 'by its own choice'}`,
    })),
  );
}

/** Times one case. `python` is null where PyTorch is not installed. */
export async function benchMlp(
  c: MlpCase,
  machine: Machine,
  python: string | null,
): Promise<MlpResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  const worker = fileURLToPath(new URL('./workers/mlp.js', import.meta.url));
  const script = fileURLToPath(new URL('../../bench/peers/mlp.py', import.meta.url));
  const peers: Peer[] = [];
  try {
    writeStart(folder, c);
    const ours = new Peer(process.execPath, [worker]);
    peers.push(ours);
    await ours.ask({ ...c, folder, threads: machine.threads });
    const settings = python ? peerSettings(machine.threads) : [];
    const theirs: Peer[] = [];
    for (const { threads, coreType } of settings) {
      const peer = new Peer(python!, [script], { OPENBLAS_CORETYPE: coreType });
      peers.push(peer);
      theirs.push(peer);
      await peer.ask({ ...c, folder, threads });
    }
    const warmups = await inTurn(ours, theirs, 5);
    const lossDifference = compare(warmups, c.name);

    const times: number[][] = peers.map(() => []);
    let last: Round[] = [];
    for (let round = 0; round < c.rounds; round++) {
      last = await inTurn(ours, theirs, c.steps);
      last.forEach(({ seconds }, i) => {
        times[i].push(1000 * median(seconds));
      });
    }
    const best = times
      .slice(1)
      .map((list, i) => ({ at: i + 1, ms: median(list) }))
      .sort((a, b) => a.ms - b.ms)[0];
    const limit = limitOf(c, machine);
    const oursMs = median(times[0]);
    return {
      name: c.name,
      ours: oursMs,
      peer: best ? best.ms : null,
      peerSetting: best ? settings[best.at - 1].name : null,
      ratio: best ? median(times[best.at].map((ms, i) => ms / times[0][i])) : null,
      limit,
      shareOfLimit: limit === null ? null : limit / oursMs,
      peakBytes: last[0].peakBytes,
      peerPeakBytes: best ? last[best.at].peakBytes : null,
      lossDifference,
    };
  } finally {
    for (const peer of peers) peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inTurn(ours: Peer, theirs: readonly Peer[], steps: number): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const peer of [ours, ...theirs]) rounds.push(await peer.ask<Round>({ steps }));
  return rounds;
}

/** The greatest relative difference between our losses and theirs. @throws when they disagree. */
function compare(rounds: readonly Round[], name: string): number | null {
  const [ours, ...theirs] = rounds;
  if (theirs.length === 0) return null;
  let greatest = 0;
  for (const { losses } of theirs) {
    losses.forEach((loss, i) => {
      greatest = Math.max(greatest, Math.abs(loss - ours.losses[i]) / Math.abs(loss));
    });
  }
  if (!(greatest < 1e-4)) {
    throw new Error(`${name}: the losses differ: ${ours.losses} here, ${theirs[0].losses} there`);
  }
  return greatest;
}
