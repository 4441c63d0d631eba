/** Causal attention from tensors: what `causalAttention` computes, to be read, and to look at the weights. */
import { tensor, withBackend } from '../create.js';
import type { OperationCall } from '../tape.js';
import type { Tensor } from '../tensor.js';
import {
  type AttentionCall,
  type AttentionOptions,
  type AttentionSettings,
  attentionSettings,
} from './attention.js';
import { dropout } from './dropout.js';

/** (B, T, kvHeads, D) → (B, H, T, D): heads before time, each as often as there are queries' heads for it. */
function headsFirst(x: Tensor, heads: number): Tensor {
  const [B, T, kvHeads, D] = x.shape;
  const group = heads / kvHeads;
  return x
    .permute(0, 2, 1, 3) // (B, kvHeads, T, D)
    .reshape(B, kvHeads, 1, T, D)
    .expand(B, kvHeads, group, T, D)
    .reshape(B, heads, T, D);
}

/** (Tq, Tk): 0 where a query sees a key, −∞ where it does not. */
function causalMask({ queries, keys, window }: AttentionSettings, like: Tensor): Tensor {
  const values = new Float32Array(queries * keys).fill(-Infinity);
  for (let i = 0; i < queries; i++) {
    const position = i + keys - queries;
    const from = Math.max(0, position - window + 1);
    values.fill(0, i * keys + from, i * keys + position + 1);
  }
  return withBackend(like.backend, () => tensor(values, { shape: [queries, keys] }));
}

/**
 * As `causalAttention`, from matrix products and a softmax, and with the attention maps (B, H, Tq, Tk), before
 * dropout: how much each query takes from each position. Holds several tensors of their size; with the same
 * random source it drops the same weights. A value that is NaN or infinite reaches queries before it too,
 * since 0 times it is NaN.
 */
export function plainAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options?: AttentionOptions,
): { y: Tensor; maps: Tensor } {
  const settings = attentionSettings('plainAttention', q, k, v, options);
  const { batch: B, queries, keys, heads: H, width: D, scale, softcap, random } = settings;
  const queriesOf = q.permute(0, 2, 1, 3); // (B, Tq, H, D) → (B, H, Tq, D)
  const [keysOf, valuesOf] = [k, v].map((x) => headsFirst(x.narrow(1, 0, keys), H)); // (B, H, Tk, D)
  let scores = queriesOf.matmul(keysOf.transpose(-2, -1)).mul(scale); // (B, H, Tq, Tk)
  if (softcap > 0) scores = scores.div(softcap).tanh().mul(softcap);
  const maps = scores.add(causalMask(settings, q)).softmax(-1);
  const kept = dropout(maps, settings.dropout, random);
  const y = kept.matmul(valuesOf).permute(0, 2, 1, 3); // (B, H, Tq, D) → (B, Tq, H, D)
  return { y: y.reshape(B, queries, H, D), maps };
}

/**
 * The attention maps (b, H, Tq, Tk) of an operation `causalAttention` that a watcher saw, without dropout: of the first
 * elements of its batch, as many as have about `most` weights, and at least one.
 */
export function mapsOfCall({ inputs, options }: OperationCall, most: number): Tensor {
  const { size, packed } = options as AttentionCall;
  const { batch, heads: H, kvHeads: K, queries, keys, width: D, window, scale, softcap } = size;
  const count = Math.min(batch, Math.max(1, Math.floor(most / (H * queries * keys))));
  const parts = inputs.map((x) => x.narrow(0, 0, count));
  const [q, k, v] = packed
    ? parts[0].reshape(count, queries, H + 2 * K, D).split([H, K, K], 2) // (b, T, H, D), (b, T, K, D) twice
    : parts;
  return plainAttention(q, k, v, { keys, window, scale, softcap }).maps;
}
