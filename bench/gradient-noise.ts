/**
 * The critical batch size of gpt/char, by the noise of its gradient: beyond it a larger batch saves hardly any
 * steps. McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", appendix A.1: from the mean squared norms of
 * gradients of two batch sizes follow the squared norm of the true one, |G|², and the trace of the noise's
 * covariance, S; a batch of S / |G|² has as much noise as signal.
 *
 *     npm run build && npx tsc -p tsconfig.bench.json && node build/bench/gradient-noise.js
 */
import {
  buildSettings,
  createModel,
  Generator,
  gradNorm,
  loadDataset,
  models,
  Scope,
  samplerOf,
  Trainer,
  zeros,
} from 'nanogpt';

/** Steps after which it is measured. */
const STEPS = [0, 50, 200, 500, 1000, 2000];
/** Windows of the small batch, and batches in a large one. */
const SMALL = 12;
const TIMES = 16;
/** Batches of either size whose squared norms are averaged. */
const SMALLS = 128;
const LARGES = 16;

const steps = STEPS.at(-1)!;
const settings = buildSettings(models.get('gpt')!, { preset: 'char', overrides: { steps } });
const data = await loadDataset({ ...settings });
const model = createModel(settings, data.tokenizer.vocabSize);
const { blockSize, target } = model;
const parameters = [...model.parameters()];
const sampler = samplerOf(
  data.splits.train,
  { batchSize: SMALL, blockSize, target, name: 'train' },
  new Generator(1, 0),
);

const ids = zeros([SMALL, blockSize], 'int32').retain();
const wanted = zeros([SMALL, blockSize], 'int32').retain();

/** The squared norm of the gradient of so many small batches' mean loss. */
function squaredNorm(batches: number): number {
  for (const parameter of parameters) parameter.zeroGrad();
  for (let i = 0; i < batches; i++) {
    using _batch = new Scope();
    const { inputs, targets } = sampler.next();
    model.loss(ids.copy_(inputs), wanted.copy_(targets)).backward();
  }
  const norm = gradNorm(parameters) / batches;
  for (const parameter of parameters) parameter.zeroGrad();
  return norm * norm;
}

function average(count: number, measure: () => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += measure();
  return sum / count;
}

function report(step: number): void {
  const small = average(SMALLS, () => squaredNorm(1));
  const large = average(LARGES, () => squaredNorm(TIMES));
  const [few, many] = [SMALL, SMALL * TIMES];
  const signal = (many * large - few * small) / (many - few);
  const noise = (small - large) / (1 / few - 1 / many);
  const windows = noise / signal;
  console.log(
    `step ${String(step).padStart(5)}: |G|² ${signal.toExponential(2)}, S ${noise.toExponential(2)}: ${windows.toFixed(0)} windows, ${Math.round(windows * blockSize)} tokens`,
  );
}

report(0);
const trainer = new Trainer({
  model,
  training: settings.training,
  seed: 0,
  data,
  hooks: {
    update(at) {
      if (STEPS.includes(at + 1)) report(at + 1);
    },
  },
});
await trainer.train();
