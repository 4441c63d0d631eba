/** Settings and results in words. */
import type { LanguageModel } from '../models/index.js';
import type { TrainingSettings } from '../runs/index.js';
import { rate, thousands } from './output.js';

/** A setting's value, as `--set` takes it. */
export function shownValue(value: unknown): string {
  if (value === undefined) return '';
  return Array.isArray(value) ? value.join(',') || 'none' : String(value);
}

/** What to know of a training that ends before its warm-up does; undefined of any other. */
export function warmupNotice({ steps, warmupSteps }: TrainingSettings): string | undefined {
  if (steps === 0 || warmupSteps < steps) return undefined;
  return (
    `warm-up takes ${thousands(warmupSteps)} steps and training only ${thousands(steps)}, so the learning rate ` +
    `never reaches its peak; --warmup-steps ${Math.floor(steps / 10)} shortens it.`
  );
}

/** `1,400 steps of 100 windows; sgd, rate 0.5, × 0.1 after step 1,000`. */
export function trainingSentence(
  training: TrainingSettings,
  blockSize: number,
  target: LanguageModel['target'],
): string {
  if (training.steps === 0) return 'counted, without steps';
  const { steps, batchSize, gradAccumulation, optimizer, lr, schedule, warmupSteps } = training;
  const windows = gradAccumulation > 1 ? `${gradAccumulation} × ${batchSize}` : String(batchSize);
  const predicted = target === 'next' ? 'the token after each' : 'every next token';
  const parts = [
    `${thousands(steps)} steps of ${windows} windows of ${blockSize} tokens, predicting ${predicted}`,
    `${optimizer} at ${rate(lr)}${optimizer === 'muon' ? `, adamw for the rest at ${rate(training.adamwLr!)}` : ''}`,
  ];
  if (warmupSteps > 0) parts.push(`warm-up over ${thousands(warmupSteps)} steps`);
  if (schedule === 'step') {
    const at = training.stepAt.map(thousands).join(' and ');
    parts.push(`× ${rate(training.stepFactor)} after ${at}`);
  }
  if (schedule === 'cosine') parts.push(`cosine decay to ${rate(training.minLr)}`);
  if (schedule === 'wsd') {
    const share = `the last ${Number((100 * training.decayShare).toPrecision(3))} %`;
    parts.push(`constant, then decay to ${rate(training.minLr)} over ${share} of the steps`);
  }
  if (training.lrScale.length > 0) parts.push(`scaled by ${training.lrScale.join(', ')}`);
  if (training.emaDecay > 0) parts.push(`weights averaged at ${training.emaDecay}`);
  return parts.join('; ');
}
