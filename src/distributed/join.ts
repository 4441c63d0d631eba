/** Becoming one of several ranks, and what the machine gives each of them. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, hostname } from 'node:os';
import { currentBackend, empty, withBackend } from '../tensor/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { LastWord } from './last-word.js';
import { findLauncher, type Launched } from './launcher.js';
import { findMpi, LIBRARY_VARIABLE, MpiLibrary } from './mpi-library.js';
import { MpiRanks } from './mpi-ranks.js';
import { requireNative } from './native.js';
import { ALONE, gather, type Ranks } from './ranks.js';
import { silenceLimit } from './silence.js';

/** Whether to train on several ranks. */
export const DISTRIBUTED = ['off', 'mpi'] as const;
export type Distributed = (typeof DISTRIBUTED)[number];

/** What this process is part of. */
export interface Joined {
  readonly ranks: Ranks;
  /** Of the library, as `Open MPI 4.1.4 (libmpi.so.40)`; undefined alone. */
  readonly library?: string;
  /** Compute threads that suit each rank here; undefined alone. */
  readonly threads?: number;
  /** Lines for the user. */
  readonly notices: readonly string[];
  /** Whether this rank may say why all end: one on each machine may. */
  speak(): boolean;
  /** Ends all ranks at once, with this exit code. */
  abort(code: number): void;
  /** Leaves together with all others. Afterwards the process has to end by `process.exit`. */
  leave(): void;
}

const NOBODY: Joined = {
  ranks: ALONE,
  notices: [],
  speak: () => true,
  abort: () => {},
  leave: () => {},
};

/**
 * Joins the ranks that a launcher of MPI started. Where none did, nothing is loaded.
 *
 * @param wanted default: mpi under a launcher of several ranks, otherwise off.
 * @throws UserError when MPI is wanted and cannot be had, or finds other ranks than were started.
 */
export function joinRanks(wanted?: Distributed): Joined {
  if (wanted !== undefined && !DISTRIBUTED.includes(wanted)) {
    throw new UsageError(
      `--distributed: expected ${DISTRIBUTED.join(' or ')}, got ${JSON.stringify(wanted)}.`,
    );
  }
  if (wanted === 'off') return NOBODY;
  const launched = findLauncher();
  if (!launched) {
    if (wanted === undefined) return NOBODY;
    throw new UsageError(
      '--distributed mpi: no launcher of MPI started this process with more than one rank. Start it as `mpirun -n 2 npx nanogpt train …`, or by srun.',
    );
  }
  return join(launched);
}

function join(launched: Launched): Joined {
  if ((launched.size & (launched.size - 1)) !== 0) {
    throw new UsageError(
      `${launched.size} ranks: expected a power of two (sums are made in pairs, so that they do not depend on the number of ranks). Start ${2 ** Math.floor(Math.log2(launched.size))}.`,
    );
  }
  const limit = silenceLimit();
  const backend = requireNative();
  if ((currentBackend() as unknown) !== backend) {
    throw new UserError(
      `training on several ranks needs the native kernels, but NANOGPT_BACKEND=${process.env['NANOGPT_BACKEND']} asks for others.`,
    );
  }
  const notice = withBackend(backend, () => empty([16]).retain());
  const lastWord = new LastWord(launched);
  let mpi: MpiLibrary;
  try {
    mpi = new MpiLibrary(findMpi(launched), notice.pointer as number);
  } catch (error) {
    lastWord.giveUp();
    throw error;
  }
  if (mpi.size !== launched.size) {
    lastWord.giveUp();
    throw new UserError(
      `${launched.by} started ${launched.size} ranks, but ${mpi.description} sees ${mpi.size}: it is not the launcher's own library. Name that in ${LIBRARY_VARIABLE}, or use the other launcher.`,
    );
  }
  const ranks = new MpiRanks(mpi, limit);
  const { threads, isCrowded, notices } = shareCores(ranks);
  ranks.isCrowded = isCrowded;
  return {
    ranks,
    library: mpi.description,
    threads,
    notices,
    speak: () => lastWord.take(),
    abort(code) {
      lastWord.take(); // whoever is ended by this has nothing to say
      mpi.abort(code);
    },
    leave() {
      gather(ranks, 0); // nobody leaves while another is still at work: MPI would call that a failure
      lastWord.giveUp();
      mpi.finalize();
    },
  };
}

/** How many threads each rank should have, knowing who else computes on the same cores. */
function shareCores(ranks: Ranks): { threads: number; isCrowded: boolean; notices: string[] } {
  const cores = availableParallelism();
  const host = gather(ranks, hashOf(hostname()));
  const place = gather(ranks, hashOf(`${hostname()} ${allowedCores()}`));
  const mine = (all: Float64Array) => all.filter((value) => value === all[ranks.rank]).length;
  const [here, sharing] = [mine(host), mine(place)];
  const notices: string[] = [];
  const all = cpus().length;
  if (cores === 1 && all >= 2 * here) {
    notices.push(
      `each rank may use one core of the ${all} here: mpirun binds ranks to cores unless told otherwise. With --bind-to none, or --map-by slot:PE=${Math.floor(all / here)}, each has ${Math.floor(all / here)} threads.`,
    );
  }
  return {
    threads: Math.max(1, Math.floor(cores / sharing)),
    isCrowded: sharing > cores,
    notices,
  };
}

/** The cores that this process may run on, as `0-3,8`; '' where the system does not say. */
export function allowedCores(): string {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '';
  } catch {
    return '';
  }
}

/** A whole number that a double holds exactly. FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
