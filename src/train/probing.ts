/** Probes on the way through a trainer's steps. */
import type { Probe, Prober } from '../observe/probes/prober.js';
import type { TrainingRecord } from './record.js';
import type { StepHooks, Stepper } from './stepper.js';

/**
 * The hooks given, if any, and those of the probes around them. Takes up what an earlier sitting of the run recorded.
 *
 * @param emit takes each measured step, once the run has it.
 */
export function probingHooks(
  prober: Prober,
  stepper: Stepper,
  hooks: StepHooks | undefined,
  run: TrainingRecord | undefined,
  emit: (probe: Probe) => void,
): StepHooks {
  if (run && stepper.step > 0) {
    const { records, next } = run.modelProbes();
    prober.resume(records, next);
  }
  return {
    start: (at) => hooks?.start?.(at),
    around: (at, pass) => prober.around(at, hooks?.around ? () => hooks.around!(at, pass) : pass),
    backward: (at) => {
      hooks?.backward?.(at);
      prober.backward();
    },
    update: (at, outcome) => {
      hooks?.update?.(at, outcome);
      const probe = prober.update(at, { ...outcome, lr: stepper.optimizer.lr });
      if (!probe) return;
      run?.append('probes', probe.model);
      if (run) prober.bytes = run.append('probes', probe.tensors);
      emit(probe);
    },
  };
}
