/** The MLP's settings. */
import * as z from 'zod';
import { normShape } from './norm.js';
import { initialSizes, initSetting } from './weight-init.js';

export const mlpSchema = z.strictObject({
  blockSize: z.int().min(1).default(10).describe('T: tokens in the window'),
  nEmbd: z.int().min(1).default(200).describe('C: channels of an embedding'),
  nHidden: z.int().min(1).default(200).describe('H: units of a hidden layer'),
  nLayer: z.int().min(1).default(1).describe('number of hidden layers'),
  combine: z
    .enum(['flatten', 'mean'])
    .default('flatten')
    .describe('concatenate the embeddings (T·C inputs), or average them: a bag of words'),
  activation: z
    .enum(['leakyRelu', 'relu', 'tanh', 'gelu', 'silu', 'sigmoid'])
    .default('leakyRelu')
    .describe('nonlinearity of the hidden layers'),
  negativeSlope: z
    .number()
    .default(0.01)
    .describe('slope of leakyRelu below 0; 0.01 as in PyTorch'),
  hiddenBias: z
    .boolean()
    .default(false)
    .describe('bias in the hidden layers; the published model has none'),
  outputBias: z
    .boolean()
    .default(true)
    .describe('bias in the output layer, which can hold the unigram distribution'),
  init: initSetting('kaimingNormal'),
  hiddenGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scale of the initial hidden weights, to see what too small or too large does'),
  ...initialSizes,
  residual: z
    .boolean()
    .default(false)
    .describe('residual connections around hidden layers after the first (He et al. 2016)'),
  ...normShape,
  normPosition: z
    .enum(['before', 'after'])
    .default('before')
    .describe('normalise before or after the activation; before, as in Ioffe and Szegedy 2015'),
});

export type MLPConfig = z.infer<typeof mlpSchema>;
