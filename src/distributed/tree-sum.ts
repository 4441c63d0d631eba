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

/** A way to another rank. */
export interface Line {
  readonly rank: number;
  readonly size: number;
  /** Sends bytes from an address to a rank, and receives others from it. */
  exchange(peer: number, from: number, sent: number, to: number, received: number): void;
}

/** What to make of sums, and where it lies. */
export interface Outcome {
  readonly result: Tensor;
  readonly update: (stretch: SummedStretch) => void;
}

/** Elements that two ranks have in common: those that this rank adds up, and the other. */
interface Halving {
  readonly peer: number;
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

  /** Adds up a tensor of all ranks, in place; or, with an outcome, has it made of the sums and hands it over. */
  sum(tensor: Tensor, outcome?: Outcome): void {
    const halvings = this.#halvings(tensor.numel);
    halvings.forEach((halving, i) => {
      this.#add(halving, tensor, i === halvings.length - 1 ? outcome?.update : undefined);
    });
    const result = outcome?.result ?? tensor;
    for (const { peer, mine, theirs } of halvings.reverse()) {
      this.#exchange(peer, result, mine, result, theirs);
    }
    tensor.storage.touch();
    result.storage.touch();
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
      halvings.push({ peer: rank ^ distance, mine, theirs });
      whole = mine;
    }
    return halvings;
  }

  /**
   * Adds what the other rank has of this one's half, a piece at a time. Where it is used at once, while it is in
   * the cache, the sum is not written back.
   */
  #add({ peer, mine, theirs }: Halving, tensor: Tensor, update: Outcome['update'] | undefined) {
    this.#received ??= withBackend(requireNative(), () => empty([PIECE]).retain());
    const received = this.#received;
    for (let at = 0; at < Math.max(length(mine), length(theirs)); at += PIECE) {
      const [wanted, given] = [piece(mine, at), piece(theirs, at)];
      const count = length(wanted);
      this.#exchange(peer, tensor, given, received, [0, count]);
      if (count === 0) continue;
      const own = addressOf(tensor, wanted[0]);
      if (update) {
        received.backend.addScaled(received.pointer, own, count, 1);
        update({ begin: wanted[0], sum: received.alias([count], 0) });
      } else tensor.backend.addScaled(own, received.pointer, count, 1);
    }
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
