/** From a checkpoint's tensors back into a model and its optimizer. */
import { restoreTensors, type SafetensorsReader } from '../formats/safetensors-read.js';
import type { LanguageModel } from '../models/index.js';
import type { Optimizer, OptimizerSettings } from '../optim/index.js';
import { Scope, type Tensor } from '../tensor/index.js';
import { sameShape } from '../util/shape.js';

/**
 * Loads a model's parameters and buffers.
 *
 * @throws UserError listing what does not fit; nothing is changed then.
 */
export function fillModel(model: LanguageModel, source: SafetensorsReader): void {
  const own = model.stateDict();
  const fits =
    own.size === source.tensors.size &&
    [...own].every(([name, { shape }]) =>
      sameShape(shape, source.tensors.get(name)?.shape ?? [-1]),
    );
  if (fits) {
    restoreTensors(source, own); // straight into place
    return;
  }
  // A model may take tensors of other sizes than it has now (counts); if not, it says why.
  using _loading = new Scope();
  model.loadStateDict(readAll(source));
}

/** Loads an optimizer's state, but keeps the options that it was built with: those of the run's settings. */
export function fillOptimizer(
  optimizer: Optimizer,
  source: SafetensorsReader,
  settings: Record<string, unknown>,
): void {
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

function readAll(source: SafetensorsReader): Map<string, Tensor> {
  return new Map([...source.tensors.keys()].map((name) => [name, source.readTensor(name)]));
}
