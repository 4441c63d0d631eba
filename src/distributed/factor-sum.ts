/**
 * Sums over ranks of gradients that each has as factors: these are handed over in place of their product, and each
 * rank multiplies all of them for its own rows of the sum (Xie et al. 2016, "sufficient factor broadcasting", shared
 * out). Products are added in the tree in which their sums would be.
 */
import { Scope, type Tensor } from '../tensor/index.js';
import { type FactorGradient, product } from '../tensor/internal.js';
import { halvingsOf, type Line, lengthOf, type Stretch } from './halving.js';
import type { SummedStretch } from './ranks.js';

/** Bytes of a float32. */
const BYTES = 4;
/** Floats of the sum that are made, and then used, at a time: they never leave the cache. */
const PIECE = Number(process.env['PIECE'] ?? 1 << 17);

/** Factors of some ranks, one below the other, of which columns from `first` on are here. */
interface Above {
  readonly factors: Tensor;
  readonly width: number;
  readonly first: number;
  readonly ranks: number;
}

export class FactorSum {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Adds up the products of all ranks' factors, has something made of the sums, and hands that over. */
  sum(
    { above, below, rows }: FactorGradient,
    result: Tensor,
    update: (stretch: SummedStretch) => void,
  ): void {
    using _exchange = new Scope();
    const { size } = this.#line;
    const [m, n] = result.shape as [number, number];
    const halvings = halvingsOf(this.#line, m);
    const aboves: Above[] = [{ factors: above, width: m, first: 0, ranks: 1 }];
    const belows = above.empty([size * rows, n]);
    belows.backend.copy(belows.pointer, below.pointer, 'float32', rows * n);
    let mine: Stretch = [0, m];
    halvings.forEach((halving, i) => {
      const ranks = 1 << i;
      ({ mine } = halving);
      const given = this.#gathered(aboves, rows, halving.theirs);
      const taken = above.empty([ranks * rows, lengthOf(mine)]);
      this.#exchange(halving.peer, given, [0, given.numel], taken, [0, taken.numel]);
      aboves.push({ factors: taken, width: lengthOf(mine), first: mine[0], ranks });
      const count = ranks * rows * n;
      this.#exchange(halving.peer, belows, [0, count], belows, [count, 2 * count]);
    });
    const each = Math.max(1, Math.floor(PIECE / n));
    const sums = Array.from({ length: Math.max(1, halvings.length) }, () => above.empty([each, n]));
    for (let at = mine[0]; at < mine[1]; at += each) {
      const count = Math.min(each, mine[1] - at);
      const sum = summed({ aboves, belows, rows, n, at, count }, sums, 0, size);
      update({ begin: at * n, sum: sum.alias([count, n], 0) });
    }
    for (const { peer, mine, theirs } of halvings.reverse()) {
      const whole = ([begin, end]: Stretch): Stretch => [begin * n, end * n];
      this.#exchange(peer, result, whole(mine), result, whole(theirs));
    }
    result.storage.touch();
  }

  /** Columns of all factors that are here, side by side in one piece. */
  #gathered(aboves: readonly Above[], rows: number, [begin, end]: Stretch): Tensor {
    const width = end - begin;
    const all = aboves.reduce((sum, { ranks }) => sum + ranks * rows, 0);
    const { backend } = aboves[0]!.factors;
    const gathered = aboves[0]!.factors.empty([all, width]);
    let row = 0;
    for (const { factors, width: step, first, ranks } of aboves) {
      const to = backend.offset(gathered.pointer, row * width);
      const from = backend.offset(factors.pointer, begin - first);
      backend.copyStrided(to, from, 'float32', [ranks * rows, width], [width, 1], [step, 1], false);
      row += ranks * rows;
    }
    return gathered;
  }

  #exchange(peer: number, from: Tensor, given: Stretch, to: Tensor, wanted: Stretch): void {
    const [source, place] = [addressOf(from, given[0]), addressOf(to, wanted[0])];
    this.#line.exchange(peer, source, BYTES * lengthOf(given), place, BYTES * lengthOf(wanted));
  }
}

interface Piece {
  readonly aboves: readonly Above[];
  readonly belows: Tensor;
  readonly rows: number;
  readonly n: number;
  readonly at: number;
  readonly count: number;
}

/** The sum of products first to last, in the tree's order. */
function summed(piece: Piece, sums: readonly Tensor[], first: number, last: number): Tensor {
  const [sum, ...rest] = sums;
  if (last - first <= 2) {
    for (let i = first; i < last; i++) multiply(piece, sum!, i, i > first);
    return sum!;
  }
  const middle = (first + last) / 2;
  summed(piece, sums, first, middle);
  const other = summed(piece, rest, middle, last);
  sum!.backend.addScaled(sum!.pointer, other.pointer, piece.count * piece.n, 1);
  return sum!;
}

function multiply(piece: Piece, sum: Tensor, i: number, accumulate: boolean): void {
  const { aboves, belows, rows, n, at, count } = piece;
  const which = i === 0 ? 0 : 32 - Math.clz32(i);
  const { factors, width, first, ranks } = aboves[which]!;
  const place = (which === 0 ? 0 : i - ranks) * rows * width + at - first;
  const above = factors.alias([1], place);
  const below = belows.alias([1], i * rows * n);
  product(sum, above, below, { m: count, n, k: rows, transA: true, lda: width, accumulate });
}

function addressOf(tensor: Tensor, element: number): number {
  return (tensor.pointer as number) + BYTES * element;
}
