/**
 * Sums over ranks of gradients that are left as factors (sufficient factors: Xie et al. 2016; beside whole gradients,
 * by which is less: Zhang et al. 2017, "Poseidon"). Ranks hand each other the factors for the rows of the sum that
 * become theirs, by recursive halving without adding; then each multiplies those of all ranks for its own rows. The
 * products are added in the tree in which whole gradients would be.
 */
import { Scope, type Tensor } from '../tensor/index.js';
import { type FactorGradient, product } from '../tensor/internal.js';
import { halvingsOf, type Line, lengthOf, type Stretch } from './halving.js';
import type { SummedStretch } from './ranks.js';

/** Bytes of a float32. */
const BYTES = 4;

/** Factors of `ranks` ranks, those of one below those of the other, `rows` rows each. */
interface Group {
  readonly ranks: number;
  readonly rows: number;
  /** Of the factor from above, `width` columns from `first` on. */
  readonly above: Tensor;
  readonly first: number;
  readonly width: number;
  readonly below: Tensor;
}

/** Whether ranks hand each other fewer numbers as factors of so many rows than as a gradient (m, n). */
export function areFactorsLess(ranks: number, rows: number, [m, n]: readonly number[]): boolean {
  const asFactors = rows * ((m! * Math.log2(ranks)) / 2 + n! * (ranks - 1));
  return asFactors < m! * n! * (1 - 1 / ranks);
}

export class FactorSum {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Adds up what all ranks' factors, of equally many rows, come to; has this rank's rows of `result` made of it, and hands those over. */
  sum(factors: FactorGradient, result: Tensor, update: (stretch: SummedStretch) => void): void {
    using _exchange = new Scope();
    const { above, below, rows } = factors;
    const [m, n] = result.shape as [number, number];
    const halvings = halvingsOf(this.#line, m);
    const [begin, end] = halvings.at(-1)!.mine;
    const sum = above.empty([end - begin, n]);
    let newest: Group = { ranks: 1, rows, above, first: 0, width: m, below };
    const groups = [newest];
    for (const { peer, mine, theirs } of halvings) {
      const given = gathered(groups, theirs);
      const ranks = 2 ** (groups.length - 1);
      const width = lengthOf(mine);
      const taken = above.empty([ranks * rows * (n + width)]);
      const [from, to] = [addressOf(given, 0), addressOf(taken, 0)];
      const finish = this.#line.begin(peer, from, BYTES * given.numel, to, BYTES * taken.numel);
      // What came last is multiplied while more is on its way.
      addProducts(sum, newest, begin, { isFirst: groups.length === 1 });
      finish();
      newest = {
        ranks,
        rows,
        above: taken.alias([ranks * rows, width], ranks * rows * n),
        first: mine[0],
        width,
        below: taken.alias([ranks * rows, n], 0),
      };
      groups.push(newest);
    }
    addProducts(sum, newest, begin, { isFirst: false });
    update({ begin: begin * n, sum });
    for (const { peer, mine, theirs } of halvings.reverse()) {
      const [from, to] = [addressOf(result, mine[0] * n), addressOf(result, theirs[0] * n)];
      const [sent, received] = [BYTES * n * lengthOf(mine), BYTES * n * lengthOf(theirs)];
      this.#line.exchange(peer, from, sent, to, received);
    }
    result.storage.touch();
  }
}

/** What another rank is to have of these, in one piece: factors from below, then columns of those from above. */
function gathered(groups: readonly Group[], [begin, end]: Stretch): Tensor {
  const [{ above, below }] = groups as [Group];
  const { backend } = above;
  const [n, width] = [below.shape[1]!, end - begin];
  const all = groups.reduce((sum, { ranks, rows }) => sum + ranks * rows, 0);
  const gathered = above.empty([all * (n + width)]);
  let row = 0;
  for (const { ranks, rows, above, first, width: step, below } of groups) {
    const count = ranks * rows;
    backend.copy(backend.offset(gathered.pointer, row * n), below.pointer, 'float32', below.numel);
    const to = backend.offset(gathered.pointer, all * n + row * width);
    const from = backend.offset(above.pointer, begin - first);
    backend.copyStrided(to, from, 'float32', [count, width], [width, 1], [step, 1], false);
    row += count;
  }
  return gathered;
}

/** Adds to `sum`, which is rows of the product from `begin` on, those of a group's ranks; or begins with them. */
function addProducts(
  sum: Tensor,
  group: Group,
  begin: number,
  { isFirst, from = 0, count = group.ranks }: { isFirst: boolean; from?: number; count?: number },
): void {
  if (count > 1 && !isFirst) {
    const branch = sum.empty(sum.shape);
    addProducts(branch, group, begin, { isFirst: true, from, count });
    sum.addScaled_(branch, 1);
    branch.dispose();
    return;
  }
  if (count > 1) {
    const half = count / 2;
    addProducts(sum, group, begin, { isFirst: true, from, count: half });
    addProducts(sum, group, begin, { isFirst: false, from: from + half, count: half });
    return;
  }
  const { rows, above, first, width, below } = group;
  const [m, n] = sum.shape as [number, number];
  const left = above.alias([1], above.offset + from * rows * width + begin - first);
  const right = below.alias([1], below.offset + from * rows * n);
  const size = { m, n, k: rows, transA: true, lda: width, accumulate: !isFirst };
  product(sum, left, right, size);
}

function addressOf(tensor: Tensor, element: number): number {
  return (tensor.pointer as number) + BYTES * element;
}
