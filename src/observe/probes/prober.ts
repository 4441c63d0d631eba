/** Measuring in passing: a trainer's hooks that turn some of its steps into records. */
import { checkExamples, type ExampleSource } from '../../data/examples.js';
import { checkLanguageModel, type LanguageModel } from '../../models/model.js';
import { instrument } from '../../nn/index.js';
import { matchesTensor } from '../../runs/probe-pattern.js';
import type { ModelProbe, TensorsProbe } from '../../runs/probe-records.js';
import type { TrainingSettings } from '../../runs/settings.js';
import type { TensorKind } from '../../runs/tensor-kinds.js';
import type { OperationCall, Tensor } from '../../tensor/index.js';
import { checkIterable, checkObject, checkWhole } from '../../util/check.js';
import { attentionRecord } from './attention.js';
import { Diagnostician } from './diagnosis.js';
import { figure } from './figures.js';
import { ForwardProbe } from './forward.js';
import { ParameterProbe } from './parameters.js';
import { PredictionProbe } from './predictions.js';
import { allowedBytes, isProbed } from './schedule.js';
import { UnitHistory } from './units.js';

/** What a trainer knows of a step that it took. */
export interface TakenStep {
  readonly loss: number;
  readonly lr: number;
  /** Before clipping, where it was measured. */
  readonly gradNorm: number | undefined;
  readonly clipped: boolean;
}

/** What a measured step gives. */
export interface Probe {
  readonly model: ModelProbe;
  readonly tensors: TensorsProbe;
}

export interface ProberOptions {
  readonly model: LanguageModel;
  readonly training: TrainingSettings;
  readonly data: {
    readonly splits: { readonly train: ExampleSource; readonly validation: ExampleSource };
  };
}

/**
 * Measures a model while it is trained, at the steps that `isProbed` names. Its methods are called on the way through
 * every step; between measured ones they do next to nothing. Nothing that it does changes a bit of the training.
 */
export class Prober implements Disposable {
  /** Steps since the last record, and how many were clipped; a checkpoint keeps them. */
  clipping = { steps: 0, clipped: 0 };
  /** Of all records so far, as they are written. */
  bytes = 0;
  readonly #model: LanguageModel;
  readonly #training: TrainingSettings;
  readonly #predictions: PredictionProbe;
  readonly #units = new UnitHistory();
  readonly #diagnostician: Diagnostician;
  #forward: ForwardProbe | undefined;
  #parameters: ParameterProbe | undefined;

  /** @throws UserError for what is no model, no training's settings, or no splits. */
  constructor(options: ProberOptions) {
    const { model, training, data } = checkObject('Prober', options);
    checkLanguageModel('Prober', model);
    checkWhole('Prober', 'training.probeInterval', training?.probeInterval, 1);
    checkIterable('Prober', 'patterns of tensors (training.probePattern)', training.probePattern);
    checkExamples('Prober: data.splits.train', data?.splits?.train);
    checkExamples('Prober: data.splits.validation', data.splits.validation);
    this.#model = model;
    this.#training = training;
    const { train, validation } = data.splits;
    const [source, split] =
      validation.ids.length > 0 ? [validation, 'validation' as const] : [train, 'train' as const];
    this.#predictions = new PredictionProbe(model, source, train, split);
    this.#diagnostician = new Diagnostician(model, training);
  }

  /** Takes up what an earlier sitting recorded: `bytes` of it. */
  resume(records: readonly ModelProbe[], bytes: number): void {
    this.bytes = bytes;
    for (const record of records) {
      this.#units.replay(record);
      this.#diagnostician.add(record);
    }
  }

  /** Runs a step's passes. @param at steps before it. */
  around(at: number, pass: () => number): number {
    const step = at + 1;
    this.#drop();
    if (!isProbed(step, this.#training.probeInterval) || this.bytes > allowedBytes(step)) {
      return pass();
    }
    this.#forward = new ForwardProbe(this.#model, this.#wants);
    return this.#forward.during(pass);
  }

  /** Gradients are there, parameters as they were. */
  backward(): void {
    if (!this.#forward) return;
    this.#parameters = new ParameterProbe(this.#model, this.#wants);
    this.#parameters.beforeUpdate(1 / this.#training.gradAccumulation);
  }

  /** The step was taken. @returns what was measured, if this step was. */
  update(at: number, taken: TakenStep): Probe | undefined {
    this.clipping.steps++;
    if (taken.clipped) this.clipping.clipped++;
    const [forward, parameters] = [this.#forward, this.#parameters];
    if (!forward || !parameters) return undefined;
    parameters.afterUpdate();
    const probe = this.#record(at + 1, taken, forward, parameters);
    this.#drop();
    this.clipping = { steps: 0, clipped: 0 };
    return probe;
  }

  #wants = (kind: TensorKind, path: string): boolean =>
    matchesTensor(this.#training.probePattern, kind, path);

  #record(
    step: number,
    { loss, lr, gradNorm }: TakenStep,
    forward: ForwardProbe,
    parameters: ParameterProbe,
  ): Probe {
    const layers = parameters.layers;
    const norm =
      gradNorm ?? Math.sqrt(layers.reduce((sum, layer) => sum + (layer.gradNorm ?? 0) ** 2, 0));
    const attention: ModelProbe['attention'] = [];
    const predictions = this.#predict(attention);
    const tallies = [...forward.units.values()].filter(({ units }) => units > 0);
    const tensors: TensorsProbe = {
      type: 'tensors',
      step,
      tensors: [...forward.tensors, ...forward.gradients(), ...parameters.tensors],
    };
    const measured: ModelProbe = {
      type: 'model',
      step,
      ...{ loss: figure(loss), lr: figure(lr), gradNorm: figure(norm) },
      clipping: { ...this.clipping },
      parameters: parameters.parameters,
      activations: forward.activations,
      layers,
      units: tallies.map((tally) => tally.record(this.#units, step)),
      predictions,
      attention,
      batchNorms: forward.batchNorms,
      diagnosis: [],
    };
    const diagnosis = this.#diagnostician.add(measured);
    return { model: { ...measured, diagnosis }, tensors };
  }

  /** Predicts, and sees attention on the way. */
  #predict(attention: ModelProbe['attention']): ModelProbe['predictions'] {
    const stack: string[] = [];
    const release = instrument(this.#model, {
      before: (path) => stack.push(path),
      after: () => stack.pop(),
    });
    const see = (
      name: string,
      _y: Tensor,
      _phase: string,
      _node: unknown,
      call?: OperationCall,
    ) => {
      if (name !== 'causalAttention' || !call) return;
      const record = attentionRecord(stack.at(-1) ?? '', call);
      if (record) attention.push(record);
    };
    try {
      return this.#predictions.measure(see);
    } finally {
      release();
    }
  }

  #drop(): void {
    this.#parameters?.[Symbol.dispose]();
    this.#parameters = undefined;
    this.#forward = undefined;
  }

  /** Frees what a step that was not taken left. */
  [Symbol.dispose](): void {
    this.#drop();
  }
}
