/** What a run has to be better than: losses of models that only count, on its own data. */
import { RunDirectory } from '../../runs/index.js';
import { loadRunData } from '../../train/index.js';
import type { YardstickReply } from './messages.js';

/**
 * Every count plus one (Laplace's rule of succession), as `nanogpt train` counts its unigram. Nothing is fetched for
 * it: a run from elsewhere may name any address.
 *
 * @throws UserError where the run's text is not on this machine, or is another one by now.
 */
export async function yardsticksOf(folder: string): Promise<YardstickReply> {
  using run = RunDirectory.open(folder);
  const { splits, tokenizer } = await loadRunData(run, { offline: true });
  const [train, ids] = [splits.train.ids, splits.validation.ids];
  const V = tokenizer.vocabSize;
  const counts = new Float64Array(V);
  const pairs = new Map<number, number>();
  for (let i = 0; i < train.length; i++) {
    counts[train[i]!]!++;
    if (i === 0) continue;
    const pair = train[i - 1]! * V + train[i]!;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  let [unigram, bigram] = [0, 0];
  for (let i = 1; i < ids.length; i++) {
    const [before, id] = [ids[i - 1]!, ids[i]!];
    unigram -= Math.log((counts[id]! + 1) / (train.length + V));
    bigram -= Math.log(((pairs.get(before * V + id) ?? 0) + 1) / (counts[before]! + V));
  }
  const n = Math.max(1, ids.length - 1);
  return { unigram: unigram / n, bigram: bigram / n };
}
