/** What a run keeps count of: losses, tokens, time, and the best evaluation. */

import type { TrainingState } from '../runs/checkpoint.js';
import { defaultRandom } from '../tensor/index.js';
import { Generator, streamFor } from '../util/random.js';
import type { EvaluationEvent, MetricsEvent, ProgressEvent } from './events.js';
import type { Cursor } from './stepper.js';

/** A mean in the making. */
export class Tally {
  sum = 0;
  count = 0;

  add(value: number): void {
    this.sum += value;
    this.count++;
  }

  mean(): number | null {
    return this.count > 0 ? this.sum / this.count : null;
  }

  clear(): void {
    this.sum = 0;
    this.count = 0;
  }
}

export class Ledger {
  /** Tokens predicted for training, over all sittings. */
  tokens = 0;
  tokensPerStep = 0;
  evaluation: TrainingState['evaluation'] = null;
  best: TrainingState['best'] = null;
  /** Of the last evaluation of this sitting. */
  #emaLoss: number | undefined;
  /** Evaluations since the best. */
  withoutBetter = 0;
  readonly #sinceLog = new Tally();
  readonly #sinceEvaluation = new Tally();
  /** Before this sitting. */
  #secondsBefore = 0;
  /** This sitting: when it began, milliseconds in steps, and how many of these. */
  #began = performance.now();
  #stepMs = 0;
  #stepsTaken = 0;

  /** A sitting begins. */
  begin(tokensPerStep: number): void {
    this.tokensPerStep = tokensPerStep;
    this.#began = performance.now();
  }

  /** One step was taken. */
  count(loss: number, milliseconds: number): void {
    this.#sinceLog.add(loss);
    this.#sinceEvaluation.add(loss);
    this.tokens += this.tokensPerStep;
    this.#stepMs += milliseconds;
    this.#stepsTaken++;
  }

  /** A line of metrics; the next one's mean loss begins after it. */
  metrics(
    step: number,
    lr: number,
    gradNorm: number | undefined,
    rankTokensPerSecond?: number[],
  ): MetricsEvent {
    const loss = this.#sinceLog.mean()!;
    this.#sinceLog.clear();
    return {
      type: 'step',
      step,
      split: 'train',
      loss,
      lr,
      gradNorm,
      tokens: this.tokens,
      tokensPerSecond: Math.round(this.tokensPerSecond()),
      seconds: this.seconds(),
      ...(rankTokensPerSecond && { rankTokensPerSecond }),
    };
  }

  /** Steps since the last line of metrics. */
  get stepsSinceLog(): number {
    return this.#sinceLog.count;
  }

  /** An evaluation was made: of the weights, and of their average where one is kept. */
  evaluated(step: number, loss: number, emaLoss?: number): EvaluationEvent {
    const trainLoss = this.#sinceEvaluation.mean();
    this.#sinceEvaluation.clear();
    this.evaluation = { step, loss, trainLoss };
    this.#emaLoss = emaLoss;
    const best = this.best === null || loss < this.best.loss;
    if (best) this.best = { step, loss };
    this.withoutBetter = best ? 0 : this.withoutBetter + 1;
    const seconds = this.seconds();
    const losses = { loss, ...(emaLoss !== undefined && { emaLoss }), trainLoss };
    return { type: 'evaluation', step, split: 'validation', ...losses, best, seconds };
  }

  /** Where it stands. */
  progress(step: number, rest: Pick<ProgressEvent, 'steps' | 'loss' | 'lr'>): ProgressEvent {
    return {
      step,
      ...rest,
      validationLoss: this.evaluation?.loss,
      emaLoss: this.#emaLoss,
      tokensPerSecond: this.tokensPerSecond(),
      seconds: this.seconds(),
      secondsLeft: this.secondsFor(rest.steps - step),
    };
  }

  /** Mean training loss since the last evaluation, or before it when there was no step since. */
  trainLoss(): number | null {
    return this.#sinceEvaluation.mean() ?? this.evaluation?.trainLoss ?? null;
  }

  /** Since the run began, over all sittings. */
  seconds(): number {
    return this.#secondsBefore + this.#sittingSeconds();
  }

  #sittingSeconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** In this sitting, evaluations and checkpoints left out. */
  tokensPerSecond(): number {
    if (this.#stepMs === 0) return 0;
    return (this.#stepsTaken * this.tokensPerStep * 1000) / this.#stepMs;
  }

  /** How long so many steps take at the pace of this sitting. */
  secondsFor(steps: number): number {
    return this.#stepsTaken === 0 ? 0 : (steps * this.#stepMs) / this.#stepsTaken / 1000;
  }

  sitting(): { stepsTaken: number; seconds: number; tokensPerSecond: number } {
    return {
      stepsTaken: this.#stepsTaken,
      seconds: this.#sittingSeconds(),
      tokensPerSecond: this.tokensPerSecond(),
    };
  }

  /** What a checkpoint remembers. A model without steps has no cursor. */
  save(
    step: number,
    seed: number,
    cursor: Cursor | undefined,
    rest: Pick<TrainingState, 'logs' | 'clipping'> & { optimizer: object },
  ): TrainingState {
    const tally = ({ sum, count }: Tally) => ({ sum, count });
    return {
      step,
      tokens: this.tokens,
      seconds: this.seconds(),
      random: {
        default: cursor?.default ?? defaultRandom.state(),
        data: cursor?.data ?? new Generator(seed, streamFor('data')).state(),
      },
      sinceLog: tally(this.#sinceLog),
      sinceEvaluation: tally(this.#sinceEvaluation),
      evaluation: this.evaluation,
      best: this.best,
      withoutBetter: this.withoutBetter,
      optimizer: rest.optimizer as TrainingState['optimizer'],
      logs: rest.logs,
      ...(rest.clipping && { clipping: rest.clipping }),
    };
  }

  load(state: TrainingState): void {
    this.tokens = state.tokens;
    this.evaluation = state.evaluation;
    this.best = state.best;
    this.withoutBetter = state.withoutBetter;
    this.#secondsBefore = state.seconds;
    Object.assign(this.#sinceLog, state.sinceLog);
    Object.assign(this.#sinceEvaluation, state.sinceEvaluation);
  }
}
