/** Writing on from a text with a cache of keys and values, and what happens when the block is full. */
import { type RotaryTable, type Tensor, tensor } from '../../tensor/index.js';
import { LayerCache } from './cache.js';
import type { Transformer } from './transformer.js';

/**
 * A prompt goes through in one pass, each further token as one position. When there are more tokens than
 * `blockSize`:
 *
 * - With learned or sinusoidal positions the window slides as nanoGPT's does: every token stands somewhere else
 *   in it than before, so that the whole window is computed anew.
 * - With rotary positions or none, what was computed stays right wherever the window begins: each token goes on
 *   seeing the `blockSize` positions that end with it, and what lies before is forgotten.
 */
export class CachedDecoding implements Disposable {
  readonly #model: Transformer;
  readonly #caches: readonly LayerCache[];
  readonly #capacity: number;
  /** Whether keys and values outlive their window: with positions that are relative. */
  readonly #slides: boolean;
  /** The last `blockSize` tokens, for when they have to be computed anew. */
  #window: number[] = [];
  /** Where the next token stands, and how many positions the caches hold. */
  #position = 0;
  #held = 0;
  #table: RotaryTable | null = null;
  /** The table's first position. */
  #first = 0;

  constructor(model: Transformer) {
    const { blockSize, sizes, config } = model;
    this.#model = model;
    this.#slides = config.position === 'rotary' || config.position === 'none';
    // Twice the window, so that only every blockSize tokens something has to be moved.
    this.#capacity = this.#slides ? 2 * blockSize : blockSize;
    this.#caches = model.h.map(() => new LayerCache(this.#capacity, sizes.kvHeads, sizes.headDim));
  }

  /** Takes in the next ids → the logits (V) of what follows the last of them. */
  feed(ids: Int32Array): Tensor {
    const { blockSize } = this.#model;
    if (this.#slides) {
      let x: Tensor | undefined;
      for (let at = 0; at < ids.length; at += blockSize) {
        x = this.pass(ids.subarray(at, at + blockSize));
      }
      return this.last(x!);
    }
    this.#window.push(...ids.subarray(-blockSize));
    const isOver = this.#window.length > blockSize || ids.length > blockSize;
    this.#window = this.#window.slice(-blockSize);
    if (!isOver) return this.last(this.pass(ids));
    this.forget(0);
    this.#position = 0;
    return this.last(this.pass(Int32Array.from(this.#window)));
  }

  [Symbol.dispose](): void {
    for (const cache of this.#caches) cache[Symbol.dispose]();
    this.#table?.dispose();
  }

  /** The next tokens, at most blockSize: (T) → (1, 1, C), of the last of them. */
  private pass(ids: Int32Array): Tensor {
    const model = this.#model;
    const T = ids.length;
    if (this.#held + T > this.#capacity) this.forget(model.blockSize - 1);
    const table = this.tableFor(this.#position, T);
    const past = {
      ...{ position: this.#position, table, offset: this.#position - this.#first },
      caches: this.#caches,
    };
    const x = model.hidden(tensor(ids, { shape: [1, T] }), past);
    this.#position += T;
    this.#held += T;
    return x;
  }

  private forget(allBut: number): void {
    for (const cache of this.#caches) cache.keepLast(allBut);
    this.#held = Math.min(this.#held, allBut);
  }

  /** A rotary table that holds the positions; texts may go on for ever, tables may not. */
  private tableFor(position: number, count: number): RotaryTable | null {
    const model = this.#model;
    if (model.config.position !== 'rotary') return null;
    if (!this.#table || position + count > this.#first + this.#table.length) {
      this.#table?.dispose();
      this.#first = position;
      this.#table = model.rotaryTable(position, 2 * model.blockSize);
    }
    return this.#table;
  }

  /** (1, 1, C) → the logits (V). */
  private last(x: Tensor): Tensor {
    return this.#model.logits(x).alias([this.#model.vocabSize]); // (1, 1, V) → (V)
  }
}
