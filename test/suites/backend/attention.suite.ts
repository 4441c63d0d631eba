/** Causal attention: every layout and option against the reference, and what a query must not see. */
import { describe } from 'vitest';
import type { AttentionSize, Backend, HeadSteps } from '../../../src/backend/backend.js';
import { ReferenceBackend } from '../../../src/backend/reference.js';
import { type Draw, flag, kernel, oneOf } from './check.suite.js';
import { type Tolerance, U } from './tolerance.suite.js';

interface Sizes {
  [name: string]: number | boolean;
  batch: number;
  kvHeads: number;
  group: number;
  queries: number;
  /** Keys before the first query. */
  past: number;
  width: number;
  packed: boolean;
}

const sizes = {
  batch: oneOf(1, 1, 2),
  kvHeads: oneOf(1, 1, 2),
  group: oneOf(1, 1, 2),
  queries: oneOf(1, 2, 3, 16, 17, 31, 33, 64, 65),
  past: oneOf(0, 0, 0, 1, 5, 63, 64, 100),
  width: oneOf(1, 3, 8, 16, 17, 33, 80),
  packed: flag,
};

const LARGE: Sizes[] = [
  // Several spans of queries, several parts of keys, several blocks of each.
  { batch: 1, kvHeads: 1, group: 2, queries: 550, past: 0, width: 34, packed: true },
  { batch: 1, kvHeads: 1, group: 3, queries: 90, past: 500, width: 128, packed: false },
];

/** Where q, k, v and the result lie: each (B, T, heads, D) of its own, or q, k and v side by side. */
function layoutOf(s: Sizes) {
  const { batch, kvHeads, group, width, queries } = s;
  const heads = kvHeads * group;
  const keys = queries + s.past;
  // Side by side they have the same number of positions.
  const packed = s.packed && s.past === 0;
  const line = packed ? (heads + 2 * kvHeads) * width : 0;
  const own = (time: number, count: number): HeadSteps =>
    packed
      ? { batch: time * line, time: line, head: width }
      : { batch: time * count * width, time: count * width, head: width };
  const steps = {
    q: own(queries, heads),
    k: own(keys, kvHeads),
    v: own(keys, kvHeads),
    out: { batch: queries * heads * width, time: heads * width, head: width },
  };
  const counts = packed
    ? { q: batch * queries * line, k: 0, v: 0 }
    : {
        q: batch * queries * heads * width,
        k: batch * keys * kvHeads * width,
        v: batch * keys * kvHeads * width,
      };
  const offsets = packed ? { k: heads * width, v: (heads + kvHeads) * width } : { k: 0, v: 0 };
  return { heads, keys, packed, steps, counts, offsets, out: batch * queries * heads * width };
}

function settingsOf(
  s: Sizes,
  d: Draw,
): { size: AttentionSize; layout: ReturnType<typeof layoutOf> } {
  const layout = layoutOf(s);
  const size = {
    batch: s.batch,
    heads: layout.heads,
    kvHeads: s.kvHeads,
    queries: s.queries,
    keys: layout.keys,
    width: s.width,
    window: d.pick([layout.keys, layout.keys, 1, 2, 40, 100, layout.keys + 5]),
    scale: d.pick([1 / Math.sqrt(s.width), 0.3]),
    softcap: d.pick([0, 0, 0, 2]),
    dropout: d.pick([0, 0, 0.2, 0.9, 1]),
    key: { seed: d.below(1000), stream: 2, position: d.below(1000) },
    steps: layout.steps,
  };
  return { size, layout };
}

/** Scores are off by a few roundings of their size, and so are the exponents. */
function tolerance(scores: number, magnitude: number, terms: number): Tolerance {
  const off = U * (8 + 4 * scores + 2 * Math.sqrt(terms)) * magnitude;
  return (_, expected) => (Number.isFinite(expected) ? off : 0);
}

function attention(subject: Backend<unknown>): void {
  kernel(subject, 'attention', sizes, LARGE, (s, d) => {
    const { size, layout } = settingsOf(s, d);
    const { counts, offsets, packed } = layout;
    const scale = d.pick([1, 1, 4]);
    const scores = scale * scale * Math.sqrt(s.width) * size.scale * 6;
    const kept = size.dropout === 1 ? 1 : 1 / (1 - size.dropout);
    return {
      buffers: {
        out: d.room(layout.out),
        lse: d.room((2 * layout.out) / s.width),
        q: d.values(counts.q, scale),
        k: d.values(counts.k, scale),
        v: d.values(counts.v, scale),
      },
      run: (b, p) => {
        const [k, v] = packed ? [b.offset(p.q, offsets.k), b.offset(p.q, offsets.v)] : [p.k, p.v];
        b.attention(p.out, p.lse, p.q, k, v, size);
      },
      within: {
        out: tolerance(scores, 3 * scale * kept, layout.keys),
        lse: tolerance(scores, 4 + scores, layout.keys),
      },
    };
  });
}

function attentionBackward(subject: Backend<unknown>): void {
  kernel(subject, 'attentionBackward', sizes, LARGE, (s, d) => {
    const { size, layout } = settingsOf(s, d);
    const { counts, offsets, packed } = layout;
    const [q, k, v] = [counts.q, counts.k, counts.v].map((count) => d.values(count));
    const out = new Float64Array(layout.out);
    const lse = new Float64Array((2 * layout.out) / s.width);
    const doubles = new ReferenceBackend({ precision: 'float64' });
    doubles.attention(
      out,
      lse,
      q,
      packed ? q.subarray(offsets.k) : k,
      packed ? q.subarray(offsets.v) : v,
      size,
    );
    const kept = size.dropout === 1 ? 1 : 1 / (1 - size.dropout);
    const scores = Math.sqrt(s.width) * size.scale * 6;
    // A key's gradient is a sum over queries and heads.
    const gradient = tolerance(scores, 8 * kept * Math.sqrt(s.width), layout.keys * s.group);
    const [noQ, noK, noV] = [d.below(5) === 0, d.below(5) === 0, d.below(5) === 0];
    const within: Partial<Record<'dq' | 'dk' | 'dv', Tolerance>> = {};
    // Side by side, what is left out leaves holes in dq's buffer.
    if (packed) within.dq = gradient;
    else {
      if (!noQ) within.dq = gradient;
      if (!noK) within.dk = gradient;
      if (!noV) within.dv = gradient;
    }
    return {
      buffers: {
        dq: d.room(counts.q),
        dk: d.room(counts.k),
        dv: d.room(counts.v),
        dout: d.values(layout.out),
        q,
        k,
        v,
        out: Float32Array.from(out),
        lse: Float32Array.from(lse),
      },
      run: (b, p) => {
        const [k, v] = packed ? [b.offset(p.q, offsets.k), b.offset(p.q, offsets.v)] : [p.k, p.v];
        const [dk, dv] = packed
          ? [b.offset(p.dq, offsets.k), b.offset(p.dq, offsets.v)]
          : [p.dk, p.dv];
        b.attentionBackward(
          ...([noQ ? null : p.dq, noK ? null : dk, noV ? null : dv] as const),
          ...([p.dout, p.q, k, v, p.out, p.lse, size] as const),
        );
      },
      within,
    };
  });
}

export function attentionSuite(subject: Backend<unknown>): void {
  describe('attention', () => {
    attention(subject);
    attentionBackward(subject);
  });
}
