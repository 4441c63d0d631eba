/**
 * The candidates of a BPE training, best first: the most frequent, then the shortest, then the one
 * whose bytes sort first, then the oldest.
 *
 * A symbol whose frequency changes is pushed again; the entry with the old frequency is recognised when
 * it comes to the top, and thrown away.
 */

import { withRoom } from '../../util/grow.js';
import type { SymbolTable } from './symbols.js';

export class CandidateHeap {
  private readonly table: SymbolTable;
  /** How often the best had an equal: another symbol of the same spelling and frequency. */
  ties = 0;
  private size = 0;
  private symbols = new Int32Array(4096);
  private frequencies = new Float64Array(4096);

  constructor(table: SymbolTable) {
    this.table = table;
  }

  clear(): void {
    this.size = 0;
  }

  push(symbol: number): void {
    if (this.size === this.symbols.length) {
      this.symbols = withRoom(this.symbols, this.size + 1);
      this.frequencies = withRoom(this.frequencies, this.size + 1);
    }
    const frequency = this.table.frequency[symbol]!;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(symbol, frequency, this.symbols[parent]!, this.frequencies[parent]!)) break;
      this.symbols[i] = this.symbols[parent]!;
      this.frequencies[i] = this.frequencies[parent]!;
      i = parent;
    }
    this.symbols[i] = symbol;
    this.frequencies[i] = frequency;
  }

  /** The best symbol for which `valid` holds and whose frequency is still what it was; -1 if none. */
  pop(valid: (symbol: number) => boolean): number {
    const best = this.top(valid);
    if (best < 0) return best;
    this.removeTop();
    const next = this.top(valid);
    const { text, frequency } = this.table;
    const isTie = next >= 0 && next !== best && text[next] === text[best];
    if (isTie && frequency[next] === frequency[best]) this.ties++;
    return best;
  }

  /** What `pop` would return. What is out of date above it is thrown away. */
  private top(valid: (symbol: number) => boolean): number {
    while (this.size > 0) {
      const symbol = this.symbols[0]!;
      if (this.table.frequency[symbol] === this.frequencies[0] && valid(symbol)) return symbol;
      this.removeTop();
    }
    return -1;
  }

  private removeTop(): void {
    const n = --this.size;
    const symbol = this.symbols[n]!;
    const frequency = this.frequencies[n]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && this.beforeAt(child + 1, child)) child++;
      if (!this.before(this.symbols[child]!, this.frequencies[child]!, symbol, frequency)) break;
      this.symbols[i] = this.symbols[child]!;
      this.frequencies[i] = this.frequencies[child]!;
      i = child;
    }
    this.symbols[i] = symbol;
    this.frequencies[i] = frequency;
  }

  private beforeAt(i: number, j: number): boolean {
    return this.before(
      this.symbols[i]!,
      this.frequencies[i]!,
      this.symbols[j]!,
      this.frequencies[j]!,
    );
  }

  private before(a: number, aFrequency: number, b: number, bFrequency: number): boolean {
    if (aFrequency !== bFrequency) return aFrequency > bFrequency;
    const { length, text } = this.table;
    if (length[a] !== length[b]) return length[a]! < length[b]!;
    const aText = text[a]!;
    const bText = text[b]!;
    return aText === bText ? a < b : aText < bText;
  }
}
