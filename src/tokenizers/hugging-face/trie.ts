/** Strings by their beginnings, a UTF-16 unit at a time: finds those that begin at a place of a text. */

import { PairIndex } from '../pair-index.js';

export class Trie {
  private readonly children = new PairIndex();
  /** Node → what its string stands for; -1 for none. */
  private readonly values: number[] = [-1];

  /** @param value from 0 on; a string that is added again gets the last. */
  add(text: string, value: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      let child = this.children.get(node, unit);
      if (child === undefined) {
        child = this.values.push(-1) - 1;
        this.children.set(node, unit, child);
      }
      node = child;
    }
    this.values[node] = value;
  }

  /** The node that `unit` leads to from `node` (0 is the root); -1 where it leads nowhere. */
  step(node: number, unit: number): number {
    return this.children.get(node, unit) ?? -1;
  }

  /** What the string that ends at `node` stands for; -1 where none ends there. */
  value(node: number): number {
    return this.values[node]!;
  }
}
