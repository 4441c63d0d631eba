/** WaveNet's settings. */
import { z } from 'zod';
import { normShape } from './norm.js';
import { initSetting } from './weight-init.js';

const channels = z.int().min(1).default(128);

export const wavenetSchema = z
  .strictObject({
    blockSize: z.int().min(1).default(64).describe('T: tokens in the window'),
    nEmbd: channels.describe('channels of an embedding'),
    nResidual: channels.describe('channels that go from block to block'),
    nGate: channels.describe('channels of a gated activation; the convolution has twice as many'),
    nSkip: channels.describe('channels of the skips, and of the output layers'),
    nBlock: z.int().min(1).default(6).describe('blocks of a stack'),
    nStack: z.int().min(1).default(1).describe('stacks: the blocks over again, with own weights'),
    kernelSizes: z
      .array(z.int().min(1))
      .default([2])
      .describe('taps of each block of a stack; one number: of all of them'),
    dilations: z
      .array(z.int().min(1))
      .default([1, 2, 4, 8, 16, 32])
      .describe('positions between taps, by block; doubled each time, the field grows as 2ⁿ'),
    initialKernel: z.int().min(1).default(2).describe('taps of the convolution before all blocks'),
    gate: z
      .enum(['tanh', 'linear'])
      .default('tanh')
      .describe('tanh(a)·σ(b) (van den Oord 2016), or a·σ(b), a gated linear unit (Dauphin 2017)'),
    skips: z.enum(['sum', 'mean']).default('mean').describe('how the skips of all blocks meet'),
    outputLayers: z
      .int()
      .min(1)
      .max(2)
      .default(2)
      .describe('1×1 convolutions from skips to logits, each after a leaky ReLU; 2 in the paper'),
    negativeSlope: z.number().default(0.01).describe('of leaky ReLU below 0; 0.01 as in PyTorch'),
    init: initSetting('xavierUniform'),
    embeddingStd: z.number().min(0).default(1).describe("1 as in PyTorch's Embedding"),
    outputGain: z
      .number()
      .min(0)
      .default(1)
      .describe('scales the initial output weight; small: the first loss is ln V'),
    ...normShape,
    normPosition: z
      .enum(['before', 'after'])
      .default('before')
      .describe('norm of what a dilated convolution sees, or of what it gives to the gate'),
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
