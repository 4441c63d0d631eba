/**
 * A model's training step against PyTorch's: same weights, same batches, equal losses first; then the two
 * in turn, round by round, so that the machine's moods fall on both.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.js';
import { coreTypes } from './matmul.js';
import { Peer } from './peer.js';
import { median } from './statistics.js';

/** What every case has, whatever the model. */
export interface TrainingCase {
  name: string;
  /** Steps in a round, and rounds. */
  steps: number;
  rounds: number;
  /** Steps before, not timed; the losses of the first few are compared. */
  warmup: number;
  /** How many tokens are written, to time that as well; default none. */
  tokens?: number;
  /** How often, the first half of it not timed; default 4. */
  samplings?: number;
}

/** How one kind of model is timed. */
export interface Contest<Case extends TrainingCase> {
  /** `bench/workers/<model>.ts` and `bench/peers/<model>.py`. */
  model: string;
  /** Writes what both sides start from. */
  writeStart(folder: string, c: Case): void;
  /** Milliseconds that the machine needs at least for a step, or null where that says nothing. */
  limitOf(c: Case, machine: Machine): number | null;
  /** Milliseconds that it needs at least to write a token. */
  tokenLimitOf?(c: Case, machine: Machine): number | null;
}

interface Round {
  losses: number[];
  seconds: number[];
  peakBytes: number;
}

export interface TrainingResult {
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
  /** Of writing text, where that was timed. */
  sampling: SamplingResult | null;
}

/** Milliseconds a token, medians; PyTorch's at its best setting for that. */
export interface SamplingResult {
  ours: number;
  peer: number | null;
  ratio: number | null;
  shareOfLimit: number | null;
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

/**
 * Times one case.
 *
 * @param python null where PyTorch is not installed.
 * @param onlySetting the one setting of PyTorch to be timed, by name, for models of which the machine
 *   cannot hold as many as there are settings.
 */
export async function benchTraining<Case extends TrainingCase>(
  c: Case,
  contest: Contest<Case>,
  machine: Machine,
  python: string | null,
  onlySetting?: string | null,
): Promise<TrainingResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  const worker = fileURLToPath(new URL(`./workers/${contest.model}.js`, import.meta.url));
  const script = fileURLToPath(new URL(`../../bench/peers/${contest.model}.py`, import.meta.url));
  const peers: Peer[] = [];
  try {
    contest.writeStart(folder, c);
    const ours = new Peer(process.execPath, [worker]);
    peers.push(ours);
    await ours.ask({ ...c, folder, threads: machine.threads });
    const settings = (python ? peerSettings(machine.threads) : []).filter(
      ({ name }) => !onlySetting || name === onlySetting,
    );
    const theirs: Peer[] = [];
    for (const { threads, coreType } of settings) {
      const peer = new Peer(python!, [script], { OPENBLAS_CORETYPE: coreType });
      peers.push(peer);
      theirs.push(peer);
      await peer.ask({ ...c, folder, threads });
    }
    const firsts = await inTurn(ours, theirs, Math.min(c.warmup, COMPARED));
    const lossDifference = compare(firsts, c.name);
    await inTurn(ours, theirs, c.warmup - firsts[0].losses.length);

    const times: number[][] = peers.map(() => []);
    let last: Round[] = [];
    for (let round = 0; round < c.rounds; round++) {
      last = await inTurn(ours, theirs, settling(c.steps) + c.steps);
      last.forEach(({ seconds }, i) => {
        times[i].push(1000 * median(seconds.slice(-c.steps)));
      });
    }
    const sampling = c.tokens
      ? await timeSampling(peers, c, contest.tokenLimitOf?.(c, machine) ?? null)
      : null;
    const best = times
      .slice(1)
      .map((list, i) => ({ at: i + 1, ms: median(list) }))
      .sort((a, b) => a.ms - b.ms)[0];
    const limit = contest.limitOf(c, machine);
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
      sampling,
    };
  } finally {
    for (const peer of peers) peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Steps at the beginning of a round that are not timed: while the others had their turn, the system may have taken
 * memory from a process that waited, and the caches are theirs.
 */
function settling(steps: number): number {
  return Math.ceil(steps / 2);
}

/** Steps whose losses are compared: later ones differ by what rounding has grown to. */
const COMPARED = 5;

/** Writing text, all peers in turn; the first is ours. */
async function timeSampling(
  peers: readonly Peer[],
  { tokens = 0, samplings = 4 }: TrainingCase,
  limit: number | null,
): Promise<SamplingResult> {
  const times: number[][] = peers.map(() => []);
  for (let round = 0; round < samplings; round++) {
    for (const [i, peer] of peers.entries()) {
      await peer.ask({ tokens }); // not timed, as the first steps of a round
      const { seconds } = await peer.ask<{ seconds: number }>({ tokens });
      if (2 * round >= samplings) times[i].push((1000 * seconds) / tokens);
    }
  }
  const [ours, ...theirs] = times.map(median);
  const peer = theirs.length > 0 ? Math.min(...theirs) : null;
  return {
    ours,
    peer,
    ratio: peer === null ? null : peer / ours,
    shareOfLimit: limit === null ? null : limit / ours,
  };
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
