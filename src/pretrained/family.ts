/** What is known of a family of models: how its `config.json` becomes our settings, and which tensors it has. */
import type { TransformerConfig, TransformerSizes } from '../models/index.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';

/** A model as a configuration describes it. */
export interface Described {
  /** Ours that computes the same. */
  readonly model: 'gpt' | 'llama';
  /** Its settings; what is left out has its default. */
  readonly config: Partial<TransformerConfig>;
  readonly vocabSize: number;
}

/** The settings in full, and what follows from them. */
export interface Settled {
  readonly config: TransformerConfig;
  readonly sizes: TransformerSizes;
  /** Rows of the embedding in the file. */
  readonly vocabSize: number;
}

export interface Family {
  /** `model_type`, and what `transformers` calls the class. */
  readonly name: string;
  readonly architecture: string;
  /** What the names of all tensors but the head's may begin with. */
  readonly prefix: string;
  /** @throws UserError for what it asks of a model that ours does not do. */
  read(keys: Keys): Described;
  /** The keys that `transformers` reads. */
  write(settled: Settled): Record<string, unknown>;
  /** Which of our settings keep this family from holding a model: none, where it can. */
  obstacles(settled: Settled): string[];
  links(settled: Settled, prefix: string): Link[];
  /** Tensors that a file may have besides: tables, and a tied head written out. */
  ignores(name: string, config: TransformerConfig): boolean;
}

/** Whether attention sees less than the block. */
export function hasWindow({ window, blockSize }: TransformerConfig): boolean {
  return window > 0 && window < blockSize;
}

/** Settings that no family has, as they would have to be. */
export function commonObstacles(config: TransformerConfig): string[] {
  const { norm, normPlace, parallel, logitSoftcap, residualScalars, valueEmbeddings } = config;
  return [
    ...(norm === 'none' ? ['norm=none'] : []),
    ...(normPlace === 'before' ? [] : [`normPlace=${normPlace}`]),
    ...(parallel ? ['parallel=true'] : []),
    ...(logitSoftcap > 0 ? [`logitSoftcap=${logitSoftcap}`] : []),
    ...(residualScalars ? ['residualScalars=true'] : []),
    ...(valueEmbeddings ? ['valueEmbeddings=true'] : []),
  ];
}

/** A parameter that theirs has and ours may lack: then all its numbers are `constant`. */
export function orConstant(has: boolean, link: Link, constant: number): Link {
  return has ? link : { theirs: link.theirs, shape: link.shape, own: undefined, constant };
}

/** A LayerNorm, which theirs always has with gain and bias. */
export function layerNormLinks({ config }: Settled, own: string, theirs: string): Link[] {
  const { nEmbd: C, bias, normGain } = config;
  return [
    orConstant(normGain, { own: `${own}.weight`, theirs: `${theirs}.weight`, shape: [C] }, 1),
    orConstant(bias && normGain, { own: `${own}.bias`, theirs: `${theirs}.bias`, shape: [C] }, 0),
  ];
}

/** What keeps a model from a family with LayerNorm, heads of nEmbd / nHead each with keys of its own, and no windows. */
export function plainHeadObstacles({ config, sizes }: Settled): string[] {
  return [
    ...(config.norm === 'layer' ? [] : [`norm=${config.norm}`]),
    ...(sizes.heads === sizes.kvHeads ? [] : [`nKvHead=${sizes.kvHeads}`]),
    ...(sizes.heads * sizes.headDim === config.nEmbd ? [] : [`headDim=${sizes.headDim}`]),
    ...(config.qkNorm ? ['qkNorm=true'] : []),
    ...(hasWindow(config) ? [`window=${config.window}`] : []),
  ];
}

/** `lm_head.weight`, of a head that is not tied. */
export function headLinks({ config, vocabSize }: Settled, theirs = 'lm_head.weight'): Link[] {
  if (config.tiedHead) return [];
  return [{ own: 'lmHead.weight', theirs, shape: [vocabSize, config.nEmbd] }];
}
