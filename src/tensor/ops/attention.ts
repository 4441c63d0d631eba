/**
 * Causal attention as one operation. The weights, (B, H, Tq, Tk) of them, never exist: the kernel makes
 * them a block at a time, forward and again backward (Dao et al. 2022, "FlashAttention"). What it computes,
 * written from tensors, is `plainAttention`.
 *
 * Heads are read and written where they lie, at their strides: `causalSelfAttention` takes the result of
 * one projection to queries, keys and values as it is, and gives its gradient in one piece.
 */
import type { AttentionSize, HeadSteps } from '../../backend/backend.js';
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape, type Shape } from '../../util/shape.js';
import type { InputGradient } from '../gradient.js';
import { defaultRandom, RandomSource } from '../random.js';
import { apply, type Operation } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkObject, checkOptions, checkRange, checkWhole } from './check.js';

/** What attention can be told beside its queries, keys and values. */
export interface AttentionOptions {
  /** What scores are multiplied by. Default 1 / √D, so that their variance is that of q and k (Vaswani et al. 2017). */
  scale?: number;
  /** How many positions a query sees, its own and those before it; default all (Beltagy et al. 2020; Mistral). */
  window?: number;
  /** Probability with which a weight is set to 0, the others being scaled up; default 0. */
  dropout?: number;
  /** Where the random numbers of dropout come from. Default: the default source. */
  random?: RandomSource;
  /** Scores become softcap · tanh(score / softcap); default: they stay (Gemma 2, Riviere et al. 2024). */
  softcap?: number;
  /** How many of the positions of k and v are in use, the first ones; default all. For a cache of fixed size. */
  keys?: number;
}

/** The sizes of q (B, Tq, H, D) and k, v (B, Tk, kvHeads, D), and what was asked for. */
export interface AttentionSettings {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly width: number;
  readonly window: number;
  readonly scale: number;
  readonly softcap: number;
  readonly dropout: number;
  readonly random: RandomSource;
}

/** What the operation is told: a watcher of operations finds it in `call.options`. */
export interface AttentionCall {
  readonly size: AttentionSize;
  /** q, k and v are one tensor, and so is their gradient. */
  readonly packed: boolean;
}

/** q, k and v, or their gradients, as pointers. */
function operands(tensors: readonly (Tensor | null)[], { size, packed }: AttentionCall): unknown[] {
  if (!packed) return tensors.map((x) => x?.pointer ?? null);
  const x = tensors[0]!;
  const C = size.heads * size.width;
  const at = [0, C, C + size.kvHeads * size.width];
  return at.map((offset) => x.backend.offset(x.pointer, offset));
}

const attentionOperation: Operation<readonly Tensor[], AttentionCall> = {
  name: 'causalAttention',
  forward(context, inputs, settings) {
    const { batch, queries, heads, width } = settings.size;
    const x = inputs[0];
    const y = x.empty([batch, queries, heads, width]);
    if (y.numel === 0) return y;
    const lse = x.empty([batch, heads, queries, 2]);
    const [q, k, v] = operands(inputs, settings);
    x.backend.attention(y.pointer, lse.pointer, q, k, v, settings.size);
    if (context.recording) context.save(y, lse);
    else lse.dispose();
    return y;
  },
  backward(context, dy, settings): readonly InputGradient[] {
    const { inputs, tensors } = context;
    const gradients = inputs.map((x, i) => (context.needs(i) ? x.empty(x.shape) : null));
    if (dy.numel === 0) return gradients.map((gradient) => gradient?.fill_(0) ?? null);
    for (const gradient of settings.packed ? [] : gradients.slice(1)) {
      // Positions of a cache that are not in use.
      if (gradient && gradient.shape[1] > settings.size.keys) gradient.fill_(0);
    }
    const [y, lse] = tensors;
    const [dq, dk, dv] = operands(gradients, settings);
    const [q, k, v] = operands(inputs, settings);
    dy.backend.attentionBackward(
      ...([dq, dk, dv, dy.pointer, q, k, v, y.pointer, lse.pointer, settings.size] as const),
    );
    return gradients;
  },
};

/** Checks the options that do not depend on shapes. */
function checkSettings(name: string, options: AttentionOptions, width: number) {
  const { scale = 1 / Math.sqrt(width || 1), window, dropout = 0, softcap = 0 } = options;
  const { random = defaultRandom } = options;
  checkRange(name, 'scale', scale, -Number.MAX_VALUE, Number.MAX_VALUE);
  checkRange(name, 'dropout', dropout, 0, 1);
  checkRange(name, 'softcap', softcap, 0, Number.MAX_VALUE);
  if (window !== undefined) checkWhole(name, 'window', window, 1);
  if (!(random instanceof RandomSource)) {
    throw new UserError(
      `${name}: expected random to be a RandomSource, got ${describeValue(random)}`,
    );
  }
  return { scale, window, dropout, softcap, random };
}

/** Checks q, k, v and the options; for this file's operation and its plain twin. */
export function attentionSettings(
  name: string,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  given: AttentionOptions | undefined,
): AttentionSettings {
  const options = checkOptions(name, given, [
    'scale',
    'window',
    'dropout',
    'random',
    'softcap',
    'keys',
  ]);
  for (const x of [q, k, v]) checkFloat(name, x);
  const [batch, queries, heads, width] = q.shape;
  const [kBatch, capacity, kvHeads, kWidth] = k.shape;
  const same = k.shape.every((size, i) => size === v.shape[i]) && k.ndim === v.ndim;
  const fits =
    q.ndim === 4 && k.ndim === 4 && same && kBatch === batch && kWidth === width && kvHeads > 0;
  if (!fits || heads % kvHeads !== 0) {
    throw new ShapeError(
      name,
      `expected q (B, Tq, H, D), k and v (B, Tk, heads, D) with heads that divide H, got ${[q, k, v].map((x) => formatShape(x.shape)).join(', ')}`,
    );
  }
  const { keys = capacity } = options;
  checkWhole(name, 'keys', keys);
  if (keys > capacity || queries > keys) {
    throw new ShapeError(
      name,
      `expected at most as many queries as keys, and keys that are there, got ${queries} queries, ${keys} keys in use of ${capacity}`,
    );
  }
  const { window, ...rest } = checkSettings(name, options, width);
  const seen = Math.max(1, Math.min(window ?? keys, keys));
  return { batch, queries, keys, heads, kvHeads, width, window: seen, ...rest };
}

/** The kernel's sizes, with a key of as many random numbers as there are weights. */
function sizeOf(settings: AttentionSettings, steps: AttentionSize['steps']): AttentionSize {
  // Spelt out, here and below: spreading costs as much as a small kernel.
  const { batch, queries, keys, heads, kvHeads, width, window, scale, softcap, dropout } = settings;
  const key = dropout === 0 ? NO_KEY : settings.random.take(batch * heads * queries * keys);
  return {
    batch,
    queries,
    keys,
    heads,
    kvHeads,
    width,
    window,
    scale,
    softcap,
    dropout,
    steps,
    key,
  };
}
const NO_KEY = { seed: 0, stream: 0, position: 0 };

/** Steps in a tensor (B, T, heads, D). */
function stepsOf([, time, heads, width]: Shape): HeadSteps {
  return { batch: time * heads * width, time: heads * width, head: width };
}

/**
 * q (B, Tq, H, D), k and v (B, Tk, kvHeads, D) → (B, Tq, H, D). The queries are the last Tq of the Tk
 * positions, and each sees its own position and those before it: softmax(scale · q kᵀ) v, over what is seen.
 * Head h of q looks at head ⌊h · kvHeads / H⌋ of k and v (Ainslie et al. 2023, "GQA").
 *
 * What lies ahead of a query never reaches its result, not even as NaN. The same bits on any number of
 * threads; those of one position do not depend on which queries are computed with it.
 *
 * Sources: Vaswani et al. 2017; Milakov & Gimelshein 2018; Dao et al. 2022.
 *
 * @throws ShapeError for shapes that do not belong together, UserError for options out of range.
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options?: AttentionOptions,
): Tensor {
  const settings = attentionSettings('causalAttention', q, k, v, options);
  const steps = {
    q: stepsOf(q.shape),
    k: stepsOf(k.shape),
    v: stepsOf(v.shape),
    out: stepsOf(q.shape),
  };
  return apply(attentionOperation, [q, k, v], { size: sizeOf(settings, steps), packed: false });
}

/** As `AttentionOptions`, for queries, keys and values that come out of one projection. */
export interface SelfAttentionOptions extends Omit<AttentionOptions, 'keys'> {
  /** H. */
  heads: number;
  /** Of keys and values; default as many. */
  kvHeads?: number;
}

/**
 * x (B, T, (H + 2 · kvHeads) · D), each position's queries of all heads, then its keys, then its values →
 * (B, T, H · D): `causalAttention` without taking them apart.
 *
 * @throws as `causalAttention`.
 */
export function causalSelfAttention(x: Tensor, options: SelfAttentionOptions): Tensor {
  const name = 'causalSelfAttention';
  checkFloat(name, x);
  const { heads, kvHeads = heads } = checkObject(name, options);
  checkWhole(name, 'heads', heads, 1);
  checkWhole(name, 'kvHeads', kvHeads, 1);
  const [batch, time, channels] = x.shape;
  const width = channels / (heads + 2 * kvHeads);
  if (x.ndim !== 3 || !Number.isInteger(width) || heads % kvHeads !== 0) {
    throw new ShapeError(
      name,
      `expected x (B, T, (heads + 2 · kvHeads) · D) with kvHeads that divide heads, got ${formatShape(x.shape)} with heads ${heads}, kvHeads ${kvHeads}`,
    );
  }
  const { window: wanted, scale, dropout, softcap, random } = checkSettings(name, options, width);
  const window = Math.max(1, Math.min(wanted ?? time, time));
  const sizes = { batch, queries: time, keys: time, heads, kvHeads, width };
  const settings = { ...sizes, window, scale, dropout, softcap, random };
  const inside = { batch: time * channels, time: channels, head: width };
  const out = stepsOf([batch, time, heads, width]);
  const size = sizeOf(settings, { q: inside, k: inside, v: inside, out });
  const y = apply(attentionOperation, [x], { size, packed: true });
  return y.reshape(batch, time, heads * width);
}
