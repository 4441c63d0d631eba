/** Taking BatchNorm out of a trained model: each norm is folded into the layer before it. */
import {
  type BatchNorm1d,
  type Conv1d,
  foldBatchNorm,
  type Layer,
  type Linear,
  type Module,
} from '../nn/index.js';
import { UserError } from '../util/errors.js';

/** Where a norm has to stand to be folded, and how to word it. */
export interface FoldPlace {
  readonly normPosition: 'before' | 'after';
  /** Before or after which part. */
  readonly of: string;
  /** Why the other place will not do. */
  readonly why?: string;
}

/** @throws UserError unless the settings name a BatchNorm in a place where it can be folded. */
export function requireFoldable(
  { norm, normPosition }: { norm: string; normPosition: 'before' | 'after' },
  place: FoldPlace,
): void {
  if (norm === 'batch' && normPosition === place.normPosition) return;
  const misplaced = norm === 'batch' && place.why !== undefined;
  throw new UserError(
    `fold: expected norm=batch ${place.normPosition} the ${place.of} (normPosition=${place.normPosition}), got norm=${norm} ${normPosition} it${misplaced ? `: ${place.why}` : ''}`,
  );
}

/** A layer that is followed by a norm, and its path in the model. */
export type NormedLayer = readonly [path: string, layer: Linear | Conv1d, norm: Layer | null];

/**
 * Fills `bare`, the same model without norms but with biases, with what `model` computes in evaluation, and
 * returns it. `model` is left as it is.
 *
 * @throws UserError when a norm uses batch statistics at inference.
 */
export function foldInto<Model extends Module>(
  bare: Model,
  model: Model,
  layers: readonly NormedLayer[],
): Model {
  const own = model.stateDict();
  const state = new Map([...bare.stateDict().keys()].map((key) => [key, own.get(key)!]));
  for (const [path, layer, norm] of layers) {
    const { weight, bias } = foldBatchNorm(layer as Linear, norm as BatchNorm1d);
    state.set(`${path}.weight`, weight).set(`${path}.bias`, bias!);
  }
  bare.loadStateDict(state);
  bare.train(model.training);
  return bare;
}
