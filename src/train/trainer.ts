/** The training loop. It emits typed events and prints nothing. */
import { type BatchPass, passOf } from '../data/examples.js';
import { ALONE, gather, type Ranks } from '../distributed/ranks.js';
import { restoreTensors } from '../formats/safetensors-read.js';
import { generate } from '../generate/index.js';
import type { LanguageModel } from '../models/index.js';
import { type EvaluationResult, evaluate, meanLoss } from '../observe/evaluate.js';
import { initialLossWarning } from '../observe/initial-loss.js';
import { PopulationSchedule } from '../observe/population.js';
import { type Probe, Prober } from '../observe/probes/prober.js';
import { WeightAverage } from '../optim/index.js';
import { openPart, type SavedState } from '../runs/checkpoint-state.js';
import { fillModel, fillOptimizer } from '../runs/fill.js';
import type { TrainingSettings } from '../runs/settings.js';
import { Emitter } from '../util/emitter.js';
import { UserError } from '../util/errors.js';
import { nextTurn } from '../util/next-turn.js';
import { Agreement, anyRank } from './agreement.js';
import { type DivergenceError, nonFiniteState } from './anomalies.js';
import { explainDivergence } from './divergence.js';
import type { StopReason, TrainerEvents, TrainResult } from './events.js';
import { Ledger, Tally } from './ledger.js';
import { probingHooks } from './probing.js';
import { requireSameModel } from './same-model.js';
import { type Cursor, Stepper } from './stepper.js';
import type { TrainerOptions } from './trainer-options.js';

/** How often the loop lets timers, signals and other work have their turn. */
const TURN_MS = 20;
/** Minimum time between `progress` events: as fast as a line on a terminal can be read. */
const PROGRESS_MS = 100;

/**
 * Trains one model.
 *
 * ```ts
 * const trainer = new Trainer({ model, training, seed: 0, data });
 * trainer.on('progress', ({ step, loss }) => console.log(step, loss));
 * const result = await trainer.train();
 * ```
 *
 * The same seed gives the same result bit for bit, and `restore(checkpoint)` before `train()` goes on as if there had
 * been no break. An exception of a listener ends training. A model that counts (`fit`) is fitted
 * instead, then saved and scored all the same.
 */
export class Trainer extends Emitter<TrainerEvents> {
  readonly model: LanguageModel;
  readonly training: TrainingSettings;
  readonly #options: TrainerOptions;
  readonly #stepper: Stepper | undefined;
  readonly #evaluation: BatchPass | undefined;
  readonly #average: WeightAverage | undefined;
  readonly #ledger = new Ledger();
  readonly #population: PopulationSchedule;
  readonly #prober: Prober | undefined;
  readonly #ranks: Ranks;
  /** Whether to stop, and whether it is time. */
  readonly #agreement: Agreement;
  /** Where the last step began. */
  #cursor: Cursor | undefined;
  /** The step of the checkpoint that holds the present state, or −1. */
  #savedStep = -1;
  #lastCheckpoint: string | undefined;
  #stopRequested = false;

  /** @throws UserError when a split is too short for a block. */
  constructor(options: TrainerOptions) {
    super();
    const { model, training, data } = options;
    this.#options = options;
    this.model = model;
    this.training = training;
    const { seed, ranks = ALONE } = options;
    this.#ranks = ranks;
    this.#agreement = new Agreement(2, ranks);
    this.#population = new PopulationSchedule(model, training, data.splits.train, seed);
    if (model.fit) return;
    this.#stepper = this.#makeStepper();
    // Of several ranks one measures, its own share of the batch.
    if (training.probes && ranks.rank === 0) this.#prober = new Prober({ model, training, data });
    const { emaDecay } = training;
    if (emaDecay > 0) this.#average = new WeightAverage(model.stateDict(), emaDecay);
    const { validation } = data.splits;
    if (validation.ids.length > 0) {
      const { blockSize, target } = model;
      const { batchSize, evalBatches: maxBatches } = training;
      const pass = { batchSize, blockSize, target, maxBatches, name: 'validation' };
      this.#evaluation = passOf(validation, pass);
    }
  }

  #makeStepper(): Stepper {
    const { model, training, data, seed } = this.#options;
    return new Stepper(model, training, data.splits.train, seed, this.#ranks);
  }

  /** Steps done, those before a checkpoint included. */
  get step(): number {
    return this.#stepper?.step ?? 0;
  }

  /** Asks training to end after the step under way, of several ranks after the next one; a checkpoint is saved first. */
  stop(): void {
    this.#stopRequested = true;
  }

  /**
   * Takes up where a checkpoint was saved: parameters, optimizer, random state, place in the data and
   * counters. (`RunDirectory.rewind` does the same for the run's files.)
   *
   * @throws UserError when it does not fit the model or the optimizer.
   */
  restore(saved: SavedState): void {
    const { name, state } = saved;
    using weights = openPart(saved, 'model');
    fillModel(this.model, weights);
    if (this.#average) {
      using average = openPart(saved, 'average');
      restoreTensors(average, this.#average.stateDict());
    }
    if (this.#stepper) {
      using optimizer = openPart(saved, 'optimizer');
      fillOptimizer(this.#stepper.optimizer, optimizer, state.optimizer);
      this.#stepper.shards?.release();
      this.#stepper.moveTo({ step: state.step, ...state.random });
    }
    this.#ledger.load(state);
    if (this.#prober && state.clipping) this.#prober.clipping = { ...state.clipping };
    this.#savedStep = state.step;
    this.#lastCheckpoint = name;
  }

  /** Saves a checkpoint of step 0: of a model that did not begin with its seed's weights. */
  saveStart(): void {
    this.#save(false);
  }

  /**
   * Trains until the steps are done, or `stop()`, patience or the time limit end it; then saves, and
   * unless it was stopped, scores the whole validation split.
   *
   * @throws DivergenceError when loss, gradient or parameters become NaN or infinite; UserError when
   *   the run's files cannot be written. The last good checkpoint is intact in both cases.
   */
  async train(): Promise<TrainResult> {
    const { model, training } = this;
    const ledger = this.#ledger;
    const stepper = this.#stepper;
    ledger.begin(stepper?.tokensPerStep ?? 0);
    this.emit('start', {
      step: this.step,
      steps: stepper ? training.steps : 0,
      parameters: {
        total: model.parameterCount(),
        trainable: model.parameterCount({ trainable: true }),
      },
      tokensPerStep: ledger.tokensPerStep,
    });
    let reason: StopReason;
    try {
      reason = stepper ? await this.#loop(stepper) : this.#fit();
      this.#agreement.end();
      if (this.#savedStep !== this.step) this.#save(false);
    } finally {
      if (stepper) stepper.optimizer.zeroGrad();
    }
    const score = () => (reason === 'stopped' ? null : this.#score('validation'));
    const validation = score();
    const ema = this.#average?.during(score) ?? null;
    const stop = { type: 'stop', reason, step: this.step, seconds: ledger.seconds() } as const;
    this.#options.run?.append('metrics', { ...stop, validation, ...(ema && { ema }) });
    this.emit('stop', stop);
    return {
      reason,
      step: this.step,
      ...ledger.sitting(),
      train: { loss: stepper ? ledger.trainLoss() : this.#score('train')!.loss },
      validation,
      ema,
      best: ledger.best,
    };
  }

  #fit(): StopReason {
    if (this.#savedStep < 0) this.model.fit!(this.#options.data.splits.train.ids);
    return 'fitted';
  }

  async #loop(stepper: Stepper): Promise<StopReason> {
    const { steps, logInterval, evalInterval, checkpointInterval, sampleInterval } = this.training;
    const { keepInterval, patience } = this.training;
    const { run, hooks: given } = this.#options;
    const prober = this.#prober;
    const emit = (probe: Probe) => this.emit('probe', probe);
    const hooks = prober ? probingHooks(prober, stepper, given, run, emit) : given;
    const ledger = this.#ledger;
    const shown = new Tally();
    const deadline = this.training.maxSeconds * 1000 || Infinity;
    let now = performance.now();
    const began = now;
    let turnAt = now + TURN_MS;
    let progressAt = now + PROGRESS_MS;
    const [isWatched] = anyRank([!!(hooks?.backward || hooks?.update)], this.#ranks);
    while (stepper.step < steps) {
      const [isStopped, isLate] = this.#agreement.ask([
        this.#stopRequested,
        now - began >= deadline,
      ]);
      if (isStopped) return 'stopped';
      if (patience > 0 && ledger.withoutBetter >= patience) return 'patience';
      if (isLate) return 'time';

      this.#population.before(stepper.step);
      this.#cursor = stepper.cursor();
      const logs = (stepper.step + 1) % logInterval === 0;
      const { loss, gradNorm } = stepper.take(logs, hooks, isWatched);
      const { step } = stepper;
      if (!Number.isFinite(loss)) throw this.#diverged('loss', loss);
      if (gradNorm !== undefined && !Number.isFinite(gradNorm)) {
        throw this.#diverged('gradient norm', gradNorm);
      }
      this.#average?.update(step);
      const after = performance.now();
      ledger.count(loss, after - now);
      shown.add(loss);
      now = after;

      if (step === 1) this.#warn(initialLossWarning(loss, this.model.vocabSize));
      const last = step === steps;
      const { lr } = stepper.optimizer;
      if (this.listenerCount('step') > 0) this.emit('step', { step, loss, lr, gradNorm });
      if (logs) this.#log(step, lr, gradNorm);
      const better = (last || step % evalInterval === 0) && this.#evaluate(step);
      // Before the checkpoint, which remembers how far samples.txt went: going on from it keeps the sample.
      if (sampleInterval > 0 && step % sampleInterval === 0) this.#sample(step);
      const isKept = keepInterval > 0 && step % keepInterval === 0;
      if (better || last || isKept || step % checkpointInterval === 0) this.#save(better);
      if (now >= progressAt || last) {
        if (run?.isStopRequested()) this.#stopRequested = true;
        this.#showProgress(step, lr, shown);
        progressAt = now + PROGRESS_MS;
      }
      if (now >= turnAt) {
        await nextTurn();
        turnAt = performance.now() + TURN_MS;
      }
      now = performance.now();
    }
    return 'steps';
  }

  #warn(line: string | undefined): void {
    if (line !== undefined) this.emit('warning', line);
  }

  #showProgress(step: number, lr: number, shown: Tally): void {
    if (this.listenerCount('progress') > 0) {
      const rest = { steps: this.training.steps, loss: shown.mean()!, lr };
      this.emit('progress', this.#ledger.progress(step, rest));
    }
    shown.clear();
  }

  #log(step: number, lr: number, gradNorm: number | undefined): void {
    const event = this.#ledger.metrics(step, lr, gradNorm, this.#paces());
    this.#options.run?.append('metrics', event);
    this.emit('metrics', event);
  }

  /** Of several ranks, tokens per second of each one's own work since the last line of metrics. */
  #paces(): number[] | undefined {
    if (this.#ranks.size === 1) return undefined;
    const pace = this.#stepper!.takePace(this.#ledger.stepsSinceLog);
    return Array.from(gather(this.#ranks, Math.round(pace)));
  }

  /** Makes the model whole, where ranks have parts of it, and its statistics up to date, before somebody looks at it. */
  #prepare(step: number): void {
    this.#stepper?.settle();
    this.#population.refresh(step);
  }

  /** Scores the same batches as every time; says whether it is the best so far. */
  #evaluate(step: number): boolean {
    const pass = this.#evaluation;
    if (!pass) return false;
    this.#prepare(step);
    const loss = meanLoss(this.model, pass, this.#ranks);
    if (!Number.isFinite(loss)) throw this.#diverged('validation loss', loss);
    const ema = this.#average?.during(() => meanLoss(this.model, pass, this.#ranks));
    const event = this.#ledger.evaluated(step, loss, ema);
    this.#options.run?.append('metrics', event);
    this.emit('evaluation', event);
    return event.best;
  }

  #score(split: 'train' | 'validation'): EvaluationResult | null {
    const { splits, tokenizer } = this.#options.data;
    const part = splits[split];
    this.#prepare(this.step);
    if (part.ids.length === 0) return null;
    return evaluate(this.model, { name: split, ...part, tokenizer }, undefined, this.#ranks);
  }

  #sample(step: number): void {
    this.#prepare(step);
    this.#requireFinite();
    if (this.#ranks.rank > 0) return;
    const tokens = generate(this.model, [], { maxTokens: this.training.sampleTokens, seed: step });
    const text = this.#options.data.tokenizer.decode(tokens);
    this.#options.run?.appendSample(`── step ${step} ──\n${text}\n\n`);
    this.emit('sample', { step, tokens, text });
  }

  #save(best: boolean): void {
    const { run, seed } = this.#options;
    const { step } = this;
    const { keepInterval } = this.training;
    this.#prepare(step);
    this.#requireFinite();
    requireSameModel(this.model.stateDict(), this.#ranks);
    this.#savedStep = step;
    this.#stepper?.shards?.collect();
    if (!run) return;
    const optimizer = this.#stepper?.optimizer.stateDict();
    const state = this.#ledger.save(step, seed, this.#stepper?.cursor(), {
      logs: run.syncLogs(),
      clipping: this.#prober?.clipping,
      optimizer: { ...optimizer?.settings },
    });
    const contents = {
      state,
      model: this.model.stateDict(),
      optimizer: optimizer?.tensors ?? [],
      average: this.#average?.stateDict(),
    };
    const name = run.saveCheckpoint(contents, { best, keepInterval });
    this.#stepper?.shards?.release();
    this.#lastCheckpoint = name;
    this.emit('checkpoint', { step, name, best });
  }

  /** No samples or checkpoints are made from a model with NaN or infinity. */
  #requireFinite(): void {
    if (nonFiniteState(this.model.stateDict()).length > 0) throw this.#diverged('parameters', NaN);
  }

  #diverged(what: DivergenceError['what'], value: number): UserError {
    const { run, rebuild } = this.#options;
    if (!this.#stepper || !this.#cursor) {
      return new UserError('the model contains NaN or infinity from the start.');
    }
    this.#stepper.settle();
    run?.append('metrics', { type: 'stop', reason: 'diverged', step: this.step });
    return explainDivergence({
      what,
      value,
      cursor: this.#cursor,
      stepper: this.#stepper,
      freshStepper: () => this.#makeStepper(),
      rebuild,
      run,
      checkpoint: this.#lastCheckpoint,
      secondsPerStep: this.#ledger.secondsFor(1),
      ranks: this.#ranks,
    });
  }

  /** Frees optimizer state and buffers, not the model. */
  [Symbol.dispose](): void {
    this.#stepper?.[Symbol.dispose]();
    this.#prober?.[Symbol.dispose]();
    this.#average?.[Symbol.dispose]();
    this.#agreement[Symbol.dispose]();
  }
}
