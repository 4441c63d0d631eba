/** The MLP's settings. */
import { z } from 'zod';
import { normShape } from './norm.js';
import { initSetting } from './weight-init.js';

export const mlpSchema = z.strictObject({
  blockSize: z.int().min(1).default(10).describe('T: tokens in the window'),
  nEmbd: z.int().min(1).default(200).describe('C: channels of an embedding'),
  nHidden: z.int().min(1).default(200).describe('H: units of a hidden layer'),
  nLayer: z.int().min(1).default(1).describe('hidden layers, one after the other'),
  combine: z
    .enum(['flatten', 'mean'])
    .default('flatten')
    .describe('embeddings end to end (T·C inputs), or averaged over the window: a bag of words'),
  activation: z
    .enum(['leakyRelu', 'relu', 'tanh', 'gelu', 'silu', 'sigmoid'])
    .default('leakyRelu')
    .describe('nonlinearity of the hidden layers'),
  negativeSlope: z.number().default(0.01).describe('of leakyRelu below 0; 0.01 as in PyTorch'),
  hiddenBias: z.boolean().default(false).describe('the published model has none'),
  outputBias: z.boolean().default(true).describe('lets the model learn the unigram by itself'),
  init: initSetting('kaimingNormal'),
  hiddenGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scales the initial hidden weights: what too small or too large does'),
  embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
  outputGain: z
    .number()
    .min(0)
    .default(1)
    .describe('scales the initial output weight; small: the first loss is ln V'),
  residual: z
    .boolean()
    .default(false)
    .describe('whether hidden layers after the first add to what comes in (He et al. 2016)'),
  ...normShape,
  normPosition: z
    .enum(['before', 'after'])
    .default('before')
    .describe('norm before or after the activation; before, as in Ioffe and Szegedy 2015'),
});

export type MLPConfig = z.infer<typeof mlpSchema>;
