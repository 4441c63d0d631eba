/** Layers one after the other. */
import type { Tensor } from '../tensor/index.js';
import { checkModule, type Layer, Module } from './module.js';

/**
 * Hands its input through all layers in order. Parameters are named as in PyTorch, by position:
 * `0.weight`, `2.bias`.
 */
export class Sequential extends Module {
  readonly length: number;
  // PyTorch puts the layers right under the module's own path, hence numbered fields and no array.
  readonly [index: number]: Layer;

  constructor(...layers: Layer[]) {
    super();
    for (const [i, layer] of layers.entries()) checkModule('Sequential', layer, `layer ${i}`);
    this.length = layers.length;
    Object.assign(this, layers);
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (let i = 0; i < this.length; i++) out = this[i].forward(out);
    return out;
  }
}
