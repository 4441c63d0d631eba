/** Which units of a net ever speak. */
import {
  instrument,
  type LanguageModel,
  type LoadedDataset,
  noGrad,
  passOf,
  Scope,
  type Tensor,
  tensor,
} from 'nanogpt';

/** Windows that a unit must be silent for to count as dead. */
const WINDOWS = 4096;
const ROWS = 512;

/** For each unit of each activation, in the model's order: whether its output was above 0 for no window of training. */
export function silentUnits(model: LanguageModel, { splits }: LoadedDataset): Uint8Array {
  const { blockSize, target } = model;
  const spoke = new Map<string, Uint8Array>();
  const stop = instrument(model, {
    after(path, _module, output) {
      if (!path.endsWith('.activation')) return;
      const values = (output as Tensor).dataSync();
      const units = (output as Tensor).shape.at(-1)!;
      const found = spoke.get(path) ?? new Uint8Array(units);
      for (let i = 0; i < values.length; i++) if (values[i]! > 0) found[i % units] = 1;
      spoke.set(path, found);
    },
  });
  // Spread evenly over the text.
  const options = { batchSize: ROWS, maxBatches: WINDOWS / ROWS };
  const pass = passOf(splits.train, { ...options, blockSize, target, name: 'train' });
  try {
    for (const { rows, inputs } of pass) {
      using _batch = new Scope();
      noGrad(() => model.forward(tensor(inputs, { shape: [rows, blockSize] })));
    }
  } finally {
    stop();
  }
  return Uint8Array.from(
    [...spoke.values()].flatMap((units) => [...units]),
    (s) => 1 - s,
  );
}
