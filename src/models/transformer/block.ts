/** A block: attention between positions, then a feed-forward layer within each. */
import {
  activation,
  Dropout,
  Identity,
  type Layer,
  LayerNorm,
  Linear,
  Module,
  parameter,
  RMSNorm,
} from '../../nn/index.js';
import { full, type GatedLinearKind, gatedLinearUnit, type Tensor } from '../../tensor/index.js';
import { CausalSelfAttention, type Passage } from './attention.js';
import type { LayerCache } from './cache.js';
import { gaussian, projectionInit, STD } from './init.js';
import type { TransformerConfig, TransformerSizes } from './settings.js';

/** The settings' normalisation, of vectors of C numbers. */
export function makeNorm({ norm, nEmbd, normEps: eps, normGain, bias }: TransformerConfig): Layer {
  if (norm === 'none') return new Identity();
  if (norm === 'rms') return new RMSNorm(nEmbd, { eps, affine: normGain });
  return new LayerNorm(nEmbd, { eps, bias, affine: normGain });
}

/**
 * x (B, T, C) → (B, T, C), of each position by itself: wider, through an activation, and back. Gated, one half
 * of the wide layer says how much of the other passes (Shazeer 2020, "GLU variants improve transformer").
 */
export class FeedForward extends Module {
  /** Gated, the rows of the gate first. */
  readonly cFc: Linear;
  readonly activation: Layer | null;
  readonly cProj: Linear;
  readonly dropout: Dropout;
  private readonly gate: GatedLinearKind | null;

  constructor(config: TransformerConfig, { hidden, isGated }: TransformerSizes) {
    super();
    const { nEmbd: C, bias, dropout } = config;
    this.gate = isGated ? (config.activation as GatedLinearKind) : null;
    const stacked = isGated ? [hidden, hidden] : [hidden];
    this.cFc = new Linear(C, isGated ? 2 * hidden : hidden, { bias, stacked, ...gaussian(STD) });
    this.activation = isGated ? null : activation(config.activation);
    this.cProj = new Linear(hidden, C, { bias, ...projectionInit(config) });
    this.dropout = new Dropout(dropout);
  }

  override forward(x: Tensor): Tensor {
    let h = this.cFc.forward(x); // (B, T, C) → (B, T, hidden), or twice that
    h = this.gate ? gatedLinearUnit(h, this.gate) : this.activation!.forward(h); // → (B, T, hidden)
    return this.dropout.forward(this.cProj.forward(h)); // → (B, T, C)
  }
}

export class Block extends Module {
  /** How much of the stream, and of the embedding, it begins with; (1) each. */
  readonly residualScale: Tensor | null;
  readonly inputScale: Tensor | null;
  readonly ln1: Layer;
  readonly attn: CausalSelfAttention;
  readonly ln2: Layer;
  readonly mlp: FeedForward;

  constructor(
    private readonly config: TransformerConfig,
    sizes: TransformerSizes,
    layer: number,
    vocabSize: number,
  ) {
    super();
    this.residualScale = config.residualScalars ? parameter(full([1], 1)) : null;
    this.inputScale = config.residualScalars ? parameter(full([1], 0)) : null;
    this.ln1 = makeNorm(config);
    this.attn = new CausalSelfAttention(config, sizes, layer, vocabSize);
    this.ln2 = makeNorm(config);
    this.mlp = new FeedForward(config, sizes);
  }

  /** x, the stream so far, and x0, the embeddings: (B, T, C) → (B, T, C), or (B, 1, C) of the last position. */
  override forward(x: Tensor, x0: Tensor, passage: Passage, cache?: LayerCache): Tensor {
    const { ln1, attn, ln2, mlp } = this;
    if (this.residualScale && this.inputScale) {
      x = x.mul(this.residualScale).add(x0.mul(this.inputScale));
    }
    const after = this.config.normPlace === 'after';
    const y = attn.forward(after ? x : ln1.forward(x), passage, cache);
    if (passage.last) x = x.narrow(1, x.size(1) - 1, 1); // (B, T, C) → (B, 1, C)
    if (this.config.parallel) return x.add(y).add(mlp.forward(ln2.forward(x)));
    if (after) {
      x = ln1.forward(x.add(y));
      return ln2.forward(x.add(mlp.forward(x)));
    }
    x = x.add(y);
    return x.add(mlp.forward(ln2.forward(x)));
  }
}
