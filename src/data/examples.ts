/** The sampler and the pass that suit a split and a model. */
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import type { Generator, GeneratorState } from '../util/random.js';
import { DocumentPass } from './document-pass.js';
import { DocumentSampler } from './document-sampler.js';
import { EvaluationPass } from './evaluation.js';
import { type Batch, type WindowOptions, WindowSampler } from './sampler.js';
import type { TokenIds } from './token-ids.js';

/** Token ids, and whether they are separate documents. */
export interface ExampleSource {
  readonly ids: TokenIds;
  /** The token that ends each document, where the ids are separate documents and not one text. */
  readonly boundary?: number | undefined;
}

/** Batches without end. */
export interface BatchSampler {
  next(): Batch;
  /** Passes over so many batches: what follows is as if they had been drawn. */
  skip(batches: number): void;
  state(): GeneratorState;
  restore(state: GeneratorState): void;
}

/** Batches of a fixed order. */
export interface BatchPass extends Iterable<Batch> {
  readonly tokens: number;
  readonly batches: number;
}

/** Throws unless `data` has token ids, in a typed array. */
export function checkExamples(operation: string, data: ExampleSource): void {
  const ids: unknown = data?.ids;
  if (ArrayBuffer.isView(ids) && !(ids instanceof DataView)) return;
  throw new UserError(
    `${operation}: expected a split, with ids in a typed array, got ${describeValue(data)}`,
  );
}

/**
 * Draws training batches: of separate documents, for a model with one target, padded examples; otherwise
 * windows. (A model that predicts at every position reads documents as one text with boundaries in it:
 * padding would be nothing to predict, and it learns at a boundary that what came before is of no use.)
 *
 * @throws UserError when the split is too short.
 */
export function samplerOf(
  data: ExampleSource,
  options: WindowOptions,
  generator: Generator,
): BatchSampler {
  checkExamples('samplerOf', data);
  const { ids, boundary } = data;
  return boundary !== undefined && options.target === 'next'
    ? new DocumentSampler(ids, { ...options, boundary }, generator)
    : new WindowSampler(ids, options, generator);
}

/** Goes through a split as `samplerOf` draws from it. @throws UserError when the split is too short. */
export function passOf(
  data: ExampleSource,
  options: WindowOptions & { maxBatches?: number | undefined },
): BatchPass {
  checkExamples('passOf', data);
  const { ids, boundary } = data;
  return boundary !== undefined && options.target === 'next'
    ? new DocumentPass(ids, { ...options, boundary })
    : new EvaluationPass(ids, options);
}
