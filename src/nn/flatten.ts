/** Several dimensions as one, as a layer. */
import { flatten, type Tensor } from '../tensor/index.js';
import { Module } from './module.js';

/** Joins dimensions `startDim` to `endDim`: by default all but the first, (B, T, C) → (B, T·C). Copies nothing. */
export class Flatten extends Module {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super();
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }
}
