/** What is done to the tensors of a `World`, by name. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  concat,
  conv1d,
  crossEntropy,
  dropout,
  embedding,
  layerNorm,
  linear,
  linearCrossEntropy,
  noGrad,
  RandomSource,
  scope,
  type Tensor,
  UserError,
} from '../../src/index.js';
import type { World } from './world.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

type Step = (world: World) => Tensor | undefined;

const lead = (world: World, x: Tensor): number => (x.ndim === 0 ? 0 : world.below(x.ndim));

export const STEPS: Record<string, Step> = {
  leaf: (w) => w.leaf(w.shape()).requireGrad(!w.chance(3)),
  indices: (w) => w.ids(w.shape(), 3),
  neg: (w) => w.any().neg(),
  abs: (w) => w.any().abs(),
  relu: (w) => w.any().relu(),
  square: (w) => w.any().square(),
  add: (w) => w.any().add(w.chance(3) ? w.any() : w.below(3)),
  sub: (w) => w.any().sub(w.any()),
  mul: (w) => w.any().mul(w.chance(2) ? w.any() : -1),
  'add of a like one': (w) => {
    const x = w.any();
    return x.add(w.like(x.shape));
  },
  'mul of a like one': (w) => {
    const x = w.any();
    return w.like(x.shape).mul(x);
  },
  matmul: (w) => {
    const x = w.any();
    return x.matmul(w.like([x.shape[x.ndim - 1] ?? 1, 1 + w.below(3)]));
  },
  linear: (w) => {
    const x = w.any();
    const out = 1 + w.below(3);
    const weight = w.like([out, x.shape[x.ndim - 1] ?? 1]);
    return linear(x, weight, w.chance(2) ? w.like([out]) : null);
  },
  sum: (w) => {
    const x = w.any();
    return w.chance(2) ? x.sum() : x.sum(lead(w, x), w.chance(2));
  },
  amax: (w) => {
    const x = w.any();
    return x.amax(lead(w, x));
  },
  flat: (w) => w.any().reshape(-1),
  view: (w) => {
    const x = w.any();
    return x.view(1, x.numel);
  },
  transpose: (w) => {
    const x = w.any();
    return x.transpose(lead(w, x), lead(w, x));
  },
  narrow: (w) => {
    const x = w.any();
    return x.narrow(lead(w, x), w.below(2), w.below(3));
  },
  expand: (w) => {
    const x = w.any();
    return x.expand(1 + w.below(2), ...x.shape);
  },
  concat: (w) => {
    const x = w.any();
    return concat([x, w.like(x.shape)], lead(w, x));
  },
  detach: (w) => w.any().detach(),
  clone: (w) => w.any().clone(),
  alias: (w) => {
    const x = w.any();
    return x.alias([Math.ceil(x.numel / 2)], x.offset + w.below(2));
  },
  embedding: (w) => {
    const table = w.any((x) => x.ndim === 2 && x.requiresGrad);
    return embedding(table, w.ids(w.shape(), Math.max(1, table.shape[0] ?? 1)));
  },
  dropout: (w) => dropout(w.any(), 0.5, new RandomSource(w.below(9))),
  'cross-entropy': (w) => {
    const x = w.any();
    return w.approximately(crossEntropy(x, w.ids(x.shape.slice(0, -1), x.shape.at(-1) ?? 1)));
  },
  'linear cross-entropy': (w) => {
    const x = w.any();
    const weight = w.like([3, x.shape.at(-1) ?? 1]);
    const targets = w.ids(x.shape.slice(0, -1), 3);
    return w.approximately(linearCrossEntropy(x, weight, null, targets, { maxLogits: 3 }));
  },
  'layer norm': (w) => {
    const x = w.any();
    return w.approximately(layerNorm(x, w.like([x.shape.at(-1) ?? 1]), null, 1));
  },
  conv: (w) => {
    const x = w.any(({ ndim }) => ndim === 3);
    return conv1d(x, w.like([2, 2, x.shape.at(-1) ?? 1]), null, { dilation: 1 + w.below(2) });
  },
  fill_: (w) => void w.any().fill_(w.below(3)),
  'fill_ without recording': (w) => void noGrad(() => w.any().fill_(w.below(3))),
  copy_: (w) => {
    const x = w.any(({ node }) => node === null);
    x.copy_(w.chance(2) ? w.like(x.shape) : w.ints(x.numel));
  },
  addScaled_: (w) => {
    const x = w.any();
    x.addScaled_(w.like(x.shape), 1 - w.below(3));
  },
  scale_: (w) => void w.any().scale_(1 - w.below(3)),
  'overlapping copy_': (w) => {
    const x = w.any();
    x.alias([Math.max(0, x.numel - 1)], x.offset).copy_(
      x.alias([Math.max(0, x.numel - 1)], x.offset + 1),
    );
  },
  backward: (w) => {
    const x = w.any(({ node }) => node !== null && !node.used);
    if (w.chance(2)) x.sum().backward();
    else x.backward(w.chance(2) ? w.like(x.shape) : undefined);
  },
  'backward again': (w) => {
    const y = w.any(({ node }) => node !== null).sum();
    y.backward();
    y.backward();
  },
  grad: (w) => {
    const { grad } = w.any(({ hasGrad }) => hasGrad);
    return (w.inexact ? null : grad) ?? undefined;
  },
  'grad=': (w) => {
    const x = w.any();
    x.grad = w.chance(4) ? null : w.chance(8) ? w.any() : w.like(x.shape);
  },
  zeroGrad: (w) => void w.any(({ hasGrad }) => hasGrad).zeroGrad(),
  'rows of a gradient': (w) => {
    const rows = w.any(({ rowGrad }) => rowGrad !== null).rowGrad;
    if (rows && w.chance(3)) rows.rows.fill_(100_000_000);
    if (rows && w.chance(3)) rows.free();
  },
  'requiresGrad=': (w) => {
    w.any().requiresGrad = w.chance(2);
  },
  step: (w) => {
    if (!w.inexact) w.optimizer.step();
  },
  'state of an optimizer': (w) => {
    const { optimizer } = w;
    for (const x of optimizer.stateDict().tensors.values()) if (w.chance(3)) x.dispose();
    if (w.chance(3)) optimizer.dispose();
  },
  retain: (w) => w.any().retain(),
  dispose: (w) => void w.any().dispose(),
  open: (w) => w.open() as undefined,
  close: (w) => w.close() as undefined,
  'kept by scope': (w) => scope(() => w.any().mul(2)),
  'thrown in a scope': (w) =>
    scope(() => {
      w.any().requireGrad(true).sum().backward();
      throw new UserError('thrown');
    }),
  collect: (w) => (w.chance(100) ? (collect() as undefined) : undefined),
};

/** The ways by which memory comes and goes, more often than the others. */
export const NAMES = [
  ...Object.keys(STEPS),
  'open',
  'close',
  'backward',
  'backward',
  'grad',
  'leaf',
  'embedding',
];
