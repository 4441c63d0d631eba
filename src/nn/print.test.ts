import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ones, type Tensor } from '../tensor/index.js';
import {
  BatchNorm1d,
  Dropout,
  Embedding,
  Linear,
  Module,
  parameter,
  Sequential,
  Tanh,
} from './index.js';

class Tied extends Module {
  readonly embedding = new Embedding(5, 3);
  readonly layers = [new Sequential(new Linear(3, 3), new Tanh())];
  readonly norm = new BatchNorm1d(3, { affine: false });
  readonly scale = parameter(ones([3]));
  readonly output = { weight: this.embedding.weight };
  override forward(x: Tensor): Tensor {
    return x;
  }
}

describe('a module as text', () => {
  it('is its tree, with shapes and numbers of parameters', () => {
    const model = new Tied();
    model.layers[0].requireGrad(false);
    expect(String(model)).toBe(
      [
        'Tied, 30 parameters: scale (3), output.weight = embedding.weight',
        '  embedding  Embedding    15  weight (5, 3)',
        '  layers.0   Sequential   12',
        '    0        Linear       12  weight (3, 3) frozen, bias (3) frozen',
        '    1        Tanh',
        '  norm       BatchNorm1d      runningMean (3) buffer, runningVar (3) buffer, numBatchesTracked () buffer',
      ].join('\n'),
    );
    expect(inspect(model)).toBe(String(model));
    model.dispose();
    expect(String(model)).toContain('weight (5, 3) freed');
  });

  it('is one line where there are no parts', () => {
    expect(String(new Linear(20, 100, { bias: false }))).toBe(
      'Linear, 2,000 parameters: weight (100, 20)',
    );
    expect(inspect(new Dropout(0.1))).toBe('Dropout, no parameters');
  });
});
