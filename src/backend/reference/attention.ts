/**
 * Causal attention, query by query: the scores of the keys that it sees, their softmax, the weighted sum
 * of their values. One row of scores is all that is ever held.
 */
import { Generator } from '../../util/random.js';
import type { AttentionSize, HeadSteps } from '../backend.js';
import type { HostArray } from './memory.js';

/** A query of one head: where its numbers lie, and the keys [from, to) that it sees. */
interface Query {
  readonly q: number;
  readonly out: number;
  /** Of its row among (B, H, Tq). */
  readonly row: number;
  readonly from: number;
  readonly to: number;
  /** Where key j and its value begin. */
  k(j: number): number;
  v(j: number): number;
}

const place = ({ batch, time, head }: HeadSteps, b: number, t: number, h: number) =>
  b * batch + t * time + h * head;

function* queriesOf(size: AttentionSize): IterableIterator<Query> {
  const { batch, heads, kvHeads, queries, keys, window, steps } = size;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const kv = Math.floor(h / (heads / kvHeads));
      for (let i = 0; i < queries; i++) {
        const position = i + keys - queries;
        yield {
          q: place(steps.q, b, i, h),
          out: place(steps.out, b, i, h),
          row: (b * heads + h) * queries + i,
          from: Math.max(0, position - window + 1),
          to: position + 1,
          k: (j) => place(steps.k, b, j, kv),
          v: (j) => place(steps.v, b, j, kv),
        };
      }
    }
  }
}

/** Σ a·b over a head. */
function dot(a: HostArray, at: number, b: HostArray, bt: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a[at + d] * b[bt + d];
  return sum;
}

/** The scores of the keys that a query sees, and the slope of the cap at each. */
function scoresOf(q: HostArray, k: HostArray, query: Query, size: AttentionSize) {
  const { scale, softcap, width } = size;
  const scores: number[] = [];
  const slopes: number[] = [];
  for (let j = query.from; j < query.to; j++) {
    const score = scale * dot(q, query.q, k, query.k(j), width);
    const bent = softcap === 0 ? 0 : Math.tanh(score / softcap);
    scores.push(softcap === 0 ? score : softcap * bent);
    slopes.push(1 - bent * bent);
  }
  return { scores, slopes };
}

/** What each weight is multiplied by: 0, or 1 / (1 − p). The same numbers as `dropout` on all weights. */
function factorsOf({ row, from, to }: Query, { dropout, key, keys }: AttentionSize): number[] {
  if (dropout === 0) return new Array<number>(to - from).fill(1);
  const words = Generator.fromState({ ...key, position: 4 * key.position + row * keys + from });
  return Array.from({ length: to - from }, () =>
    (words.nextUint32() >>> 8) / 2 ** 24 < dropout ? 0 : 1 / (1 - dropout),
  );
}

/** `out = softmax(scale · q kᵀ, masked) · v`; `lse` gets each row's maximum and `log Σ exp(s − max)`. */
export function attention(
  out: HostArray,
  lse: HostArray,
  q: HostArray,
  k: HostArray,
  v: HostArray,
  size: AttentionSize,
): void {
  for (const query of queriesOf(size)) {
    const { scores } = scoresOf(q, k, query, size);
    const factors = factorsOf(query, size);
    const max = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = scores.reduce((sum, s) => sum + Math.exp(s - max), 0);
    lse[2 * query.row] = max;
    lse[2 * query.row + 1] = Math.log(total);
    const weights = scores.map((s, n) => (Math.exp(s - max) / total) * factors[n]);
    for (let d = 0; d < size.width; d++) {
      let sum = 0;
      for (let n = 0; n < weights.length; n++) sum += weights[n] * v[query.v(query.from + n) + d];
      out[query.out + d] = sum;
    }
  }
}

/**
 * With the weights w, g = dout·v and δ = Σ dout·out: `dv = Σ w · dout`, and `ds = w (g − δ)`, which is the
 * gradient of softmax, goes on to q and k.
 */
export function attentionBackward(
  dq: HostArray | null,
  dk: HostArray | null,
  dv: HostArray | null,
  dout: HostArray,
  q: HostArray,
  k: HostArray,
  v: HostArray,
  out: HostArray,
  lse: HostArray,
  size: AttentionSize,
): void {
  const { batch, keys, kvHeads, width, scale, steps } = size;
  for (const [gradient, { time, head, batch: item }] of [
    [dk, steps.k],
    [dv, steps.v],
  ] as const) {
    if (!gradient) continue;
    for (let b = 0; b < batch; b++) {
      for (let j = 0; j < keys; j++) {
        for (let h = 0; h < kvHeads; h++) {
          const at = b * item + j * time + h * head;
          gradient.fill(0, at, at + width);
        }
      }
    }
  }
  for (const query of queriesOf(size)) {
    const { scores, slopes } = scoresOf(q, k, query, size);
    const factors = factorsOf(query, size);
    const delta = dot(dout, query.out, out, query.out, width);
    dq?.fill(0, query.q, query.q + width);
    scores.forEach((s, n) => {
      const [kAt, vAt] = [query.k(query.from + n), query.v(query.from + n)];
      const w = Math.exp(s - lse[2 * query.row] - lse[2 * query.row + 1]);
      const g = dot(dout, query.out, v, vAt, width) * factors[n];
      const ds = w * (g - delta) * slopes[n] * scale;
      for (let d = 0; d < width; d++) {
        if (dv) dv[vAt + d] += w * factors[n] * dout[query.out + d];
        if (dk) dk[kAt + d] += ds * q[query.q + d];
        if (dq) dq[query.q + d] += ds * k[kAt + d];
      }
    });
  }
}
