/** From tensors to what the backend's optimizer kernels take. */
import type { ParameterUpdate, Tensor } from '../tensor/index.js';

export type Update = ParameterUpdate<unknown>;

/** An update with nothing filled in but how many elements it changes. */
export function emptyUpdate(count: number): Update {
  return {
    param: null,
    grad: null,
    count,
    rows: null,
    rowCount: 0,
    width: 0,
    lr: 0,
    weightDecay: 0,
    state1: null,
    state2: null,
  };
}

/** Points an update at the gradient that `param` holds, by rows where it is. False where there is none. */
export function pointAtGradient(update: Update, param: Tensor): boolean {
  const byRows = param.rowGrad;
  if (byRows) {
    update.grad = byRows.values.pointer;
    update.rows = byRows.rowPointer;
    update.rowCount = byRows.rowCount;
    update.width = byRows.width;
    return true;
  }
  const dense = param.ownGrad;
  if (!dense) {
    update.grad = null;
    return false;
  }
  update.grad = dense.pointer;
  update.rows = null;
  update.rowCount = 0;
  update.width = 0;
  return true;
}
