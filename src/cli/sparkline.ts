/** A curve in one line of text. */
const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * `█▆▅▃▂▁`: the values as columns, the least at the bottom. More values than columns are averaged,
 * evenly; values that are not finite are passed over.
 *
 * The top is the greatest, or three times as far from the least as the median is, if that is lower: the
 * first losses of a training lie so high that all others would be one flat line.
 */
export function sparkline(values: readonly number[], columns: number): string {
  const finite = values.filter(Number.isFinite);
  const width = Math.min(columns, finite.length);
  const means = Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * finite.length) / width);
    const to = Math.floor(((i + 1) * finite.length) / width);
    return finite.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
  const sorted = [...means].sort((a, b) => a - b);
  const low = sorted[0]!;
  const median = sorted[width >> 1]!;
  const span = Math.min(sorted.at(-1)! - low, 3 * (median - low) || Infinity);
  const level = (mean: number) => (span > 0 ? Math.min(1, (mean - low) / span) : 0);
  return means.map((mean) => BLOCKS[Math.round(level(mean) * (BLOCKS.length - 1))]).join('');
}

/** A series that keeps at most `capacity` values: when it is full, neighbours are averaged. */
export class Curve {
  readonly #values: number[] = [];
  /** How many added values make one kept one, and those that wait for it. */
  #stride = 1;
  #sum = 0;
  #waiting = 0;

  /** @param capacity an even number. */
  constructor(private readonly capacity = 256) {}

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    if (++this.#waiting < this.#stride) return;
    this.#values.push(this.#sum / this.#waiting);
    this.#sum = 0;
    this.#waiting = 0;
    if (this.#values.length < this.capacity) return;
    const halved = this.capacity / 2;
    for (let i = 0; i < halved; i++) {
      this.#values[i] = (this.#values[2 * i]! + this.#values[2 * i + 1]!) / 2;
    }
    this.#values.length = halved;
    this.#stride *= 2;
  }

  get values(): readonly number[] {
    return this.#values;
  }
}
