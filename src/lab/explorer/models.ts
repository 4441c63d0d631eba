/** The models that are open, since the next question is mostly about the same one. */
import fs from 'node:fs';
import path from 'node:path';
import { type OpenedRun, openRun } from '../../train/index.js';
import { requireOwn } from '../contained.js';
import type { ModelWish } from './messages.js';

/** Two side by side, and the one before. */
const MOST_OPEN = 3;

interface Entry {
  readonly key: string;
  readonly opened: OpenedRun;
  users: number;
}

export class OpenModels {
  /** The least recently used first. */
  #entries: Entry[] = [];

  /** @param prepare is called before a run is opened: it imports what registers its model. */
  constructor(private readonly prepare: (folder: string) => Promise<void>) {}

  /** Opens a run's model, or takes it from those that are open, for as long as `use` takes. */
  async use<T>(
    { folder, checkpoint }: ModelWish,
    use: (opened: OpenedRun) => Promise<T>,
  ): Promise<T> {
    requireOwn(folder);
    const key = `${folder}\n${checkpoint}\n${stampOf(folder)}`;
    let entry = this.#entries.find((one) => one.key === key);
    if (!entry) {
      await this.prepare(folder);
      entry = { key, opened: await openRun(folder, { from: checkpoint }), users: 0 };
    }
    this.#entries = [...this.#entries.filter((one) => one !== entry), entry];
    entry.users++;
    this.#prune();
    try {
      return await use(entry.opened);
    } finally {
      entry.users--;
      this.#prune();
    }
  }

  #prune(): void {
    for (const entry of [...this.#entries]) {
      if (this.#entries.length <= MOST_OPEN) return;
      if (entry.users > 0) continue;
      this.#entries = this.#entries.filter((one) => one !== entry);
      entry.opened[Symbol.dispose]();
    }
  }
}

/** Changes when a checkpoint was written, or another run stands there. */
function stampOf(folder: string): string {
  return ['config.json', 'checkpoints', 'checkpoints/latest', 'checkpoints/best']
    .map((name) => {
      const stat = fs.statSync(path.join(folder, name), { throwIfNoEntry: false });
      return stat ? `${stat.ino} ${stat.mtimeMs}` : '';
    })
    .join(' ');
}
