/** A growing list of token ids. */

import { withRoom } from '../util/grow.js';

export class IdList {
  private ids: Uint32Array<ArrayBuffer>;
  private length = 0;

  constructor(capacity = 256) {
    this.ids = new Uint32Array(capacity);
  }

  /** The id that was added last; undefined where there is none. */
  get last(): number | undefined {
    return this.length > 0 ? this.ids[this.length - 1] : undefined;
  }

  push(id: number): void {
    if (this.length === this.ids.length) this.ids = withRoom(this.ids, this.length + 1);
    this.ids[this.length++] = id;
  }

  /** Adds the first `count` of `ids`. */
  pushAll(ids: ArrayLike<number>, count = ids.length): void {
    this.ids = withRoom(this.ids, this.length + count);
    for (let i = 0; i < count; i++) this.ids[this.length++] = ids[i]!;
  }

  /** The ids, and empty again. Room that one long text took is not kept for many short ones. */
  take(): Uint32Array {
    const ids = this.ids.slice(0, this.length);
    this.length = 0;
    if (this.ids.length > 1 << 20) this.ids = new Uint32Array(256);
    return ids;
  }
}
