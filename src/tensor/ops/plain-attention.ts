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

/** What the maps depend on. */
type MapSettings = Pick<
  AttentionSettings,
  'queries' | 'keys' | 'heads' | 'window' | 'scale' | 'softcap'
>;

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
function causalMask({ queries, keys, window }: MapSettings, like: Tensor): Tensor {
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
  const { batch: B, queries, keys, heads: H, width: D, random } = settings;
  const maps = mapsOf(q, k, settings);
  const kept = dropout(maps, settings.dropout, random);
  const valuesOf = headsFirst(v.narrow(1, 0, keys), H); // (B, H, Tk, D)
  const y = kept.matmul(valuesOf).permute(0, 2, 1, 3); // (B, H, Tq, D) → (B, Tq, H, D)
  return { y: y.reshape(B, queries, H, D), maps };
}

/** (B, H, Tq, Tk): how much each query takes from each position. */
function mapsOf(q: Tensor, k: Tensor, settings: MapSettings): Tensor {
  const { keys, heads: H, scale, softcap } = settings;
  const queriesOf = q.permute(0, 2, 1, 3); // (B, Tq, H, D) → (B, H, Tq, D)
  const keysOf = headsFirst(k.narrow(1, 0, keys), H); // (B, H, Tk, D)
  let scores = queriesOf.matmul(keysOf.transpose(-2, -1)).mul(scale);
  if (softcap > 0) scores = scores.div(softcap).tanh().mul(softcap);
  return scores.add(causalMask(settings, q)).softmax(-1);
}

/**
 * The attention maps (b, H, Tq, Tk) of an operation `causalAttention` that a watcher saw, without dropout: of the first
 * elements of its batch, as many as have about `most` weights, and at least one.
 */
export function mapsOfCall({ inputs, options }: OperationCall, most: number): Tensor {
  const { size, packed } = options as AttentionCall;
  const { batch, heads: H, kvHeads: K, queries, keys, width: D } = size;
  const count = Math.min(batch, Math.max(1, Math.floor(most / (H * queries * keys))));
  const first = (x: Tensor) => (count < batch ? x.narrow(0, 0, count) : x);
  if (!packed) return mapsOf(first(inputs[0]), first(inputs[1]), size);
  const all = first(inputs[0]).reshape(count, queries, H + 2 * K, D);
  return mapsOf(all.narrow(2, 0, H), all.narrow(2, H, K), size); // (b, T, H, D), (b, T, K, D)
}
