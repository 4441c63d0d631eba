/** MPI as a handful of functions: whatever library of it this machine has. */
import { type ForeignFunction, type ForeignLibrary, openForeign } from '../backend/index.js';
import { UserError } from '../util/errors.js';
import type { Launched } from './launcher.js';
import { FAMILIES, type Family, type Handles } from './mpi-families.js';

/** Names the library to use, in place of those that are looked for. */
export const LIBRARY_VARIABLE = 'NANOGPT_MPI';
/** Exchanges that may be under way at the same time, beside those that are numbered by gradient. */
export const SLOTS = 3;
/** What a message is; each slot has one of its own, and from `early` on each gradient. */
const TAG = { data: 1, notice: 2, slot: 3, early: 3 + SLOTS } as const;
/** Room for a version's text, the longest that any family gives. */
const TEXT_BYTES = 8192;
/** Room for two statuses, of at most 32 bytes each; nothing in them is read. */
const STATUS_BYTES = 128;

/** Bytes to send to a rank from an address, and to receive from it at another. */
export interface Exchange {
  readonly peer: number;
  readonly from: number;
  readonly sent: number;
  readonly to: number;
  readonly received: number;
}

/** An exchange that was begun: two requests, that of the receive first. */
export type Pending = Int32Array | BigInt64Array;

export class MpiLibrary {
  readonly rank: number;
  readonly size: number;
  /** `Open MPI v4.1.4 (libmpi.so.40)`. */
  readonly description: string;
  readonly #handles: Handles;
  readonly #send: ForeignFunction;
  readonly #receive: ForeignFunction;
  readonly #test: ForeignFunction;
  readonly #probe: ForeignFunction;
  readonly #receiveNow: ForeignFunction;
  readonly #abort: ForeignFunction;
  readonly #finalize: ForeignFunction;
  readonly #requests: Pending;
  readonly #secondRequest: Pending;
  readonly #flag = new Int32Array(16);
  readonly #statuses = new Uint8Array(STATUS_BYTES);
  /** What notices are sent from: one byte, which means nothing. */
  readonly #notice: number;

  /**
   * Starts MPI: once in a process.
   *
   * @param notice an address of 64 bytes that MPI may use as long as the process lives.
   */
  constructor({ library, handles, file }: FoundMpi, notice: number) {
    this.#notice = notice;
    this.#handles = handles;
    const { type, world } = handles;
    const message = ['int64_t', 'int', type, 'int', 'int', type, 'void *'];
    this.#send = library.func('MPI_Isend', 'int', message);
    this.#receive = library.func('MPI_Irecv', 'int', message);
    this.#test = library.func('MPI_Testall', 'int', ['int', 'void *', 'void *', 'void *']);
    this.#probe = library.func('MPI_Iprobe', 'int', ['int', 'int', type, 'void *', 'void *']);
    this.#receiveNow = library.func('MPI_Recv', 'int', message);
    this.#abort = library.func('MPI_Abort', 'int', [type, 'int']);
    this.#finalize = library.func('MPI_Finalize', 'int', []);
    this.#requests = type === 'int' ? new Int32Array(2) : new BigInt64Array(2);
    this.#secondRequest = this.#requests.subarray(1);
    this.description = `${versionOf(library, handles.family)} (${file})`;
    const init = library.func('MPI_Init_thread', 'int', ['int64_t', 'int64_t', 'int', 'void *']);
    init(0, 0, handles.funneled, this.#flag);
    const number = (name: string): number => {
      library.func(name, 'int', [type, 'void *'])(world, this.#flag);
      return this.#flag[0]!;
    };
    this.rank = number('MPI_Comm_rank');
    this.size = number('MPI_Comm_size');
  }

  /**
   * Begins to send `sent` bytes from an address to a rank, and to receive `received` bytes from it. Until
   * `isDone()`, both stretches of memory belong to MPI. One exchange at a time.
   */
  begin(peer: number, from: number, sent: number, to: number, received: number): void {
    const { world, byte } = this.#handles;
    this.#receive(to, received, byte, peer, TAG.data, world, this.#requests);
    this.#send(from, sent, byte, peer, TAG.data, world, this.#secondRequest);
  }

  /** Begins one that others may be begun beside: of a gradient, to which both ranks give the same number. */
  beginEarly(exchange: Exchange, number: number): Pending {
    return this.#beginBeside(exchange, TAG.early + number);
  }

  /** The same in a slot, from 0 to below SLOTS, which is the same on both ranks. */
  beginInSlot(exchange: Exchange, slot: number): Pending {
    return this.#beginBeside(exchange, TAG.slot + slot);
  }

  #beginBeside({ peer, from, sent, to, received }: Exchange, tag: number): Pending {
    const { world, byte } = this.#handles;
    const requests = this.#requests.slice();
    this.#receive(to, received, byte, peer, tag, world, requests);
    this.#send(from, sent, byte, peer, tag, world, requests.subarray(1));
    return requests;
  }

  /** Whether an exchange is over, by default the one that was begun last; moves it on. */
  isDone(pending: Pending = this.#requests): boolean {
    this.#test(2, pending, this.#flag, this.#statuses);
    return this.#flag[0] !== 0;
  }

  /** Whether what is to be received of an exchange has come, though the other may not have taken what it is sent; moves it on. */
  hasReceived(pending: Pending): boolean {
    this.#test(1, pending, this.#flag, this.#statuses);
    return this.#flag[0] !== 0;
  }

  /** Tells a rank that this one is alive. Nobody waits for it to arrive. */
  notify(peer: number): void {
    const { world, byte } = this.#handles;
    const forgotten = this.#requests.slice(0, 1);
    this.#send(this.#notice, 1, byte, peer, TAG.notice, world, forgotten);
  }

  /** Whether a rank has sent a notice that was not cleared. */
  hasNotice(peer: number): boolean {
    this.#probe(peer, TAG.notice, this.#handles.world, this.#flag, this.#statuses);
    return this.#flag[0] !== 0;
  }

  /** Throws away what notices came from a rank. */
  clearNotices(peer: number): void {
    const { world, byte } = this.#handles;
    while (this.hasNotice(peer)) {
      this.#receiveNow(this.#notice + 32, 1, byte, peer, TAG.notice, world, this.#statuses);
    }
  }

  /** Ends all ranks, with this exit code. Does not return. */
  abort(code: number): void {
    this.#abort(this.#handles.world, code);
  }

  /** Ends MPI, once all ranks do. Nothing may be called afterwards, and the process is to end by `process.exit`. */
  finalize(): void {
    this.#finalize();
  }
}

function versionOf(library: ForeignLibrary, family: string): string {
  const text = Buffer.alloc(TEXT_BYTES);
  const length = new Int32Array(16);
  library.func('MPI_Get_library_version', 'int', ['void *', 'void *'])(text, length);
  const words = text.toString('utf8', 0, length[0]);
  const version = /(?:Open MPI v|MPICH Version:\s*|Version )(\d[\w.]*)/.exec(words)?.[1];
  return version === undefined ? family : `${family} ${version}`;
}

/** A library of MPI that can be opened. */
export interface FoundMpi {
  readonly file: string;
  readonly library: ForeignLibrary;
  readonly handles: Handles;
}

/**
 * The first library of MPI that goes with the launcher, or that there is at all.
 *
 * @throws UserError when there is none, saying what was tried and what to do.
 */
export function findMpi(launched: Launched | null): FoundMpi {
  quietUcx();
  const named = process.env[LIBRARY_VARIABLE];
  if (named) return openNamed(named);
  const wanted = launched?.family;
  const families = FAMILIES.filter(
    ({ launcher }) => wanted === undefined || launcher === undefined || launcher === wanted,
  );
  const tried: string[] = [];
  for (const family of families) {
    const found = firstOf(family);
    if (found) return found;
    tried.push(...family.files);
  }
  const whose = wanted === 'mpich' ? 'MPICH' : wanted === 'open-mpi' ? 'Open MPI' : 'MPI';
  throw new UserError(
    `${whose}: no library of it was found (tried ${tried.join(', ')}). Install it, put its folder into LD_LIBRARY_PATH, or name the library's file in ${LIBRARY_VARIABLE}.`,
  );
}

/** Every kind of MPI that this machine has, as `Open MPI 4.1.4 (libmpi.so.40)`. Opens them, and starts none. */
export function availableMpi(): string[] {
  return FAMILIES.flatMap((family) => {
    const found = firstOf(family);
    return found ? [`${versionOf(found.library, found.handles.family)} (${found.file})`] : [];
  });
}

/** The first of a family's files that can be opened and is what it should be. */
function firstOf({ files, handles: handlesOf }: Family): FoundMpi | undefined {
  for (const file of files) {
    const library = opened(file);
    const handles = library && handlesOf(library, file);
    if (library && handles) return { file, library, handles };
  }
  return undefined;
}

function openNamed(file: string): FoundMpi {
  let library: ForeignLibrary;
  try {
    library = openForeign(file);
  } catch (cause) {
    throw new UserError(
      `${LIBRARY_VARIABLE}=${file}: expected a library of MPI, but it cannot be opened (${String((cause as Error).message).trim()}).`,
      { cause },
    );
  }
  if (library.addressOf('MPI_Init_thread') !== null) {
    for (const { handles: handlesOf } of FAMILIES) {
      const handles = handlesOf(library, file);
      if (handles) return { file, library, handles };
    }
  }
  throw new UserError(`${LIBRARY_VARIABLE}=${file}: expected a library of MPI, and it is none.`);
}

/**
 * UCX, on which MPICH can stand, changes the system's own functions for memory in the whole process to hear of
 * what is unmapped. 1 of 20 runs ended in a segmentation fault in V8 with that, 0 of 40 without. It then does
 * not keep registrations of memory from one message to the next.
 */
function quietUcx(): void {
  process.env['UCX_MEM_EVENTS'] ??= 'n';
}

function opened(file: string): ForeignLibrary | null {
  try {
    return openForeign(file);
  } catch {
    return null;
  }
}
