/**
 * Sums of tensors over ranks, by recursive halving, then doubling (Thakur, Rabenseifner and Gropp 2005, section 4):
 * at each distance two ranks share what they have between them and add, each its half; on the way back they
 * hand over the sums. Neighbours come first, so that every number is added in the same tree.
 */
import { empty, type Tensor, withBackend } from '../tensor/index.js';
import { requireNative } from './native.js';
import type { SummedStretch } from './ranks.js';

/** Bytes of a float32. */
const BYTES = 4;
/** Floats that are received, and then added, at a time: what was received is still in the cache. */
const PIECE = 1 << 17;
/** Floats from which another rank's memory is read: ranks meet three times for that, and twice for messages. */
const READ_FROM = 1 << 16;

/** A way to another rank. */
export interface Line {
  readonly rank: number;
  readonly size: number;
  /** Sends bytes from an address to a rank, and receives others from it. */
  exchange(peer: number, from: number, sent: number, to: number, received: number): void;
  /** Gives a rank numbers, and returns as many of its own. */
  swap(peer: number, numbers: Float64Array): Float64Array;
  /** Whether the rank's memory can be read, and it can read this one's. */
  isReadable(peer: number): boolean;
  /** Copies bytes from an address of a rank that is readable. */
  read(peer: number, from: number, to: number, bytes: number): void;
}

/** A tensor to add up, in place; or, with a result, what is made of its sums, and where that lies. */
export interface Sum {
  readonly tensor: Tensor;
  readonly result?: Tensor;
  readonly update?: (stretch: SummedStretch) => void;
  /** What the first other rank has of this one's half, where it has come already. */
  readonly arrived?: Tensor;
}

/** Elements that two ranks have in common: those that this rank adds up, and the other. */
export interface Halving {
  readonly mine: Stretch;
  readonly theirs: Stretch;
}
type Stretch = readonly [begin: number, end: number];

export class TreeSum {
  readonly #line: Line;
  #received: Tensor | null = null;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Adds up tensors of all ranks. */
  sum(sums: readonly Sum[]): void {
    const { rank, size } = this.#line;
    const halvings = sums.map(({ tensor }) => this.#halvings(tensor.numel));
    const at = (level: number) => halvings.map((levels) => levels[level]!);
    const levels = Math.log2(size);
    for (let level = 0; level < levels; level++) {
      const isLast = level === levels - 1;
      const peer = rank ^ (1 << level);
      if (level > 0) this.#addAll(peer, sums, at(level), isLast);
      else {
        const here = at(0);
        const isHere = (i: number) => sums[i]!.arrived !== undefined;
        sums.forEach((sum, i) => {
          if (isHere(i)) this.#addArrived(sum, here[i]!, isLast);
        });
        const rest = sums.filter((_, i) => !isHere(i));
        this.#addAll(
          peer,
          rest,
          here.filter((_, i) => !isHere(i)),
          isLast,
        );
      }
    }
    for (let level = levels - 1; level >= 0; level--) {
      this.#handOver(rank ^ (1 << level), sums, at(level));
    }
    for (const { tensor, result } of sums) {
      tensor.storage.touch();
      result?.storage.touch();
    }
  }

  /** What the first other rank is to have of a tensor, and this rank of its. */
  firstHalves(numel: number): Halving {
    return this.#halvings(numel)[0]!;
  }

  #halvings(numel: number): Halving[] {
    const { rank, size } = this.#line;
    const halvings: Halving[] = [];
    let whole: Stretch = [0, numel];
    for (let distance = 1; distance < size; distance *= 2) {
      const middle = (whole[0] + whole[1]) >>> 1;
      const halves: [Stretch, Stretch] = [
        [whole[0], middle],
        [middle, whole[1]],
      ];
      if (rank & distance) halves.reverse();
      const [mine, theirs] = halves;
      halvings.push({ mine, theirs });
      whole = mine;
    }
    return halvings;
  }

  /** Whether so much is to be handed over that the other rank's memory is read, where it can be. */
  #reads(peer: number, sums: readonly Sum[]): boolean {
    const floats = sums.reduce((total, { tensor }) => total + tensor.numel, 0);
    return floats >= READ_FROM && this.#line.isReadable(peer);
  }

  /** Adds what the other rank has of this one's halves. */
  #addAll(peer: number, sums: readonly Sum[], halvings: readonly Halving[], isLast: boolean): void {
    const addresses = Float64Array.from(sums, ({ tensor }) => tensor.pointer as number);
    const reads = this.#reads(peer, sums);
    const theirs = reads ? this.#line.swap(peer, addresses) : null;
    sums.forEach((sum, i) => {
      this.#add(peer, sum, halvings[i]!, theirs?.[i], isLast ? sum.update : undefined);
    });
  }

  #addArrived({ tensor, arrived, update }: Sum, { mine }: Halving, isLast: boolean): void {
    for (let at = 0; at < length(mine); at += PIECE) {
      const [begin, end] = piece(mine, at);
      const count = end - begin;
      const came = arrived!.alias([count], at);
      const own = addressOf(tensor, begin);
      if (update && isLast) {
        tensor.backend.addScaled(came.pointer, own, count, 1);
        update({ begin, sum: came });
      } else tensor.backend.addScaled(own, came.pointer, count, 1);
    }
  }

  /**
   * A piece at a time. Where the sum is used at once, while it is in the cache, it is not written back.
   *
   * @param address where the other rank has its tensor; undefined where it sends.
   */
  #add(
    peer: number,
    { tensor }: Sum,
    { mine, theirs }: Halving,
    address: number | undefined,
    update: Sum['update'],
  ): void {
    this.#received ??= withBackend(requireNative(), () => empty([PIECE]).retain());
    const received = this.#received;
    const place = received.pointer as number;
    for (let at = 0; at < Math.max(length(mine), length(theirs)); at += PIECE) {
      const [wanted, given] = [piece(mine, at), piece(theirs, at)];
      const count = length(wanted);
      if (address === undefined) this.#exchange(peer, tensor, given, received, [0, count]);
      else this.#line.read(peer, address + BYTES * wanted[0], place, BYTES * count);
      if (count === 0) continue;
      const own = addressOf(tensor, wanted[0]);
      if (update) {
        received.backend.addScaled(place, own, count, 1);
        update({ begin: wanted[0], sum: received.alias([count], 0) });
      } else tensor.backend.addScaled(own, place, count, 1);
    }
  }

  /** Takes from the other rank what is made of its halves. */
  #handOver(peer: number, sums: readonly Sum[], halvings: readonly Halving[]): void {
    const results = sums.map(({ tensor, result }) => result ?? tensor);
    if (!this.#reads(peer, sums)) {
      results.forEach((result, i) => {
        const { mine, theirs } = halvings[i]!;
        this.#exchange(peer, result, mine, result, theirs);
      });
      return;
    }
    // It has made its halves by then, and has read what is written over here.
    const addresses = Float64Array.from(results, ({ pointer }) => pointer as number);
    const there = this.#line.swap(peer, addresses);
    results.forEach((result, i) => {
      const { theirs } = halvings[i]!;
      const bytes = BYTES * length(theirs);
      const [from, to] = [there[i]! + BYTES * theirs[0], addressOf(result, theirs[0])];
      this.#line.read(peer, from, to, bytes);
    });
    this.#line.swap(peer, new Float64Array(1)); // so that nothing is changed that it still reads
  }

  #exchange(peer: number, from: Tensor, given: Stretch, to: Tensor, wanted: Stretch): void {
    const [source, place] = [addressOf(from, given[0]), addressOf(to, wanted[0])];
    this.#line.exchange(peer, source, BYTES * length(given), place, BYTES * length(wanted));
  }
}

function addressOf(tensor: Tensor, element: number): number {
  return (tensor.pointer as number) + BYTES * element;
}

function length([begin, end]: Stretch): number {
  return end - begin;
}

/** The piece that begins `at` elements into a stretch; empty where that is over. */
function piece([begin, end]: Stretch, at: number): Stretch {
  return [Math.min(end, begin + at), Math.min(end, begin + at + PIECE)];
}
