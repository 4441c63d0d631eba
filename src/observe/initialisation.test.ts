import { describe, expect, it } from 'vitest';
import { type Layer, Linear, Module, ReLU, Sequential, Sigmoid, Tanh } from '../nn/index.js';
import { type Tensor, tensor } from '../tensor/index.js';
import { probeInitialisation } from './initialisation.js';

const values = (...rows: number[][]) => tensor(rows);
const linear = (weight: number[][]) =>
  new Linear(weight[0].length, weight.length, {
    bias: false,
    init: (w) => w.copy_(weight.flat()),
  });

/** The losses of several inputs. */
const losses = (model: Layer, inputs: readonly Tensor[]) =>
  inputs.map((x) => () => model.forward(x).sum());

describe('probeInitialisation', () => {
  it('finds scale, saturation and dead units over all batches', () => {
    const model = new Sequential(linear([[1], [-1], [4]]), new Tanh(), new ReLU());
    const report = probeInitialisation(model, losses(model, [values([1], [2]), values([3])]));
    const [first, tanh, relu] = report.activations;
    expect(report.activations.map(({ layer, kind }) => [layer, kind])).toEqual([
      ['0', 'Linear'],
      ['1', 'Tanh'],
      ['2', 'ReLU'],
    ]);
    expect(first.mean).toBeCloseTo((6 - 6 + 24) / 9, 6);
    expect(first.std).toBeCloseTo(Math.sqrt((14 + 14 + 224) / 9 - (24 / 9) ** 2), 5);
    expect([first.saturated, first.dead]).toEqual([null, null]);
    // tanh(4), tanh(8) and tanh(12) are beyond 0.97, and ±tanh(3); tanh(2) is 0.964.
    expect(tanh.saturated).toBeCloseTo(5 / 9, 9);
    expect(tanh.dead).toBeCloseTo(1 / 3, 9); // the third unit, for all examples
    expect(relu.saturated).toBeNull();
    expect(relu.dead).toBeCloseTo(1 / 3, 9); // the second unit
  });

  it('gives the mean loss, and the gradient of its weights as of one pass', () => {
    const model = linear([
      [2, 1],
      [1, 3],
    ]);
    const inputs = [values([1, 2]), values([3, 6])];
    const { loss, weights } = probeInitialisation(model, losses(model, inputs));
    expect(loss).toBeCloseTo((4 + 7 + 12 + 21) / 2, 5);
    // dL/dW is the mean of the inputs, (2, 4), for both outputs.
    expect(weights).toHaveLength(1);
    expect(weights[0]).toMatchObject({ weight: 'weight' });
    expect(weights[0].gradStd).toBeCloseTo(1, 6);
    expect(weights[0].std).toBeCloseTo(Math.sqrt(15 / 4 - (7 / 4) ** 2), 6);
    expect(weights[0].gradToData).toBeCloseTo(weights[0].gradStd / weights[0].std, 6);
    expect(model.weight.hasGrad).toBe(false);
  });

  it('lists a container only for what its parts did not give', () => {
    class Residual extends Module {
      readonly inner = new Sigmoid();
      constructor(private readonly adds: boolean) {
        super();
      }
      forward(x: Tensor): Tensor {
        const y = this.inner.forward(x);
        return this.adds ? x.add(y) : y;
      }
    }
    const model = new Sequential(linear([[1]]), new Residual(false), new Residual(true));
    const report = probeInitialisation(model, losses(model, [values([9])]));
    expect(report.activations.map(({ layer }) => layer)).toEqual(['0', '1.inner', '2.inner', '2']);
    expect(report.activations[1]).toMatchObject({ saturated: 1, dead: 1 });
  });
});
