/** A transformer's kernels: attention, rotary positions, gated units. */
import type { GatedOp } from '../operations.js';
import type { RandomKey } from './random.js';

/** How far apart a tensor's batch items, positions and heads lie. A head's numbers lie together. */
export interface HeadSteps {
  readonly batch: number;
  readonly time: number;
  readonly head: number;
}

/** What causal attention is told of its operands. No size is 0. */
export interface AttentionSize {
  /** B, H, the heads that k and v have (they divide H), Tq, Tk (at least Tq), and D, the size of a head. */
  readonly batch: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  /** How many positions a query sees, its own and those before it. At least 1; Tk for all. */
  readonly window: number;
  readonly scale: number;
  /** Scores are `softcap · tanh(score / softcap)`; 0: as they are. */
  readonly softcap: number;
  /** Probability with which a weight is dropped, 0 to 1, and where the random numbers come from. */
  readonly dropout: number;
  readonly key: RandomKey;
  /** Those of the result are its gradient's too. */
  readonly steps: Readonly<Record<'q' | 'k' | 'v' | 'out', HeadSteps>>;
}

export interface AttentionKernels<P> {
  /**
   * Causal attention. Query i stands at position p = i + Tk − Tq and sees keys j with p − window < j ≤ p, in
   * the head of k and v that its head belongs to, ⌊h / (H / kvHeads)⌋. With `s[i, j] = scale · Σ q[i]·k[j]`,
   * capped where asked for, and `w = softmax(s)` over the keys seen: `out[i] = Σ w[i, j] · v[j]`. Weights are
   * dropped as `dropout` does it with (B, H, Tq, Tk) of them. `lse` is (B, H, Tq, 2): the greatest score, and
   * `log Σ exp(s − max)`. What a query does not see does not count, whatever it is.
   * Sources: Vaswani et al. 2017; Milakov & Gimelshein 2018; Dao et al. 2022; Ainslie et al. 2023 (grouped heads).
   */
  attention(out: P, lse: P, q: P, k: P, v: P, size: AttentionSize): void;
  /**
   * From what the forward was given and gave. Gradients have their operands' steps; those of positions that
   * no query sees are 0. What is null is not computed. Where something is not finite, gradients are not promised.
   */
  attentionBackward(
    dq: P | null,
    dk: P | null,
    dv: P | null,
    dout: P,
    q: P,
    k: P,
    v: P,
    out: P,
    lse: P,
    size: AttentionSize,
  ): void;
}

export interface RotaryKernels<P> {
  /**
   * x (batch, time, heads, width): in each of the first `turned` heads, of its first `dims` numbers (even),
   * `out[i] = x[i] · cos[i] + x[partner of i] · sin[i]`; the rest is copied. `table` is (time, 2, dims): the
   * cosines and the sines, which have the sign that i's place in its pair asks for. Partners are neighbours
   * when `interleaved`, else dims / 2 apart. `back` takes the sines' negatives: the inverse, and the gradient.
   * In place is allowed. Source: Su et al. 2021.
   */
  rotary(
    out: P,
    x: P,
    table: P,
    batch: number,
    time: number,
    heads: number,
    turned: number,
    width: number,
    dims: number,
    interleaved: boolean,
    back: boolean,
  ): void;
}

export interface GatedKernels<P> {
  /** `out = f(gate) · up`, out (rows, cols), gate and up with rows `ld` apart. Source: Shazeer 2020. */
  gated(op: GatedOp, out: P, gate: P, up: P, rows: number, cols: number, ld: number): void;
  /** `dgate = dy · up · f′(gate)`, `dup = dy · f(gate)`, rows `ld` apart. They may be gate and up. At gate = ±∞ not promised. */
  gatedBackward(
    op: GatedOp,
    dgate: P,
    dup: P,
    dy: P,
    gate: P,
    up: P,
    rows: number,
    cols: number,
    ld: number,
  ): void;
}
