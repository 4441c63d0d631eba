/** WaveNet with its BatchNorm folded into the convolutions. */
import { describe, expect, it } from 'vitest';
import { manualSeed, noGrad, Scope, type Tensor, tensor } from '../tensor/index.js';
import { Generator } from '../util/random.js';
import { WaveNet, wavenet } from './index.js';

const settings = {
  blockSize: 8,
  nEmbd: 6,
  nResidual: 12,
  nGate: 10,
  nSkip: 14,
  nBlock: 3,
  dilations: [1, 2, 4],
  norm: 'batch',
  normPosition: 'after',
};

const make = (more: object) => new WaveNet(wavenet.schema.parse({ ...settings, ...more }), 30);

function windows(seed: number, B: number): Tensor {
  const random = new Generator(seed, 0);
  return tensor(
    Int32Array.from({ length: B * 8 }, () => random.nextUint32() % 30),
    { shape: [B, 8] },
  );
}

describe('folding', () => {
  it.each([{}, { gate: 'linear', nStack: 2, skips: 'sum', kernelSizes: [3] }])(
    'gives the same logits to 1e-5, %o',
    (more) => {
      manualSeed(3);
      const model = make(more);
      for (let step = 0; step < 150; step++) {
        using _step = new Scope();
        const x = windows(step, 32);
        model.zeroGrad();
        model.loss(x, x).backward(); // each token again
        for (const p of model.parameters()) if (p.grad) p.addScaled_(p.grad, -0.5);
      }
      model.eval();
      const folded = model.folded();
      expect([...folded.namedModules().keys()].some((path) => path.endsWith('norm'))).toBe(false);
      expect(folded.training).toBe(false);
      const x = windows(99, 50);
      const [wanted, got] = [model, folded].map((m) => noGrad(() => m.forward(x)).dataSync());
      const spread = Math.max(...wanted) - Math.min(...wanted);
      expect(spread).toBeGreaterThan(2); // it has learned something
      wanted.forEach((value, i) => {
        expect(Math.abs(got[i] - value)).toBeLessThan(1e-5);
      });
    },
  );

  it('refuses what cannot be folded', () => {
    expect(() => make({ norm: 'layer' }).folded()).toThrow(
      'fold: expected norm=batch after the convolution (normPosition=after), got norm=layer after it',
    );
    expect(() => make({ normPosition: 'before' }).folded()).toThrow(
      /normPosition=after\), got norm=batch before it: .* wrong at the block's start/,
    );
    expect(() => make({ normInference: 'batch' }).folded()).toThrow(/not constants/);
  });
});
