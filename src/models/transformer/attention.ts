/** Causal self-attention, as every decoder-only transformer has it. */
import { Dropout, Embedding, init, Linear, Module, RMSNorm } from '../../nn/index.js';
import {
  causalAttention,
  causalSelfAttention,
  concat,
  type RotaryTable,
  rotary,
  sigmoid,
  type Tensor,
} from '../../tensor/index.js';
import type { LayerCache } from './cache.js';
import { gaussian, gaussianTable, projectionInit, STD } from './init.js';
import type { TransformerConfig, TransformerSizes } from './settings.js';

/** What a block is told of the text beside the stream itself. */
export interface Passage {
  /** Token ids (B, T), for what is looked up by token anew in a block. */
  readonly ids: Tensor;
  /** Rotary positions; null where there are none. */
  readonly table: RotaryTable | null;
  /** The row of the table that is the first token's. */
  readonly offset: number;
  /** How many positions attention looks back, its own included. */
  readonly window: number;
  /** Whether only the last position is asked for: the others give their keys and values alone. */
  readonly last: boolean;
}

/** How many channels of the stream a gate of values looks at. */
const GATE_CHANNELS = 32;

/**
 * x (B, T, C) → (B, T, C), or (B, 1, C) of the last position: every position asks those before it, by the
 * likeness of its query to their keys, for their values. Vaswani et al. 2017, section 3.2; keys and values shared
 * by several queries: Ainslie et al. 2023, "GQA".
 */
export class CausalSelfAttention extends Module {
  /** Rows: the queries of all heads, then the keys, then the values. */
  readonly cAttn: Linear;
  readonly qNorm: RMSNorm | null;
  readonly kNorm: RMSNorm | null;
  readonly valueEmbedding: Embedding | null;
  readonly valueGate: Linear | null;
  readonly cProj: Linear;
  readonly residDropout: Dropout;
  private readonly isRotary: boolean;

  constructor(
    private readonly config: TransformerConfig,
    private readonly sizes: TransformerSizes,
    layer: number,
    vocabSize: number,
  ) {
    super();
    const { nEmbd: C, bias, qkvBias, qkNorm, normEps: eps, normGain, dropout } = config;
    const { heads: H, kvHeads: K, headDim: D } = sizes;
    this.cAttn = new Linear(C, (H + 2 * K) * D, {
      bias: bias || qkvBias,
      stacked: [H * D, K * D, K * D], // three matrices, to an optimizer that looks at matrices
      ...gaussian(STD),
    });
    this.qNorm = qkNorm ? new RMSNorm(D, { eps, affine: normGain }) : null;
    this.kNorm = qkNorm ? new RMSNorm(D, { eps, affine: normGain }) : null;
    const hasValues = config.valueEmbeddings && layer % 2 === 1;
    // As large as the values that a projection makes of a stream of norm 1.
    const spread = gaussianTable(STD * Math.sqrt(C));
    this.valueEmbedding = hasValues ? new Embedding(vocabSize, K * D, spread) : null;
    this.valueGate = hasValues
      ? new Linear(Math.min(GATE_CHANNELS, C), K, { bias: false, init: init.zeros })
      : null;
    this.cProj = new Linear(H * D, C, { bias, ...projectionInit(config) });
    this.residDropout = new Dropout(dropout);
    this.isRotary = config.position === 'rotary' && !config.noRopeLayers.includes(layer);
  }

  override forward(x: Tensor, passage: Passage, cache?: LayerCache): Tensor {
    const [B, T] = x.shape;
    const { heads: H, kvHeads: K, headDim: D } = this.sizes;
    let qkv = this.cAttn.forward(x).view(B, T, H + 2 * K, D); // (B, T, C) → (B, T, H + 2·K, D)
    qkv = this.adjusted(qkv, x, passage);
    if (this.isRotary && passage.table) {
      qkv = rotary(qkv, passage.table, { offset: passage.offset, heads: H + K });
    }
    const options = { window: passage.window, dropout: this.training ? this.config.dropout : 0 };
    let y: Tensor;
    if (cache) {
      const { q, ...past } = cache.extend(qkv, H, K);
      const asked = passage.last ? q.narrow(1, T - 1, 1) : q; // (B, T, H, D) → (B, 1, H, D)
      y = causalAttention(asked, past.k, past.v, { keys: past.keys, window: passage.window });
      y = y.view(B, asked.size(1), H * D); // (B, T, H, D) → (B, T, H·D)
    } else {
      const flat = qkv.view(B, T, (H + 2 * K) * D);
      y = causalSelfAttention(flat, { heads: H, kvHeads: K, ...options }); // → (B, T, H·D)
    }
    return this.residDropout.forward(this.cProj.forward(y)); // → (B, T, C)
  }

  /** Queries and keys normalised, and tokens' own values added, where the settings ask for that. */
  private adjusted(qkv: Tensor, x: Tensor, { ids }: Passage): Tensor {
    const { qNorm, kNorm, valueEmbedding, valueGate } = this;
    if (!qNorm && !valueEmbedding) return qkv;
    const { heads: H, kvHeads: K, headDim: D } = this.sizes;
    const [B, T, , width] = qkv.shape;
    let [q, k, v] = qkv.split([H, K, K], 2); // (B, T, H, D), (B, T, K, D) twice
    if (qNorm && kNorm) [q, k] = [qNorm.forward(q), kNorm.forward(k)];
    if (valueEmbedding && valueGate) {
      const gate = sigmoid(valueGate.forward(x.narrow(2, 0, valueGate.inFeatures))).mul(2); // (B, T, K), first 1
      const own = valueEmbedding.forward(ids).view(B, T, K, D); // (B, T) → (B, T, K, D)
      v = v.add(own.mul(gate.unsqueeze(-1)));
    }
    return concat([q, k, v], 2).view(B, T, H + 2 * K, width);
  }
}
