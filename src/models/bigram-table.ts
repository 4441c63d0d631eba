/** The counts of a bigram as rows that can be searched, and the checks of what they are made from. */
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { inHostMemory } from '../util/host-memory.js';
import type { BigramConfig } from './bigram-settings.js';

/** @throws UserError unless all are whole numbers in [0, vocabSize): an array of counts takes anything. */
export function checkIds(ids: ArrayLike<number>, vocabSize: number): void {
  if (!Array.isArray(ids) && !(ArrayBuffer.isView(ids) && !(ids instanceof DataView))) {
    throw new UserError(`bigram: expected an array of token ids, got ${describeValue(ids)}`);
  }
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    throw new UserError(
      `bigram: expected token ids from 0 to ${vocabSize - 1}, got ${describeValue(id)} at position ${i}`,
    );
  }
}

/** @throws UserError for counts that were not made by `fit`: those of a damaged checkpoint. */
function checkTable(pairs: Int32Array, counts: Int32Array, rows: number, vocabSize: number): void {
  checkIds(pairs, vocabSize);
  for (let i = 0; i < counts.length; i++) {
    const after = i === 0 || pairs[2 * i] - pairs[2 * i - 2] || pairs[2 * i + 1] - pairs[2 * i - 1];
    if (pairs[2 * i] < rows && counts[i] > 0 && (after === true || after > 0)) continue;
    throw new UserError(
      `bigram: expected pairs in ascending order, each with a count above 0, got (${pairs[2 * i]}, ` +
        `${pairs[2 * i + 1]}), ${counts[i]} times, as number ${i}`,
    );
  }
}

export class BigramTable {
  private readonly rowStart: Int32Array;
  private readonly total: Float64Array;

  constructor(
    private readonly pairs: Int32Array,
    private readonly counts: Int32Array,
    private readonly config: BigramConfig,
    private readonly vocabSize: number,
  ) {
    const rows = config.context === 1 ? vocabSize : 1;
    checkTable(pairs, counts, rows, vocabSize);
    const what = `a table of ${rows} tokens`;
    this.rowStart = inHostMemory(what, () => new Int32Array(rows + 1));
    this.total = inHostMemory(what, () => new Float64Array(rows));
    for (let i = 0; i < counts.length; i++) {
      this.rowStart[pairs[2 * i] + 1]++;
      this.total[pairs[2 * i]] += counts[i];
    }
    for (let row = 0; row < rows; row++) this.rowStart[row + 1] += this.rowStart[row];
  }

  private logOf(row: number, count: number): number {
    const { smoothing } = this.config;
    return Math.log((count + smoothing) / (this.total[row] + smoothing * this.vocabSize));
  }

  logProbability(previous: number, next: number): number {
    const row = this.config.context === 1 ? previous : 0;
    let low = this.rowStart[row];
    let high = this.rowStart[row + 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pairs[2 * middle + 1] < next) low = middle + 1;
      else high = middle;
    }
    const found = low < this.rowStart[row + 1] && this.pairs[2 * low + 1] === next;
    return this.logOf(row, found ? this.counts[low] : 0);
  }

  fillRow(previous: number, out: Float32Array): void {
    const row = this.config.context === 1 ? previous : 0;
    out.fill(this.logOf(row, 0));
    for (let i = this.rowStart[row]; i < this.rowStart[row + 1]; i++) {
      out[this.pairs[2 * i + 1]] = this.logOf(row, this.counts[i]);
    }
  }
}
