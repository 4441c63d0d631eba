/**
 * Causal attention against PyTorch's plain form of it, as nanoGPT writes it where there is no flash
 * attention: product, mask, softmax, dropout, product. Both start from the result of one projection,
 * (B, T, 3·C), and its gradient is asked for. The same numbers, compared first; then the two in turn, round
 * by round. Shares are of the multiply-adds that the processor can do between registers.
 *
 *     node build/bench/attention.js [threads]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Generator } from 'nanogpt';
import { coreTypes } from './matmul.js';
import { Peer, pythonWithTorch } from './peer.js';
import { median } from './statistics.js';

export interface AttentionCase {
  batch: number;
  heads: number;
  time: number;
  width: number;
  dropout: number;
}

const size = (batch: number, heads: number, time: number, width: number, dropout = 0) => ({
  ...{ batch, heads, time, width, dropout },
});

/** Those of nanoGPT on a CPU, of its larger character model with and without dropout, of GPT-2, of long texts. */
export const CASES: readonly AttentionCase[] = [
  size(12, 4, 64, 32),
  size(8, 6, 256, 64),
  size(8, 6, 256, 64, 0.2),
  size(2, 12, 256, 64),
  size(1, 12, 1024, 64),
];

/** What a round of either side took, each the median of its repetitions; ours says besides what the machine can do. */
interface Round {
  forward: number;
  both: number;
  /** Multiply-adds a second, between registers, measured beside. */
  peak?: number;
}

export interface AttentionResult extends AttentionCase {
  threads: number;
  /** Milliseconds, medians of the rounds: the forward alone, and forward and backward. */
  forward: number;
  both: number;
  peerForward: number | null;
  peerBoth: number | null;
  peerSetting: string | null;
  /** Medians of the rounds' ratios: above 1, ours is faster. */
  forwardRatio: number | null;
  bothRatio: number | null;
  /** Shares of the peak, of the multiply-adds that causal attention needs: 2 and 7 · D for each pair of positions. */
  forwardShare: number;
  bothShare: number;
  /** Of the result and its gradient, relative to the greatest value. */
  difference: number | null;
}

const ROUNDS = 9;
/** A side's part of a round. */
const SECONDS = 0.15;

function writeStart(folder: string, { batch, heads, time, width }: AttentionCase): void {
  const random = new Generator(1);
  const normal = (count: number) =>
    Float32Array.from({ length: count }, () => 2 * (random.uniform() + random.uniform() - 1));
  const count = batch * time * heads * width;
  writeFileSync(join(folder, 'qkv.f32'), normal(3 * count));
  writeFileSync(join(folder, 'dy.f32'), normal(count));
}

function floats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The greatest difference of what two sides wrote, relative to the greatest value. */
function differenceOf(folder: string, name: string, ours: string, theirs: string): number {
  const [a, b] = [ours, theirs].map((side) => floats(join(folder, `${side}-${name}.f32`)));
  if (a.length !== b.length) throw new Error(`${name}: ${a.length} numbers, PyTorch's ${b.length}`);
  let most = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return most / scale;
}

/** Multiply-adds of the forward: two for each number of a head and each pair of positions. */
function work({ batch, heads, time, width }: AttentionCase): number {
  return batch * heads * time * (time + 1) * width;
}

/**
 * Times one case.
 *
 * @param python null where PyTorch is not installed.
 * @throws Error when the two do not compute the same.
 */
export async function benchAttentionCase(
  c: AttentionCase,
  threads: number,
  python: string | null,
): Promise<AttentionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  const worker = fileURLToPath(new URL('./workers/attention.js', import.meta.url));
  const script = fileURLToPath(new URL('../../bench/peers/attention.py', import.meta.url));
  const peers: Peer[] = [];
  try {
    writeStart(folder, c);
    const ours = new Peer(process.execPath, [worker]);
    peers.push(ours);
    await ours.ask({ ...c, folder, threads, name: 'ours' });
    const theirs: { peer: Peer; setting: string }[] = [];
    for (const count of python ? [...new Set([1, threads])] : []) {
      for (const coreType of coreTypes()) {
        const peer = new Peer(python!, [script], { OPENBLAS_CORETYPE: coreType });
        peers.push(peer);
        await peer.ask({ ...c, folder, threads: count, name: 'theirs' });
        theirs.push({
          peer,
          setting: `${count} of its threads, OpenBLAS ${coreType ?? 'by its own choice'}`,
        });
      }
    }
    // Compared without dropout: each has random numbers of its own.
    const difference =
      theirs.length === 0
        ? null
        : Math.max(...['y', 'dqkv'].map((name) => differenceOf(folder, name, 'ours', 'theirs')));
    if (difference !== null && !(difference < 1e-5)) {
      throw new Error(`attention: results differ by ${difference} of their greatest value`);
    }
    const rounds: Round[][] = peers.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, peer] of peers.entries()) {
        rounds[i].push(await peer.ask<Round>({ seconds: SECONDS }));
      }
    }
    return summary(
      c,
      threads,
      rounds,
      theirs.map(({ setting }) => setting),
      difference,
    );
  } finally {
    for (const peer of peers) peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(
  c: AttentionCase,
  threads: number,
  [ours, ...theirs]: Round[][],
  settings: string[],
  difference: number | null,
): AttentionResult {
  const of = (rounds: Round[], part: 'forward' | 'both') => median(rounds.map((r) => r[part]));
  const best = theirs
    .map((rounds, i) => ({ rounds, setting: settings[i] }))
    .sort((a, b) => of(a.rounds, 'both') - of(b.rounds, 'both'))[0];
  const ratio = (part: 'forward' | 'both') =>
    best ? median(ours.map((round, i) => best.rounds[i][part] / round[part])) : null;
  const share = (part: 'forward' | 'both', factor: number) =>
    median(ours.map((round) => (factor * work(c)) / round[part] / round.peak!));
  return {
    ...c,
    threads,
    forward: 1000 * of(ours, 'forward'),
    both: 1000 * of(ours, 'both'),
    peerForward: best ? 1000 * of(best.rounds, 'forward') : null,
    peerBoth: best ? 1000 * of(best.rounds, 'both') : null,
    peerSetting: best?.setting ?? null,
    forwardRatio: ratio('forward'),
    bothRatio: ratio('both'),
    forwardShare: share('forward', 1),
    bothShare: share('both', 3.5), // five products of the size of two
    difference,
  };
}

/** All cases in turn. */
export async function* benchAttention(
  threads: number,
  python: string | null,
): AsyncGenerator<AttentionResult> {
  for (const c of CASES) yield await benchAttentionCase(c, threads, python);
}

/** A result as a line of text. */
export function formatAttention(r: AttentionResult): string {
  const times = (ours: number, peer: number | null, ratio: number | null, share: number) =>
    `${ours.toFixed(3)} ms, ${(100 * share).toFixed(0)} % of the peak` +
    (peer === null ? '' : `, PyTorch ${peer.toFixed(3)} ms: ${ratio!.toFixed(1)} times as fast`);
  return [
    `Attention (B ${r.batch}, H ${r.heads}, T ${r.time}, D ${r.width})${r.dropout ? `, dropout ${r.dropout}` : ''}, ${r.threads} threads`,
    `  forward   ${times(r.forward, r.peerForward, r.forwardRatio, r.forwardShare)}`,
    `  and back  ${times(r.both, r.peerBoth, r.bothRatio, r.bothShare)}`,
    ...(r.peerSetting === null
      ? []
      : [`  PyTorch with ${r.peerSetting}; equal to ${r.difference!.toExponential(1)}`]),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const threads = process.argv[2] ? Number(process.argv[2]) : availableParallelism();
  console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores`);
  const results: AttentionResult[] = [];
  for await (const result of benchAttention(threads, pythonWithTorch())) {
    console.log(formatAttention(result));
    results.push(result);
  }
  console.log(JSON.stringify({ benchmark: 'attention', cpu: cpus()[0]?.model, results }));
}
