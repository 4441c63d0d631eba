/** What memory a model needs, found before any is taken. */
import { CountedEnough, type CountingLimits, countingBackend } from '../backend/counting.js';
import type { LanguageModel, ModelDefinition } from '../models/index.js';
import { TOKENS_AT_ONCE } from '../observe/evaluate.js';
import { ForwardProbe } from '../observe/probes/forward.js';
import { ParameterProbe } from '../observe/probes/parameters.js';
import { WeightAverage } from '../optim/index.js';
import type { RunSettings } from '../runs/config.js';
import { matchesTensor } from '../runs/probe-pattern.js';
import type { TensorKind } from '../runs/tensor-kinds.js';
import {
  currentBackend,
  defaultRandom,
  empty,
  noGrad,
  Scope,
  withBackend,
} from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { heapLimit } from '../util/heap-limit.js';
import { memoryLimit } from '../util/memory-limit.js';
import { optimizerOf } from './stepper.js';

/**
 * What a parameter takes of JavaScript's own memory in a training step: its layer, its gradient and state,
 * and what stands on the tape for it, some six tensors of 700 bytes (measured on MLPs of 20,000 layers); twice that, since the collector needs room.
 */
const HEAP_BYTES = 8400;
/** Buffers that are counted whatever their size: those of some hundred layers, in a fraction of a second. */
const PATIENCE = 4000;
/** Maximum number of settings that an error names. */
const NAMED = 4;

/** What is to be done with a model. */
export type Use = 'training' | 'evaluation';

type Sized = Pick<RunSettings, 'model' | 'modelConfig' | 'training'>;

/** What a model needs. */
export interface MemoryNeed {
  /** The most at once: weights; in training gradients, optimizer state, an average of the weights and what a step makes on its way. */
  readonly bytes: number;
  /** Whether the counting was ended early: it needs even more. */
  readonly isMore: boolean;
}

/**
 * Builds the model and takes one step with it on a backend that only counts.
 *
 * Of a model of very many small parts only these are counted, and not the step.
 *
 * @param limit beyond which the exact figure is not worth much time. Default: this machine's memory.
 * @param mostBuffers parameters and buffers beyond which JavaScript's own memory would be out.
 */
export function memoryNeed(
  settings: Sized,
  vocabSize: number,
  definition: ModelDefinition,
  use: Use,
  limit = memoryLimit(),
  mostBuffers = heapLimit() / HEAP_BYTES,
): MemoryNeed {
  const limits: CountingLimits = { bytes: limit, patience: PATIENCE, buffers: mostBuffers };
  const backend = countingBackend(limits);
  const random = defaultRandom.state();
  let isMore = false;
  let hostBytes = 0;
  try {
    withBackend(backend, () => {
      using _all = new Scope();
      const model = definition.create(settings.modelConfig, vocabSize);
      // A step makes several times as many, and would take long to count.
      limits.buffers = Infinity;
      hostBytes =
        backend.memory.buffers > PATIENCE
          ? updateBytes(model, settings, use)
          : rehearse(model, settings, use);
    });
  } catch (error) {
    // More than was to be counted, than a tensor can have, or parts than an array can hold. What is wrong
    // besides memory shows, with its own error, when the model is built in earnest.
    isMore = error instanceof CountedEnough || error instanceof RangeError;
  } finally {
    defaultRandom.load(random);
  }
  return { bytes: backend.memory.peakBytes + hostBytes, isMore };
}

/** Of gradients, optimizer state and the average of the weights. */
function updateBytes(model: LanguageModel, { training }: Sized, use: Use): number {
  if (use !== 'training' || model.fit) return 0;
  const optimizer = optimizerOf(model, training);
  return optimizer.groups.reduce((sum, { options, slots }) => {
    const values = slots.reduce((count, { param }) => count + param.numel, 0);
    const kept = 1 + optimizer.stateNames(options).length + (training.emaDecay > 0 ? 1 : 0);
    return sum + 4 * values * kept;
  }, 0);
}

/** The work that is at the height of memory. Returns the bytes that batches take outside the backend. */
function rehearse(model: LanguageModel, { training }: Sized, use: Use): number {
  const { blockSize, target } = model;
  const lossOf = (rows: number) => {
    const inputs = empty([rows, blockSize], 'int32'); // (B, T)
    const targets = empty(target === 'all' ? [rows, blockSize] : [rows], 'int32');
    return { loss: model.loss(inputs, targets), bytes: 4 * (inputs.numel + targets.numel) };
  };
  let hostBytes = 0;
  if (use === 'training' && !model.fit) {
    const optimizer = optimizerOf(model, training);
    const { emaDecay } = training;
    if (emaDecay > 0) new WeightAverage(model.stateDict(), emaDecay);
    {
      using _step = new Scope();
      const { batchSize, batchParts } = training;
      const pass = () => {
        const { loss, bytes } = lossOf(batchSize / batchParts);
        hostBytes = (1 + batchParts) * bytes; // those of the sampler, and of the pass over the validation split
        loss.backward();
        return 0;
      };
      if (training.probes) probed(model, training, pass, () => optimizer.step());
      else {
        pass();
        optimizer.step();
      }
    }
    optimizer.zeroGrad();
  }
  if (!model.fit) {
    using _evaluation = new Scope();
    noGrad(() => lossOf(Math.max(1, Math.floor(TOKENS_AT_ONCE / blockSize))));
  }
  return hostBytes;
}

/** As a step that is measured, which holds gradients of activations and copies of parameters as well. */
function probed(
  model: LanguageModel,
  { probePattern }: Sized['training'],
  pass: () => number,
  update: () => void,
): void {
  const wants = (kind: TensorKind, path: string) => matchesTensor(probePattern, kind, path);
  new ForwardProbe(model, wants).during(pass);
  using parameters = new ParameterProbe(model, wants);
  parameters.beforeUpdate(1);
  update();
  parameters.afterUpdate();
}

/** What is needed and what there is, in words; undefined where it is enough. */
function shortage(need: MemoryNeed, use: Use, limit: number): string | undefined {
  if (need.bytes <= limit && !need.isMore) return undefined;
  const machine = `this machine ${limit < 1e9 ? 'allows' : 'has'}`;
  const { name, memory } = currentBackend();
  const isAddress = name === 'wasm' && limit <= memory.limitBytes && limit < memoryLimit();
  const needed = size(need.isMore ? Math.max(need.bytes, limit) : need.bytes);
  return `${use} needs ${need.isMore ? 'more than ' : ''}${needed} of memory, and ${isAddress ? 'WebAssembly can address' : machine} ${size(limit)}`;
}

/** As `requireMemory`, in words without a remedy; undefined where it fits. */
export function lacksMemory(
  settings: Sized,
  vocabSize: number,
  definition: ModelDefinition,
  use: Use,
  limit = currentBackend().memory.limitBytes,
): string | undefined {
  return shortage(memoryNeed(settings, vocabSize, definition, use, limit), use, limit);
}

/**
 * Refuses a model that cannot fit into this machine's memory, or what the backend can address, before any is taken.
 *
 * @throws UserError saying what is needed, what there is, and which settings to lower.
 */
export function requireMemory(
  settings: Sized,
  vocabSize: number,
  definition: ModelDefinition,
  use: Use,
  limit = currentBackend().memory.limitBytes,
): void {
  const need = memoryNeed(settings, vocabSize, definition, use, limit);
  const lacking = shortage(need, use, limit);
  if (lacking === undefined) return;
  const lower = whatToLower(settings, vocabSize, definition, use, limit, need);
  const remedy = lower.length > 0 ? `Lower ${lower.join(', ')}` : 'Take a smaller model';
  throw new UserError(`${settings.model}: ${lacking}. ${remedy}.`);
}

/** Settings each of which, at its least, would make a great difference; the greatest first. */
function whatToLower(
  settings: Sized,
  vocabSize: number,
  definition: ModelDefinition,
  use: Use,
  limit: number,
  now: MemoryNeed,
): string[] {
  const { modelConfig, training } = settings;
  const found: { words: string; bytes: number }[] = [];
  const attempt = (words: string, changed: Sized, vocab = vocabSize) => {
    const { bytes, isMore } = memoryNeed(changed, vocab, definition, use, limit, PATIENCE);
    if (now.isMore ? !isMore : bytes < now.bytes / 2) found.push({ words, bytes });
  };
  for (const [key, value] of Object.entries(modelConfig)) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 2) continue;
    const smaller = definition.schema.safeParse({ ...modelConfig, [key]: 1 });
    if (!smaller.success) continue;
    const config = smaller.data as Record<string, unknown>;
    attempt(`${key} (now ${value.toLocaleString('en-US')})`, { ...settings, modelConfig: config });
  }
  if (use === 'training' && training.batchSize > 1) {
    const words = `batchSize (now ${training.batchSize.toLocaleString('en-US')})`;
    attempt(words, { ...settings, training: { ...training, batchSize: 1 } });
  }
  const vocabulary = `the tokenizer's vocabulary (now ${vocabSize.toLocaleString('en-US')})`;
  if (vocabSize > 256) attempt(vocabulary, settings, 256);
  return found
    .sort((a, b) => a.bytes - b.bytes)
    .slice(0, NAMED)
    .map(({ words }) => words);
}

/** `82.3 MB`, in powers of ten, as far as they have names. */
function size(bytes: number): string {
  const units = ['MB', 'GB', 'TB', 'PB', 'EB'];
  let value = bytes / 1e6;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return value < 1e4 ? `${value.toFixed(1)} ${units[unit]}` : `${value.toExponential(1)} EB`;
}
