import { describe, expect, it } from 'vitest';
import { embedding, ones, scope, type Tensor, tensor, zeros } from '../tensor/index.js';
import { Generator } from '../util/random.js';
import { AdamW, type Optimizer, SGD } from './index.js';

describe('a step', () => {
  const trained = (): [Tensor, Tensor, AdamW] => {
    const params = [ones([2]).requireGrad(), ones([2]).requireGrad()];
    const optimizer = new AdamW(params, { lr: 0.1 });
    for (const param of params) param.grad = ones([2]);
    optimizer.step();
    return [params[0], params[1], optimizer];
  };

  it('does not write into a state that somebody disposed of', () => {
    const [, , optimizer] = trained();
    for (const state of optimizer.stateDict().tensors.values()) state.dispose();
    expect(() => optimizer.step()).toThrow('its memory was freed');
  });

  it('that fails has changed and counted nothing', () => {
    const [first, second, optimizer] = trained();
    const before = first.dataSync();
    second.dispose();
    expect(() => optimizer.step()).toThrow('its memory was freed');
    expect(first.dataSync()).toEqual(before);
    expect(optimizer.stateDict().settings.groups[0].steps).toEqual([1, 1]);
  });

  it('takes rows as the backward left them', () => {
    const table = ones([3, 2]).requireGrad();
    const optimizer = new SGD([table], { lr: 0.1 });
    embedding(table, [0, 2]).sum().backward();
    table.rowGrad!.rows.fill_(100_000_000);
    expect(() => optimizer.step()).toThrow('expected the rows as the backward left them');
    expect(() => table.grad).toThrow('expected the rows as the backward left them');
  });

  it.each<[string, (params: Tensor[]) => Optimizer]>([
    ['SGD', (params) => new SGD(params, { lr: 0.37 })],
    ['SGD with decay', (params) => new SGD(params, { lr: 0.37, weightDecay: 0.3 })],
    ['SGD with momentum', (params) => new SGD(params, { lr: 0.37, momentum: 0.9, nesterov: true })],
    ['AdamW', (params) => new AdamW(params, { lr: 0.37, weightDecay: 0.3 })],
  ])('of %s gives an element the same bits wherever it lies', (_, make) => {
    const count = 1024;
    const random = new Generator(7);
    const draw = () => Float32Array.from({ length: count }, () => random.uniform() - 0.5);
    const [start, ...gradients] = [draw(), draw(), draw()];
    // In whole vectors; and cut into parameters of odd sizes, most of which are ends of one.
    const stepped = (lengths: readonly number[]) =>
      scope(() => {
        let begin = 0;
        const bounds = lengths.map((length): [number, number] => [begin, (begin += length)]);
        const params = bounds.map(([from, to]) => tensor(start!.slice(from, to)).requireGrad());
        const optimizer = make(params);
        for (const gradient of gradients) {
          for (const [i, [from, to]] of bounds.entries()) {
            params[i]!.grad = tensor(gradient.slice(from, to));
          }
          optimizer.step();
        }
        return params.flatMap((param) => [...param.dataSync()]);
      });
    const pieces: number[] = [];
    for (let left = count; left > 0; left -= pieces.at(-1)!) {
      pieces.push(Math.min(left, 1 + (pieces.length % 19)));
    }
    expect(stepped(pieces)).toEqual(stepped([count]));
  });

  it('names options and schedules that are none', () => {
    const [, , optimizer] = trained();
    expect(() => optimizer.step({ gradScale: '2' as never })).toThrow('expected gradScale to be');
    expect(() => optimizer.applySchedule(0.1 as never, 0)).toThrow('a schedule, a function');
    expect(() => new SGD([zeros([1])], undefined as never)).toThrow('expected lr to be a number');
    expect(() => new AdamW([zeros([1])], { betas: [0.9] as never })).toThrow('two betas');
    const odd = { lr: 1, momentum: 0.9, nesterov: 2 as never };
    expect(() => new SGD([zeros([1])], odd)).toThrow('expected nesterov to be true or false');
    expect(() => optimizer.loadStateDict(null as never)).toThrow('expected options');
  });
});
