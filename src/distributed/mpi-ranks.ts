/** Ranks over MPI: sums in a fixed tree, made of exchanges between two ranks at a time. */
import type { RowGradient } from '../tensor/index.js';
import { empty, Scope, type Tensor, withBackend } from '../tensor/index.js';
import { RowGradient as Rows, sumOfRows } from '../tensor/internal.js';
import { Buckets } from './buckets.js';
import { EarlyExchanges } from './early-exchanges.js';
import { HandedOver } from './handed-over.js';
import type { MpiLibrary } from './mpi-library.js';
import { requireNative } from './native.js';
import type { Combine, Ranks, SummedStretch } from './ranks.js';
import { Silence } from './silence.js';
import { TreeSum } from './tree-sum.js';
import { waitUntil } from './waiting.js';

/** Bytes of a float32 or int32. */
const BYTES = 4;
/** Doubles of the smallest memory for numbers; it grows. */
const LEAST_NUMBERS = 256;

export class MpiRanks implements Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: MpiLibrary;
  readonly #silence: Silence;
  /** Where numbers lie while they travel: own ones, then received ones. */
  #numbers: Tensor;
  readonly #tree: TreeSum;
  readonly #early: EarlyExchanges;
  readonly #handed: HandedOver;
  readonly #buckets = new Buckets();
  /** More threads on this machine than cores: waiting must not hold one. */
  isCrowded = false;
  waitedMs = 0;

  /** @param limitSeconds how long another rank may be silent. */
  constructor(mpi: MpiLibrary, limitSeconds: number) {
    this.#mpi = mpi;
    this.rank = mpi.rank;
    this.size = mpi.size;
    this.#silence = new Silence(mpi, limitSeconds);
    this.#numbers = onNative(() => empty([4 * LEAST_NUMBERS], 'int32').retain());
    this.#tree = new TreeSum({
      rank: mpi.rank,
      size: mpi.size,
      exchange: (...exchange) => this.#exchange(...exchange),
    });
    this.#early = new EarlyExchanges(mpi, this.#tree);
    this.#handed = new HandedOver(mpi, (peer, isDone) => this.#wait(peer, isDone));
  }

  begin(tensor: Tensor, number: number): void {
    this.#early.begin(tensor, number);
  }

  reduce(values: Float64Array, combine: Combine): void {
    for (let distance = 1; distance < this.size; distance *= 2) {
      const theirs = this.#swap(this.rank ^ distance, values);
      for (let i = 0; i < values.length; i++) values[i] = combine(values[i]!, theirs[i]!);
    }
  }

  sum(tensors: readonly Tensor[]): void {
    for (const tensor of this.#buckets.fill(tensors)) {
      this.#tree.sum({ tensor, ...this.#arrived(tensor) });
    }
    this.#buckets.empty();
  }

  sumInto(
    tensors: readonly Tensor[],
    results: readonly Tensor[],
    update: (i: number, stretch: SummedStretch) => void,
  ): void {
    tensors.forEach((tensor, i) => {
      this.#tree.sum({
        tensor,
        result: results[i]!,
        update: (stretch) => update(i, stretch),
        ...this.#arrived(tensor),
      });
    });
  }

  sumRows(weight: Tensor, gradient: RowGradient | null): RowGradient | null {
    const width = weight.shape[1]!;
    let own = gradient;
    for (let distance = 1; distance < this.size; distance *= 2) {
      const peer = this.rank ^ distance;
      const count = own?.rowCount ?? 0;
      const [theirs = 0] = this.#swap(peer, Float64Array.of(count));
      using _exchange = new Scope();
      const rows = weight.empty([theirs], 'int32');
      const values = weight.empty([theirs, width]);
      const address = (tensor: Tensor | undefined) => (tensor?.pointer as number | undefined) ?? 0;
      this.#exchange(peer, address(own?.rows), BYTES * count, address(rows), BYTES * theirs);
      this.#exchange(
        peer,
        address(own?.values),
        BYTES * count * width,
        address(values),
        BYTES * theirs * width,
      );
      if (theirs === 0) continue;
      const more = new Rows(rows, values, theirs);
      const sum = own ? sumOfRows(weight, own, more) : more;
      own?.free();
      sum.rows.retain();
      sum.values.retain();
      own = sum;
    }
    return own;
  }

  /** At each distance, two ranks hand each other what they and those nearer to them own: the first of both at once, and so on. */
  share(tensors: readonly Tensor[], owners: readonly number[]): void {
    for (let distance = 1; distance < this.size; distance *= 2) {
      const peer = this.rank ^ distance;
      const near = (rank: number) => tensors.filter((_, i) => (rank ^ owners[i]!) < distance);
      const [given, wanted] = [near(this.rank), near(peer)];
      for (let i = 0; i < Math.max(given.length, wanted.length); i++) {
        const [from, to] = [given[i], wanted[i]];
        const place = (tensor: Tensor | undefined) => (tensor?.pointer as number | undefined) ?? 0;
        const bytes = (tensor: Tensor | undefined) => BYTES * (tensor?.numel ?? 0);
        this.#exchange(peer, place(from), bytes(from), place(to), bytes(to));
        to?.storage.touch();
      }
    }
  }

  handOver(given: readonly Tensor[], wanted: readonly Tensor[]): () => void {
    return this.#handed.begin(given, wanted);
  }

  /** Gives a rank numbers, and returns as many of its own. */
  #swap(peer: number, numbers: Float64Array): Float64Array {
    const { length } = numbers;
    const theirs = new Float64Array(length);
    if (length === 0) return theirs;
    if (4 * length > this.#numbers.numel) {
      this.#numbers.dispose();
      this.#numbers = onNative(() => empty([4 * length], 'int32').retain());
    }
    const { backend } = this.#numbers;
    const from = this.#numbers.pointer as number;
    const to = from + 8 * length;
    backend.write(from, 'int32', new Int32Array(numbers.buffer, numbers.byteOffset, 2 * length));
    this.#exchange(peer, from, 8 * length, to, 8 * length);
    backend.read(to, 'int32', new Int32Array(theirs.buffer));
    return theirs;
  }

  /** What came of a tensor that was begun. */
  #arrived(tensor: Tensor): { arrived?: Tensor } {
    const early = this.#early.take(tensor);
    if (!early) return {};
    this.#wait(this.rank ^ 1, () => this.#mpi.isDone(early.pending));
    return { arrived: early.arrived };
  }

  #exchange(peer: number, from: number, sent: number, to: number, received: number): void {
    this.#mpi.begin(peer, from, sent, to, received);
    this.#wait(peer, () => this.#mpi.isDone());
    this.#handed.finish(peer);
  }

  #wait(peer: number, isDone: () => boolean): void {
    const began = performance.now();
    waitUntil(isDone, this.isCrowded, (waited, isFirst) =>
      this.#silence.report(peer, waited, isFirst),
    );
    this.waitedMs += performance.now() - began;
  }
}

/** Runs on the backend whose memory MPI can reach. */
function onNative<T>(body: () => T): T {
  return withBackend(requireNative(), body);
}
