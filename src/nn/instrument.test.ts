import { describe, expect, it } from 'vitest';
import { firstNonFinite, ones, type Tensor } from '../tensor/index.js';
import { instrument, Linear, Module, Sequential, Tanh } from './index.js';

const net = () => new Sequential(new Linear(2, 3), new Tanh(), new Sequential(new Linear(3, 1)));

describe('instrument', () => {
  it('sees every forward, from outside in and back, and leaves the results alone', () => {
    const model = net();
    const x = ones([4, 2]);
    const plain = model.forward(x).dataSync();
    const calls: string[] = [];
    const restore = instrument(model, {
      before: (path, module, [input]) =>
        calls.push(`> ${path} ${module.constructor.name} (${(input as Tensor).shape})`),
      after: (path, _module, output) => calls.push(`< ${path} (${(output as Tensor).shape})`),
    });
    expect(model.forward(x).dataSync()).toEqual(plain);
    expect(calls).toEqual([
      '>  Sequential (4,2)',
      '> 0 Linear (4,2)',
      '< 0 (4,3)',
      '> 1 Tanh (4,3)',
      '< 1 (4,3)',
      '> 2 Sequential (4,3)',
      '> 2.0 Linear (4,3)',
      '< 2.0 (4,1)',
      '< 2 (4,1)',
      '<  (4,1)',
    ]);
    restore();
    calls.length = 0;
    model.forward(x);
    expect(calls).toEqual([]);
    expect(Object.hasOwn(model, 'forward')).toBe(false);
  });

  it('lets several watch, and leave in any order', () => {
    const model = net();
    const calls: string[] = [];
    const watch = (name: string) =>
      instrument(model, {
        before: (path) => path === '' && calls.push(`> ${name}`),
        after: (path) => path === '' && calls.push(`< ${name}`),
      });
    const [first, second] = [watch('a'), watch('b')];
    model.forward(ones([1, 2]));
    expect(calls.splice(0)).toEqual(['> a', '> b', '< b', '< a']);
    first();
    first();
    model.forward(ones([1, 2]));
    expect(calls.splice(0)).toEqual(['> b', '< b']);
    second();
    model.forward(ones([1, 2]));
    expect(calls).toEqual([]);
  });

  it('finds the module where a NaN began', () => {
    const model = net();
    (model[0] as Linear).bias!.fill_(Number.NaN);
    let found: string | undefined;
    const restore = instrument(model, {
      after: (path, _module, output) => {
        if (firstNonFinite(output as Tensor) >= 0) found ??= path;
      },
    });
    model.forward(ones([1, 2]));
    restore();
    expect(found).toBe('0');
  });

  it('gives back a forward that the object had of its own, and does not change the walk', () => {
    class Doubler extends Module {
      override forward = (x: number): number => 2 * x;
    }
    const model = new Doubler();
    const { forward } = model;
    const restore = instrument(model, {});
    expect(model.forward).not.toBe(forward);
    expect(model.forward(4)).toBe(8);
    expect(model.stateDict().size).toBe(0);
    restore();
    expect(model.forward).toBe(forward);
  });
});
