/** What the Lab asks of the process that opens models, and what it answers. */
import type { CheckpointChoice } from '../../runs/index.js';

/** A run's model at one of its checkpoints. */
export interface ModelWish {
  /** The run's folder. */
  readonly folder: string;
  readonly checkpoint: CheckpointChoice;
}

export interface SampleWish extends ModelWish {
  readonly kind: 'sample';
  readonly prompt: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  /** How many of the likeliest tokens to tell at each place. */
  readonly alternatives: number;
}

export interface TreeWish extends ModelWish {
  readonly kind: 'tree';
}

/** Attention maps, and what would be predicted after each layer. */
export interface InsightWish extends ModelWish {
  readonly kind: 'insight';
  readonly prompt: string;
}

export interface EmbeddingWish extends ModelWish {
  readonly kind: 'embedding';
}

export interface PiecesWish {
  readonly kind: 'pieces';
  readonly folder: string;
  readonly text: string;
}

/** Losses of what only counts, on the run's own validation split. */
export interface YardstickWish {
  readonly kind: 'yardsticks';
  readonly folder: string;
}

/** Floating-point operations of training, for a token: a number. */
export interface FlopsWish {
  readonly kind: 'flops';
  readonly folder: string;
}

/** A report of several runs: one page, as text. */
export interface ReportWish {
  readonly kind: 'report';
  /** Of the runs. */
  readonly folder: string;
  readonly names: readonly string[];
  /** Where the page lies that it is made from. */
  readonly web: string;
}

/** What probes measured. */
export interface InsideWish {
  readonly kind: 'inside';
  readonly folder: string;
}

export interface TensorsWish {
  readonly kind: 'tensors';
  readonly folder: string;
  /** See `matchesTensor`. */
  readonly pattern: string;
}

export type Wish =
  | InsideWish
  | TensorsWish
  | SampleWish
  | TreeWish
  | InsightWish
  | EmbeddingWish
  | PiecesWish
  | YardstickWish
  | FlopsWish
  | ReportWish;

export interface Piece {
  readonly id: number;
  readonly text: string;
}

export interface WeighedPiece extends Piece {
  readonly probability: number;
}

/** The parts of a sample, in order: `begin`, a `token` each, `end`. */
export type SamplePart =
  | { readonly type: 'begin'; readonly step: number; readonly prompt: readonly Piece[] }
  | {
      readonly type: 'token';
      readonly id: number;
      /** How the vocabulary spells it. */
      readonly piece: string;
      /** The text that became certain with it. */
      readonly text: string;
      readonly probability: number;
      readonly surprise: number;
      readonly entropy: number;
      /** By the model itself. */
      readonly before: readonly WeighedPiece[];
      /** After temperature and filters. */
      readonly after: readonly WeighedPiece[];
    }
  | { readonly type: 'end'; readonly text: string };

export interface TreeNode {
  readonly path: string;
  readonly kind: string;
  /** Values in the parameters of all its parts. */
  readonly parameters: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly note: string;
  }[];
  /** Of what it gave back for one window; null where it was not called. */
  readonly output: readonly number[] | null;
  readonly children: readonly TreeNode[];
}

export interface TreeReply {
  readonly step: number;
  readonly root: TreeNode;
  readonly blockSize: number;
  readonly receptiveField: number;
  readonly target: string;
}

export interface InsightReply {
  readonly step: number;
  readonly tokens: readonly Piece[];
  /** By layer and head: rows of how much each position takes from those before it. */
  readonly attention: readonly { readonly path: string; readonly heads: readonly number[][][] }[];
  /** After each layer, for each position: the likeliest tokens. Empty for models without such a stream. */
  readonly lens: readonly {
    readonly path: string;
    readonly places: readonly { readonly top: readonly WeighedPiece[]; readonly entropy: number }[];
  }[];
}

export interface EmbeddingReply {
  readonly step: number;
  readonly path: string;
  readonly dimensions: number;
  /** The share of the variance along each of the two directions. */
  readonly share: readonly [number, number];
  readonly points: readonly (Piece & {
    readonly x: number;
    readonly y: number;
    readonly kind: string;
  })[];
  /** Tokens that are not shown. */
  readonly left: number;
}

export interface PiecesReply {
  readonly name: string;
  readonly vocabSize: number;
  readonly pieces: readonly Piece[];
  readonly bytes: number;
}

export interface YardstickReply {
  readonly unigram: number;
  readonly bigram: number;
}

/** To the process. */
export type Request =
  | { readonly id: number; readonly wish: Wish }
  | { readonly id: number; readonly cancel: true };

/** From it: parts in order, then the end or what went wrong. */
export type Reply =
  | { readonly id: number; readonly part: unknown }
  | { readonly id: number; readonly end: true }
  | { readonly id: number; readonly problem: string; readonly fault?: string };
