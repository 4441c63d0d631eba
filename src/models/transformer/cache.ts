/** Keys and values of the tokens seen so far, so that a token costs one position of each layer. */
import { empty, type Tensor } from '../../tensor/index.js';

/** What attention reads: the new tokens' queries, and the keys and values of all that it may look at. */
interface Extended {
  /** (1, T, H, D) */
  readonly q: Tensor;
  /** (1, capacity, K, D), of which the first `keys` positions are in use. */
  readonly k: Tensor;
  readonly v: Tensor;
  readonly keys: number;
}

/** One layer's keys and values, of fixed size: (1, capacity, K, D) each. */
export class LayerCache implements Disposable {
  readonly #k: Tensor;
  readonly #v: Tensor;
  #keys = 0;

  constructor(capacity: number, kvHeads: number, headDim: number) {
    this.#k = empty([1, capacity, kvHeads, headDim]).retain();
    this.#v = empty([1, capacity, kvHeads, headDim]).retain();
  }

  /**
   * Takes apart the queries, keys and values of the next tokens, (1, T, H + 2 · K, D), and remembers the latter.
   * There must be room: see `keepLast`.
   */
  extend(qkv: Tensor, heads: number, kvHeads: number): Extended {
    const [q, k, v] = apart(qkv, heads, kvHeads);
    this.place(this.#k, this.#keys, k);
    this.place(this.#v, this.#keys, v);
    this.#keys += qkv.shape[1];
    return { q, k: this.#k, v: this.#v, keys: this.#keys };
  }

  /** Forgets all but the last `count` positions. */
  keepLast(count: number): void {
    const from = this.#keys - Math.min(count, this.#keys);
    if (from === 0) return;
    this.#keys -= from;
    for (const all of [this.#k, this.#v]) {
      this.place(all, 0, this.positions(all, from, this.#keys).clone());
    }
  }

  [Symbol.dispose](): void {
    this.#k.dispose();
    this.#v.dispose();
  }

  private place(all: Tensor, at: number, values: Tensor): void {
    this.positions(all, at, values.shape[1]).copy_(values);
  }

  private positions(all: Tensor, at: number, count: number): Tensor {
    const [, , kvHeads, headDim] = all.shape;
    return all.alias([1, count, kvHeads, headDim], at * kvHeads * headDim); // a view of those positions
  }
}

/** Of one position, they lie one after the other and need not be copied. */
function apart(qkv: Tensor, heads: number, kvHeads: number): Tensor[] {
  const [, T, , D] = qkv.shape;
  if (T !== 1) return qkv.split([heads, kvHeads, kvHeads], 2);
  return [heads, kvHeads, kvHeads].map((count, i) =>
    qkv.alias([1, 1, count, D], qkv.offset + (i === 0 ? 0 : heads + (i - 1) * kvHeads) * D),
  );
}
