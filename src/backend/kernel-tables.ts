/** What the kernels take more of than fits into arguments, laid out in small arrays that are kept: a call makes none. */
import type { AttentionSize, HeadSteps, ParameterUpdate } from './backend.js';
import type { HostArray } from './kernel-interface.js';
import { KernelMemory, type Table } from './kernel-memory.js';

const MAX_DIMS = 8;
/** Numbers of `struct attention_size`. */
const ATTENTION_SIZE = 25;
/** Numbers in a row of `struct update_row`. */
const UPDATE_ROW = 10;

export class KernelTables extends KernelMemory {
  readonly #layout: Table = this.host.table(3 * MAX_DIMS);
  readonly #attention: Table = this.host.table(ATTENTION_SIZE);
  #updates: Table = this.host.table(64 * UPDATE_ROW);

  /** Shape and both strides, one after another. */
  protected packLayout(
    shape: readonly number[],
    strides0: readonly number[],
    strides1: readonly number[],
  ): HostArray {
    const ndim = shape.length;
    if (ndim > MAX_DIMS) {
      throw new Error(`expected at most ${MAX_DIMS} dimensions, got ${ndim}`);
    }
    const { values: layout, place } = this.#layout;
    for (let i = 0; i < ndim; i++) {
      layout[i] = shape[i];
      layout[ndim + i] = strides0[i];
      layout[2 * ndim + i] = strides1[i];
    }
    return place;
  }

  /** In the order of `struct attention_size`. */
  protected packAttention(size: AttentionSize): HostArray {
    const { batch, heads, kvHeads, queries, keys, width, window, scale, softcap, steps } = size;
    const { seed, stream, position } = size.key;
    const { values: table, place } = this.#attention;
    table[0] = batch;
    table[1] = heads;
    table[2] = kvHeads;
    table[3] = queries;
    table[4] = keys;
    table[5] = width;
    table[6] = window;
    table[7] = scale;
    table[8] = softcap;
    table[9] = size.dropout;
    table[10] = seed;
    table[11] = stream;
    table[12] = position;
    packSteps(table, 13, steps.q);
    packSteps(table, 16, steps.k);
    packSteps(table, 19, steps.v);
    packSteps(table, 22, steps.out);
    return place;
  }

  /** One row of `struct update_row` for each, in a table that is kept. */
  protected packUpdates(updates: readonly ParameterUpdate<number>[]): HostArray {
    const room = this.#updates.values.length;
    const needed = updates.length * UPDATE_ROW;
    if (needed > room) this.#updates = this.host.table(Math.max(needed, 2 * room));
    const { values: table, place } = this.#updates;
    let i = 0;
    for (const update of updates) {
      table[i] = update.param;
      table[i + 1] = update.grad;
      table[i + 2] = update.count;
      table[i + 3] = update.rows ?? 0;
      table[i + 4] = update.rowCount;
      table[i + 5] = update.width;
      table[i + 6] = update.lr;
      table[i + 7] = update.weightDecay;
      table[i + 8] = update.state1 ?? 0;
      table[i + 9] = update.state2 ?? 0;
      i += UPDATE_ROW;
    }
    return place;
  }
}

function packSteps(table: Float64Array, at: number, { batch, time, head }: HeadSteps): void {
  table[at] = batch;
  table[at + 1] = time;
  table[at + 2] = head;
}
