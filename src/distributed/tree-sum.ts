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

/** A tensor to add up, in place; or, with a result, what is made of its sums, and where that lies. */
export interface Sum {
  readonly tensor: Tensor;
  readonly result?: Tensor;
  readonly update?: (stretch: SummedStretch) => void;
  /** What the first other rank has of this one's half, where it has come already. */
  readonly arrived?: Tensor;
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

  /** Adds up a tensor of all ranks, in place; or has something made of the sums, and hands that over. */
  sum({ tensor, result = tensor, update, arrived }: Sum): void {
    const halvings = this.#halvings(tensor.numel);
    halvings.forEach((halving, i) => {
      const made = i === halvings.length - 1 ? update : undefined;
      if (i === 0 && arrived) this.#addArrived(halving, tensor, arrived, made);
      else this.#add(halving, tensor, made);
    });
    for (const { peer, mine, theirs } of halvings.reverse()) {
      this.#exchange(peer, result, mine, result, theirs);
    }
    tensor.storage.touch();
    result.storage.touch();
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
      halvings.push({ peer: rank ^ distance, mine, theirs });
      whole = mine;
    }
    return halvings;
  }

  /** Adds what the other rank has of this one's half, a piece at a time. */
  #add({ peer, mine, theirs }: Halving, tensor: Tensor, update: Sum['update']): void {
    this.#received ??= withBackend(requireNative(), () => empty([PIECE]).retain());
    const received = this.#received;
    for (let at = 0; at < Math.max(length(mine), length(theirs)); at += PIECE) {
      const [wanted, given] = [piece(mine, at), piece(theirs, at)];
      const count = length(wanted);
      this.#exchange(peer, tensor, given, received, [0, count]);
      if (count > 0) addPiece(tensor, wanted[0], received.alias([count], 0), update);
    }
  }

  /** The same where it has come already. */
  #addArrived({ mine }: Halving, tensor: Tensor, arrived: Tensor, update: Sum['update']): void {
    for (let at = 0; at < length(mine); at += PIECE) {
      const [begin, end] = piece(mine, at);
      addPiece(tensor, begin, arrived.alias([end - begin], at), update);
    }
  }

  #exchange(peer: number, from: Tensor, given: Stretch, to: Tensor, wanted: Stretch): void {
    const [source, place] = [addressOf(from, given[0]), addressOf(to, wanted[0])];
    this.#line.exchange(peer, source, BYTES * length(given), place, BYTES * length(wanted));
  }
}

/** Adds a piece from `begin` on. Where the sum is used at once, while it is in the cache, it is not written back. */
function addPiece(tensor: Tensor, begin: number, piece: Tensor, update: Sum['update']): void {
  const own = addressOf(tensor, begin);
  if (update) {
    tensor.backend.addScaled(piece.pointer, own, piece.numel, 1);
    update({ begin, sum: piece });
  } else tensor.backend.addScaled(own, piece.pointer, piece.numel, 1);
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
