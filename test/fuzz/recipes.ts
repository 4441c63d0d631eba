/** Arguments that fit, by the name of what is called: one of them, at times, is then exchanged for another. */
import {
  BatchNorm1d,
  constant,
  Linear,
  MLP,
  mlp,
  RandomSource,
  ReferenceBackend,
  randn,
  Sequential,
  Tanh,
  type Tensor,
  tensor,
} from '../../src/index.js';
import { Conv1d } from '../../src/nn/index.js';
import type { Draw } from './draw.js';

type Recipe = (draw: Draw) => unknown[];

/** A float32 tensor, of a leaf or a result. */
function floats(draw: Draw, ...shape: number[]): Tensor {
  const x = randn(shape);
  const kind = draw.below(3);
  return kind === 0 ? x : kind === 1 ? x.requireGrad() : x.requireGrad().mul(2);
}

function ids(draw: Draw, below: number, ...shape: number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Int32Array.from({ length: count }, () => draw.below(below)),
    { shape },
  );
}

const few = (draw: Draw): number => 1 + draw.below(4);
const source = (draw: Draw) => ({ random: new RandomSource(draw.below(9)) });

const unary: Recipe = (d) => [floats(d, few(d), few(d))];
const binary: Recipe = (d) => {
  const [a, b] = [few(d), few(d)];
  return [floats(d, a, b), d.chance(2) ? floats(d, b) : d.number()];
};
const reduce: Recipe = (d) => [floats(d, few(d), few(d)), d.below(2), d.chance(2)];
const params = (d: Draw): Tensor[] =>
  [few(d), few(d)].map((size) => {
    const x = randn([size]).requireGrad();
    if (!d.chance(4)) x.grad = randn([size]);
    return x;
  });
const model = (d: Draw) => new Sequential(new Linear(3, few(d)), new Tanh());
const normed = () => new Sequential(new Linear(3, 2), new BatchNorm1d(2));
const language = () => new MLP(mlp.schema.parse({ blockSize: 2, nEmbd: 2, nHidden: 2 }), 4);

const loss: Recipe = (d) => [
  floats(d, 3, 4),
  d.chance(2) ? ids(d, 4, 3) : [0, 3, 1],
  { labelSmoothing: 0.1, ignoreIndex: d.below(4) },
];

const NARROW = { nEmbd: 2, nResidual: 2, nGate: 2, nSkip: 2 };

export const RECIPES: Record<string, Recipe> = {
  tensor: (d) => [
    d.chance(2)
      ? [
          [1, 2],
          [3, d.number()],
        ]
      : Int32Array.of(1, 2),
    {},
  ],
  full: (d) => [d.shape(), d.number()],
  ...Object.fromEntries(
    ['empty', 'zeros', 'ones'].map((n) => [
      n,
      (d: Draw) => [d.shape(), d.pick(['float32', 'int32'])],
    ]),
  ),
  affine: (d) => [floats(d, few(d)), d.number(), d.number()],
  manualSeed: (d) => [d.below(9)],
  withBackend: (d) => [new ReferenceBackend(), () => floats(d, 2).mul(2)],
  'new PooledStatistics': (d) => [few(d)],
  rand: (d) => [d.shape(), { low: -1, high: 1, ...source(d) }],
  randn: (d) => [d.shape(), { mean: 1, std: 2, ...source(d) }],
  conv1d: (d) => [
    floats(d, 2, 3, 4),
    floats(d, 2, few(d), 2),
    null,
    { dilation: few(d), groups: 2 },
  ],
  dropout: (d) => [floats(d, 3, few(d)), 0.5, new RandomSource(1)],
  embedding: (d) => [floats(d, 5, few(d)), d.chance(2) ? ids(d, 5, 2, 2) : [1, 4, 1]],
  gatedActivation: (d) => [floats(d, 2, 4), d.pick(['tanh', 'linear'])],
  crossEntropy: loss,
  linearCrossEntropy: (d) => [
    floats(d, 3, 2),
    floats(d, 4, 2),
    floats(d, 4),
    ids(d, 4, 3),
    { maxLogits: few(d) },
  ],
  linear: (d) => [floats(d, 2, 3), floats(d, 4, 3), d.chance(2) ? floats(d, 4) : null],
  matmul: (d) => [floats(d, few(d), 2, 3), floats(d, 3, few(d))],
  concat: (d) => [[floats(d, 2, 3), floats(d, few(d), 3)], 0],
  expand: (d) => [floats(d, 1, 3), [few(d), 3]],
  flatten: (d) => [floats(d, 2, 3, 2), d.below(2), -1],
  narrow: (d) => [floats(d, 4, 3), 0, d.below(3), 1],
  permute: (d) => [floats(d, 2, 3, 4), [2, 0, 1]],
  reshape: (d) => [floats(d, 2, 6), [3, -1]],
  transpose: (d) => [floats(d, 2, 3), 0, 1],
  batchNorm: (d) => [
    floats(d, 4, 3),
    { weight: floats(d, 3), bias: floats(d, 3), parts: 1 + d.below(2) },
  ],
  layerNorm: (d) => [floats(d, 2, 3), floats(d, 3), floats(d, 3), 1e-5],
  rmsNorm: (d) => [floats(d, 2, 3), floats(d, 3), 1e-5],
  variance: (d) => [floats(d, 3, 4), 1, { correction: 1, keepdim: d.chance(2) }],
  histogram: (d) => [floats(d, 30), few(d), -2, 2],
  topk: (d) => [floats(d, 3, 5), few(d)],
  argmax: (d) => [floats(d, 3, 5)],
  ...Object.fromEntries(['sum', 'mean', 'amax', 'softmax', 'logSoftmax'].map((n) => [n, reduce])),
  ...Object.fromEntries(['add', 'sub', 'mul', 'div'].map((n) => [n, binary])),
  ...Object.fromEntries(
    ['neg', 'abs', 'exp', 'log', 'sqrt', 'square', 'tanh', 'sigmoid', 'relu', 'gelu', 'silu'].map(
      (n) => [n, unary],
    ),
  ),
  scope: (d) => [() => floats(d, 2)],
  noGrad: (d) => [() => floats(d, 2).mul(2)],
  watchOperations: (d) => [() => {}, () => floats(d, 2).mul(2)],
  activation: (d) => [d.pick(['relu', 'leaky_relu', 'GELU', 'tanh'])],
  instrument: (d) => [model(d), { before: () => {}, after: () => {} }],
  batchNormsOf: () => [normed()],
  observeBatches: (d) => [normed(), [floats(d, 4, 3)], {}, () => {}],
  recomputeStatistics: (d) => [normed(), [floats(d, 4, 3)], {}],
  populationsOf: () => [normed()],
  batchDrift: (d) => [normed(), [floats(d, 4, 3)], []],
  probeInitialisation: (d) => {
    const probed = model(d);
    return [probed, [() => probed.forward(randn([2, 3])).sum()]];
  },
  foldBatchNorm: () => [new Linear(3, 2), new BatchNorm1d(2)],
  'new RandomSource': (d) => [d.below(9), d.below(3)],
  'new Generator': (d) => [d.below(9), d.below(3)],
  'new BatchNorm1d': (d) => [few(d), { momentum: 0.1, eps: 1e-5, virtualBatchSize: d.below(3) }],
  'new Conv1d': (d) => [few(d), few(d), few(d), { dilation: few(d), bias: d.chance(2) }],
  'new Conv1dStream': (d) => [new Conv1d(few(d), 2, 2)],
  conv1x1: (d) => [few(d), few(d), { bias: d.chance(2) }],
  'new Embedding': (d) => [few(d), few(d), source(d)],
  'new GroupNorm': (d) => [1, few(d), { affine: d.chance(2) }],
  'new LayerNorm': (d) => [few(d), { eps: 1e-5, bias: d.chance(2) }],
  'new RMSNorm': (d) => [few(d), { eps: 1e-5 }],
  'new Linear': (d) => [few(d), few(d), { init: (x: Tensor) => x.fill_(0), ...source(d) }],
  'new Dropout': (d) => [d.pick([0, 0.5, 1]), source(d)],
  'new Sequential': (d) => [d.layer(), new Tanh()],
  'new SGD': (d) => [params(d), { lr: 0.1, momentum: 0.9, nesterov: d.chance(2) }],
  'new AdamW': (d) => [
    [{ params: params(d), lr: 0.2, schedule: constant(0.1) }],
    { betas: [0.9, 0.99] },
  ],
  clipGradNorm: (d) => [params(d), 1],
  gradNorm: (d) => [params(d)],
  clipScale: () => [3, 1],
  constant: () => [0.1],
  cosine: (d) => [{ steps: few(d), from: 1, to: 0.1 }],
  linearWarmup: (d) => [{ steps: few(d), to: 1 }],
  sequence: (d) => [[[constant(1), few(d)], [constant(2)]]],
  stepDecay: (d) => [{ lr: 1, at: [few(d)], factor: 0.5 }],
  generate: (d) => [language(), [d.below(4)], { maxTokens: 2, topK: d.below(3), stopAt: [1] }],
  'new Sampler': (d) => [{ temperature: 1, topK: d.below(3), topP: 0.9, seed: 1 }],
  'new MLP': (d) => [{ blockSize: 2, nHidden: 2, nEmbd: 2, norm: 'batch' }, few(d)],
  'new Hierarchical': (d) => [{ blockSize: 4, nHidden: 2, nEmbd: 2 }, few(d)],
  'new WaveNet': (d) => [{ ...NARROW, blockSize: 4, nBlock: 1, dilations: [few(d)] }, few(d)],
  'new CountedBigram': (d) => [{ context: d.below(2) }, few(d)],
  'new LearnedBigram': (d) => [{ initStd: 1 }, few(d)],
  'init.calculateGain': () => ['leakyRelu', 0.1],
  'init.constant': (d) => [floats(d, 2), 1],
  'init.uniform': (d) => [randn([few(d), 2]), { low: -1, high: 1 }],
  'init.truncatedNormal': (d) => [
    randn([few(d), 2]),
    { mean: d.number(), std: d.number(), low: -1, high: 1 },
  ],
  ...Object.fromEntries(
    [
      'kaimingUniform',
      'kaimingNormal',
      'xavierUniform',
      'xavierNormal',
      'orthogonal',
      'normal',
    ].map((name) => [`init.${name}`, (d: Draw) => [randn([few(d), few(d)]), source(d)]]),
  ),
};

/** As `RECIPES`, for methods of tensors, which may be of any shape. */
const METHODS: Record<string, Recipe> = {
  empty: (d) => [d.shape(), d.pick(['float32', 'int32'])],
  alias: (d) => [[d.below(3), 1], d.below(3)],
  addScaled_: (d) => [d.tensor(), d.number()],
  copy_: (d) => [d.chance(2) ? d.tensor() : [d.number()]],
  backward: (d) => (d.chance(2) ? [] : [d.tensor()]),
  permute: (d) => d.pick([[], [0], [1, 0], [1, 0, 2]]),
  transpose: (d) => [d.below(2), d.below(3)],
  narrow: (d) => [d.below(2), d.below(2), d.below(3)],
  reshape: (d) => d.pick([[-1], [1, -1], [-1, 1], d.shape()]),
  view: (d) => d.pick([[-1], [2, -1], d.shape()]),
  expand: (d) => [few(d), ...d.shape()],
  matmul: (d) => [randn([few(d), few(d)])],
  size: (d) => [d.below(3)],
  gelu: (d) => [d.pick(['none', 'tanh'])],
  var: (d) => [d.below(2), { correction: d.below(3) }],
  'grad=': (d) => [d.chance(2) ? d.tensor() : null],
  ...Object.fromEntries(
    ['sum', 'mean', 'amax', 'softmax', 'logSoftmax', 'flatten'].map((name) => [
      name,
      (d: Draw) => [d.below(3) - 1],
    ]),
  ),
  ...Object.fromEntries(
    ['scale_', 'fill_', 'leakyRelu', 'add', 'sub', 'mul', 'div'].map((name) => [
      name,
      (d: Draw) => [d.number()],
    ]),
  ),
};

/** Arguments for a call of `name`: mostly such as fit, of which one is often exchanged. */
export function argumentsFor(name: string, expected: number, draw: Draw): unknown[] {
  const [known, key] = name.startsWith('x.') ? [METHODS, name.slice(2)] : [RECIPES, name];
  if (!Object.hasOwn(known, key) || draw.chance(5)) return draw.arguments(expected);
  const values = known[key](draw);
  if (draw.chance(2)) return values;
  const at = draw.below(values.length + 1);
  const value = values[at];
  const isOptions = Object.getPrototypeOf(value ?? 0) === Object.prototype;
  if (isOptions && !draw.chance(3)) {
    const options = value as Record<string, unknown>;
    const option = draw.pick([...Object.keys(options), 'other']);
    values[at] = { ...options, [option]: draw.chance(2) ? draw.number() : draw.any() };
  } else if (Array.isArray(value) && value.length > 0 && draw.chance(2)) {
    values[at] = value.map((item, i) => (i === 0 ? draw.any(1) : item));
  } else {
    values[at] = draw.chance(3) ? draw.tensor() : draw.chance(3) ? draw.number() : draw.any();
  }
  return values;
}
