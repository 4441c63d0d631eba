/** A model as a list of its layers. */
import type { Module } from '../nn/index.js';
import { ownerOf } from '../nn/owner.js';

/** A module with parameters of its own. Plain JSON. */
export interface LayerInfo {
  /** `hidden.0.linear`; for a parameter of the model itself, the parameter's name. */
  path: string;
  /** The module's class. */
  kind: string;
  /** Of its first tensor, the weight. */
  shape: number[];
  /** Number of values in all of its tensors. */
  parameters: number;
  tensors: { name: string; shape: number[]; parameters: number; trainable: boolean }[];
}

/** One entry for each module that has parameters, in the order of its parameters. */
export function layersOf(model: Module): LayerInfo[] {
  const modules = model.namedModules();
  const layers = new Map<string, LayerInfo>();
  for (const { path, shape, count, trainable } of model.parameterCounts()) {
    const { owner, name } = ownerOf(path, modules);
    const key = owner || name;
    const layer: LayerInfo = layers.get(key) ?? {
      path: key,
      kind: owner ? modules.get(owner)!.constructor.name : 'parameter',
      shape: [...shape],
      parameters: 0,
      tensors: [],
    };
    layer.parameters += count;
    layer.tensors.push({ name, shape: [...shape], parameters: count, trainable });
    layers.set(key, layer);
  }
  return [...layers.values()];
}
