/** When to measure: often at first, when everything changes, and more and more rarely. */
import { checkWhole } from '../../util/check.js';

/** Records at the full rate of `probeInterval`; then the distance doubles, and doubles again. */
const AT_FULL_RATE = 32;

/** The size at which a file of probes stays after 50,000 steps, whatever the interval and the model. */
const MAX_BYTES = 48_000_000;
const MAX_STEPS = 50_000;

/**
 * Whether a step, counted from 1, is measured: up to `interval` two steps an octave (1, 2, 3, 4, 6, 8, 11, 16 …), then
 * every `interval` of them for 32 measurements, from there on at twice that distance, and so on: 16 measurements
 * for each further doubling. A function of these two alone, so that a run that was taken up measures the same steps.
 *
 * @throws UserError unless both are whole numbers of at least 1.
 */
export function isProbed(step: number, interval: number): boolean {
  checkWhole('isProbed', 'step', step, 1);
  checkWhole('isProbed', 'interval', interval, 1);
  if (step < interval) return step === Math.round(2 ** (Math.round(2 * Math.log2(step)) / 2));
  const doublings = Math.max(0, Math.floor(Math.log2(step / (interval * AT_FULL_RATE))) + 1);
  return step % (interval * 2 ** doublings) === 0;
}

/**
 * How many bytes of probes there may be before a step's are added: for models with so many tensors that the
 * schedule alone would not keep the file small. Grows with the logarithm of the step, so that early steps survive.
 */
export function allowedBytes(step: number): number {
  return (MAX_BYTES * Math.log2(1 + step)) / Math.log2(1 + MAX_STEPS);
}
