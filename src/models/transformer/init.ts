/** How a transformer's weights begin. */
import { init } from '../../nn/index.js';
import type { Tensor } from '../../tensor/index.js';
import type { TransformerConfig } from './settings.js';

/** The standard deviation of all matrices (GPT-2; Llama as Hugging Face has it). */
export const STD = 0.02;

/** A table of N(0, std). */
export function gaussianTable(std: number) {
  return { init: (weight: Tensor) => init.normal(weight, { std }) };
}

/** Weights of N(0, std), biases of 0. */
export function gaussian(std: number) {
  return { ...gaussianTable(std), biasInit: (bias: Tensor) => init.zeros(bias) };
}

/**
 * Of what is added to the residual stream, 2 · nLayer times: smaller, so that the sum keeps its size (GPT-2,
 * section 2.3), or 0.
 */
export function projectionInit({ nLayer, zeroProjections }: TransformerConfig) {
  return gaussian(zeroProjections ? 0 : STD / Math.sqrt(2 * nLayer));
}
