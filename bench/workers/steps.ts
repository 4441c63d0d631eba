/** Training steps, each timed. */
import { type Optimizer, Scope, type Tensor } from 'nanogpt';

export interface TimedSteps {
  losses: number[];
  /** Of each step, the batch's copying and the loss's reading included. */
  seconds: number[];
}

/** @param loss makes the batch ready, and computes its loss. */
export function timedSteps(steps: number, optimizer: Optimizer, loss: () => Tensor): TimedSteps {
  const losses: number[] = [];
  const seconds: number[] = [];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    using _step = new Scope();
    const computed = loss();
    optimizer.zeroGrad();
    computed.backward();
    optimizer.step();
    losses.push(computed.itemSync());
    seconds.push((performance.now() - start) / 1000);
  }
  return { losses, seconds };
}
