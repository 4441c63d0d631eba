/** From "the loss is NaN" to an error that says where that began. */
import { gather, type Ranks } from '../distributed/ranks.js';
import type { LanguageModel } from '../models/index.js';
import { openPart } from '../runs/checkpoint-state.js';
import { fillModel, fillOptimizer } from '../runs/fill.js';
import { UserError } from '../util/errors.js';
import {
  brokenParameter,
  DivergenceError,
  diagnose,
  nonFiniteState,
  searchBack,
} from './anomalies.js';
import type { TrainingRecord } from './record.js';
import type { Cursor, Stepper } from './stepper.js';

/** How long taking steps again may last: the user is waiting for an error. */
const SEARCH_SECONDS = 60;

export interface DivergenceContext {
  what: DivergenceError['what'];
  value: number;
  /** Where the step that showed it began. */
  cursor: Cursor;
  stepper: Stepper;
  /** A stepper as at the very beginning, over the same model. */
  freshStepper: () => Stepper;
  /** Makes the model anew as it was before the first step. */
  rebuild: (() => LanguageModel) | undefined;
  run: TrainingRecord | undefined;
  /** The last good checkpoint's name. */
  checkpoint: string | undefined;
  secondsPerStep: number;
  ranks: Ranks;
}

/** This rank's error is not the one to be shown: another rank has found where it began, and says so. */
export class FoundElsewhere extends UserError {}

/**
 * Finds where the first NaN or infinity came from. Where the parameters are still finite, the step that
 * showed it is looked through; where an earlier step has spoilt them, the steps since the last
 * checkpoint (or the beginning) are taken again until that one is found. The model is not to be used
 * afterwards.
 */
export function explainDivergence(context: DivergenceContext): UserError {
  const { what, value, cursor, stepper, checkpoint, ranks } = context;
  const [broken] = nonFiniteState(stepper.model.stateDict());
  if (broken === undefined) {
    const finding = diagnose(stepper, cursor);
    return spokesman(finding !== undefined, ranks) === ranks.rank
      ? new DivergenceError(cursor.step + 1, what, value, finding, checkpoint)
      : new FoundElsewhere(
          `training diverged: ${what} became ${value} at step ${cursor.step + 1}.`,
        );
  }
  const origin = ranks.size > 1 ? undefined : searchFromStart(context);
  if (!origin) {
    const finding = brokenParameter(broken, 'which step spoilt it was not found');
    return new DivergenceError(cursor.step + 1, what, value, finding, checkpoint);
  }
  return new DivergenceError(
    origin.step + 1,
    origin.what,
    origin.value,
    origin.finding,
    checkpoint,
  );
}

/** The rank that is to say what is known: the first that found something in its share of the step, or else rank 0. */
function spokesman(hasFound: boolean, ranks: Ranks): number {
  return Math.max(0, gather(ranks, hasFound ? 1 : 0).indexOf(1));
}

function searchFromStart(context: DivergenceContext): ReturnType<typeof searchBack> {
  const { cursor, stepper, freshStepper, rebuild, run, secondsPerStep } = context;
  const saved = run?.openCheckpoint().checkpoint;
  if (!saved && !rebuild) return undefined;
  if ((cursor.step - (saved?.state.step ?? 0)) * secondsPerStep > SEARCH_SECONDS) return undefined;
  const { model } = stepper;
  if (saved) {
    using weights = openPart(saved, 'model');
    fillModel(model, weights);
  } else {
    using first = rebuild!();
    model.loadStateDict(first.stateDict());
  }
  using again = freshStepper();
  if (saved) {
    using state = openPart(saved, 'optimizer');
    fillOptimizer(again.optimizer, state, saved.state.optimizer);
    again.moveTo({ step: saved.state.step, ...saved.state.random });
  }
  return searchBack(again, cursor.step);
}
