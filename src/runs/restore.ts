/** From a checkpoint's files back into a model and its optimizer. */

import { restoreSafetensors, SafetensorsFile } from '../formats/safetensors.js';
import type { LanguageModel } from '../models/index.js';
import type { Optimizer, OptimizerSettings, WeightAverage } from '../optim/index.js';
import { Scope, type Tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { sameShape } from '../util/shape.js';

/**
 * Loads a model's parameters and buffers.
 *
 * @throws UserError listing what does not fit; nothing is changed then.
 */
export function restoreModel(model: LanguageModel, file: string): void {
  const own = model.stateDict();
  using source = new SafetensorsFile(file);
  const fits =
    own.size === source.tensors.size &&
    [...own].every(([name, { shape }]) =>
      sameShape(shape, source.tensors.get(name)?.shape ?? [-1]),
    );
  if (fits) {
    restoreSafetensors(file, own); // straight into place
    return;
  }
  // A model may take tensors of other sizes than it has now (counts); if not, it says why.
  using _loading = new Scope();
  model.loadStateDict(readAll(source));
}

/** Loads an optimizer's state, but keeps the options that it was built with: those of the run's settings. */
export function restoreOptimizer(
  optimizer: Optimizer,
  file: string,
  settings: Record<string, unknown>,
): void {
  using source = new SafetensorsFile(file);
  using _loading = new Scope();
  const options = optimizer.groups.map((group) => structuredClone(group.options));
  const lr = optimizer.lr;
  optimizer.loadStateDict({
    tensors: readAll(source),
    settings: settings as unknown as OptimizerSettings, // it checks them
  });
  optimizer.groups.forEach((group, i) => void Object.assign(group.options, options[i]));
  optimizer.lr = lr;
}

/**
 * Loads the average of a model's weights.
 *
 * @param file undefined where the checkpoint holds none.
 * @throws UserError then, or listing what does not fit.
 */
export function restoreAverage(
  average: WeightAverage,
  checkpoint: string,
  file: string | undefined,
): void {
  restoreSafetensors(requireAverage(checkpoint, file), average.stateDict());
}

/** The file of a checkpoint's average of weights. @throws UserError where it holds none. */
export function requireAverage(checkpoint: string, file: string | undefined): string {
  if (file !== undefined) return file;
  throw new UserError(
    `${checkpoint} holds no average of weights: a run keeps one when it is begun with emaDecay, such as emaDecay=0.999.`,
  );
}

function readAll(source: SafetensorsFile): Map<string, Tensor> {
  return new Map([...source.tensors.keys()].map((name) => [name, source.readTensor(name)]));
}
