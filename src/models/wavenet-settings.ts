/** WaveNet's settings. */
import * as z from 'zod';
import { normShape } from './norm.js';
import { initialSizes, initSetting } from './weight-init.js';

const channels = z.int().min(1).default(128);

export const wavenetSchema = z
  .strictObject({
    blockSize: z.int().min(1).default(64).describe('T: tokens in the window'),
    nEmbd: channels.describe('channels of an embedding'),
    nResidual: channels.describe('channels of the residual stream'),
    nGate: channels.describe('channels of the gated activation; its convolution has twice as many'),
    nSkip: channels.describe('channels of the skip connections and the output layers'),
    nBlock: z.int().min(1).default(6).describe('blocks per stack'),
    nStack: z
      .int()
      .min(1)
      .default(1)
      .describe('number of stacks, each repeating the blocks with its own weights'),
    kernelSizes: z
      .array(z.int().min(1))
      .default([2])
      .describe('kernel size of each block in a stack, or one for all'),
    dilations: z
      .array(z.int().min(1))
      .default([1, 2, 4, 8, 16, 32])
      .describe(
        'dilation of each block in a stack, or one for all; doubled each time, the receptive field grows as 2ⁿ',
      ),
    initialKernel: z
      .int()
      .min(1)
      .default(2)
      .describe('kernel size of the convolution before the blocks'),
    gate: z
      .enum(['tanh', 'linear'])
      .default('tanh')
      .describe('tanh(a)·σ(b) (van den Oord 2016), or a·σ(b), a gated linear unit (Dauphin 2017)'),
    skips: z
      .enum(['sum', 'mean'])
      .default('mean')
      .describe('how the skip connections are combined'),
    outputLayers: z
      .int()
      .min(1)
      .max(2)
      .default(2)
      .describe(
        'number of 1×1 convolutions from skips to logits, each after a leaky ReLU; 2 in the paper',
      ),
    negativeSlope: z
      .number()
      .default(0.01)
      .describe('slope of leaky ReLU below 0; 0.01 as in PyTorch'),
    init: initSetting('xavierUniform'),
    ...initialSizes,
    ...normShape,
    normPosition: z
      .enum(['before', 'after'])
      .default('before')
      .describe('normalise the input of the dilated convolution, or its output'),
  })
  .superRefine(({ nBlock, kernelSizes, dilations }, context) => {
    for (const [key, list] of Object.entries({ kernelSizes, dilations })) {
      if (list.length === nBlock || list.length === 1) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `expected one number for each of the ${nBlock} blocks of a stack (nBlock), or one for all, got ${list.length}`,
      });
    }
  });

export type WaveNetConfig = z.infer<typeof wavenetSchema>;
