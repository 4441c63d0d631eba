/** The yardstick that costs nothing: how often each token occurs. */

/**
 * Cross-entropy, in nats per token, of `ids` under the frequencies of `train`, every count plus one
 * (Laplace's rule of succession).
 */
export function unigramLoss(
  train: ArrayLike<number>,
  ids: ArrayLike<number>,
  vocabSize: number,
): number {
  const counts = new Float64Array(vocabSize).fill(1);
  for (let i = 0; i < train.length; i++) counts[train[i]!]!++;
  const all = Math.log(train.length + vocabSize);
  let sum = 0;
  for (let i = 0; i < ids.length; i++) sum += all - Math.log(counts[ids[i]!]!);
  return sum / ids.length;
}
