/** A table of numbers that grows by rows, kept as columns. */
export class Columns<Name extends string> {
  readonly #columns: Record<Name, Float64Array>;
  #length = 0;

  constructor(readonly names: readonly Name[]) {
    const empty = names.map((name) => [name, new Float64Array(256)]);
    this.#columns = Object.fromEntries(empty) as Record<Name, Float64Array>;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a row: values in the order of `names`. */
  push(values: ArrayLike<number>): void {
    const capacity = this.#columns[this.names[0]!].length;
    if (this.#length === capacity) {
      for (const name of this.names) {
        const larger = new Float64Array(capacity * 2);
        larger.set(this.#columns[name]);
        this.#columns[name] = larger;
      }
    }
    for (let i = 0; i < this.names.length; i++) {
      this.#columns[this.names[i]!][this.#length] = values[i]!;
    }
    this.#length++;
  }

  /** A column as it is now: a view, good until the next row. */
  get(name: Name): Float64Array {
    return this.#columns[name].subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}
