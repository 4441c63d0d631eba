/** What of the public API is called: every function, class and method that is not left out by name. */

import * as generating from '../../src/generate/index.js';
import { UserError } from '../../src/index.js';
import * as modelling from '../../src/models/index.js';
import * as nn from '../../src/nn/index.js';
import * as observing from '../../src/observe/index.js';
import * as optim from '../../src/optim/index.js';
import * as tensors from '../../src/tensor/index.js';
import { Generator } from '../../src/util/random.js';
import type { Draw } from './draw.js';

/** What others build operations of, which is code and not data; or what has lasting effects on the process. */
const LEFT_OUT = new Set([
  ...['useBackend', 'apply', 'Context', 'NoGradient', 'Scope', 'readsNone', 'readsOther'],
  ...['Tensor', 'Optimizer', 'Module'],
]);
/** Methods of a tensor that only operations call. */
const INTERNAL = new Set(['constructor', 'gradientSlot', 'storages', 'changeInPlace']);
/** Methods of whatever may be constructed. */
const METHODS =
  'forward loss namedModules namedParameters namedBuffers parameters stateDict loadStateDict train eval zeroGrad requireGrad parameterCount parameterCounts dispose fit folded startDecoding resetStatistics freeze observe startStream feed applySchedule step state restore next take load add update during push end variance shuffle reserve integer normal uniform'.split(
    ' ',
  );

export type Callable = (...values: unknown[]) => unknown;
type Class = new (...values: unknown[]) => object;

export interface Target {
  readonly name: string;
  readonly expected: number;
  call(draw: Draw, values: unknown[]): unknown;
}

const prefixed = (prefix: string, object: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [prefix + name, value]));

export function targets(): Target[] {
  const all: Record<string, unknown> = {
    ...tensors,
    ...nn,
    ...optim,
    ...observing,
    ...modelling,
    ...generating,
    ...prefixed('init.', nn.init),
    Generator,
  };
  const found: Target[] = [];
  for (const [name, value] of Object.entries(all)) {
    if (LEFT_OUT.has(name) || typeof value !== 'function') continue;
    const isClass = /^class\b/.test(Function.prototype.toString.call(value));
    found.push({
      name: isClass ? `new ${name}` : name,
      expected: value.length,
      call: (draw, values) => {
        if (isClass) return use(new (value as Class)(...values), draw);
        return finish((value as Callable)(...fewTokens(values)), draw);
      },
    });
  }
  for (const name of Object.getOwnPropertyNames(tensors.Tensor.prototype)) {
    const property = Object.getOwnPropertyDescriptor(tensors.Tensor.prototype, name)!;
    if (INTERNAL.has(name)) continue;
    if (property.set) found.push(setter(name));
    if (typeof property.value !== 'function') continue;
    found.push({
      name: `x.${name}`,
      expected: property.value.length,
      call: (draw, values) => property.value.apply(draw.tensor(), values),
    });
  }
  found.push(setter('requiresGrad'));
  for (const [name, make] of Object.entries(MADE)) {
    for (let weight = 0; weight < 6; weight++) {
      found.push({ name: `used ${name}`, expected: 1, call: (draw) => use(make(draw), draw) });
    }
  }
  return found;
}

const setter = (name: string): Target => ({
  name: `x.${name}=`,
  expected: 1,
  call: (draw, [value]) => {
    const x = draw.tensor();
    Reflect.set(x, name, value);
    return x.mul(2);
  },
});

/** What is made as it should be, to be used as it should not. */
const MADE: Record<string, (draw: Draw) => object> = {
  layer: (draw) => draw.layer(),
  model: (draw) => drawnModel(draw),
  'optimizer SGD': (draw) => new optim.SGD(trained(draw), { lr: 0.1, momentum: draw.below(2) / 2 }),
  'optimizer AdamW': (draw) => new optim.AdamW(trained(draw)),
  'optimizer Muon': (draw) =>
    new optim.Muon([
      { params: [...trained(draw).values()].filter((x) => x.ndim === 2) },
      { params: [tensors.ones([draw.below(3)]).requireGrad()], adamw: true },
    ]),
  average: (draw) => new optim.WeightAverage(new nn.Linear(2, 2).stateDict(), draw.below(3) / 4),
  stop: () => new generating.StopText(['ab', 'b']),
  stream: (draw) => new nn.Conv1d(2, 3, 2, { dilation: 1 + draw.below(3) }).startStream(),
  random: (draw) => new tensors.RandomSource(draw.below(9)),
  generator: (draw) => new Generator(draw.below(9)),
  sampler: (draw) => new generating.Sampler({ topK: draw.below(3), temperature: draw.below(3) }),
  pool: () => new nn.PooledStatistics(3),
  decoding: (draw) => ({
    forward: (x: unknown, y: unknown) => written(drawnModel(draw), x, y),
    loss: (x: unknown, y: unknown) => {
      const stream = { push: String, end: String };
      const tokenizer = draw.chance(2) ? { decodeStream: () => stream } : draw.any();
      const options = { ...(y as object), maxTokens: 3 };
      return [
        ...generating.generateText(drawnModel(draw), tokenizer as never, x as number[], options),
      ];
    },
    step: (options: unknown) => written(drawnModel(draw), [draw.below(4)], options),
  }),
  probe: (draw) => {
    const model = drawnModel(draw);
    return {
      forward: (x: unknown, y: unknown) =>
        observing.probeInitialisation(model, [
          () => (model.loss as Callable)(x, y) as tensors.Tensor,
        ]),
      state: (x: unknown) => {
        const populations = observing.populationsOf(model);
        return observing.batchDrift(model, [x] as tensors.Tensor[], [populations]);
      },
      add: (x: unknown) => nn.recomputeStatistics(model, [x] as tensors.Tensor[]),
    };
  },
};

/** Parameters, most of them with gradients. */
function trained(draw: Draw): Map<string, tensors.Tensor> {
  const named = new nn.Linear(2, 1 + draw.below(3)).namedParameters();
  for (const x of named.values()) if (!draw.chance(4)) x.grad = tensors.randn(x.shape);
  const table = tensors.randn([5, 2]).requireGrad();
  tensors.embedding(table, [1, 4, 1]).sum().backward();
  return draw.chance(2) ? named : named.set('table', table);
}

function written(model: modelling.LanguageModel, prompt: unknown, options: unknown): number[] {
  const tokens = generating.generateTokens(model, prompt as number[], options as object);
  return Array.from({ length: 4 }, () => tokens.next().value as number);
}

/** A small model, of any kind and with any settings that its schema takes. */
function drawnModel(draw: Draw): modelling.LanguageModel {
  const definition = draw.pick([...modelling.models.values()]);
  const few = () => 1 + draw.below(4);
  const sizes = [
    'blockSize',
    'nEmbd',
    'nHidden',
    'nLayer',
    'nResidual',
    'nGate',
    'nSkip',
    'nBlock',
  ];
  const settings: Record<string, unknown> = {
    ...Object.fromEntries(sizes.map((name) => [name, few()])),
    ...{ kind: draw.pick(['counted', 'learned']), context: draw.below(2) },
    ...{ norm: draw.pick(['none', 'layer', 'rms', 'group', 'batch']), normGroups: few() },
    ...{ normInference: draw.pick(['population', 'batch']), normVirtualBatch: draw.below(3) },
    ...{ normPosition: draw.pick(['before', 'after']), dilations: [few()], kernelSizes: [few()] },
    ...{ blockSize: draw.pick([2, 4]), activation: draw.pick(['relu', 'tanh', 'gelu']) },
  };
  const shape = (definition.schema as unknown as { shape: object }).shape;
  const known = Object.entries(settings).filter(([name]) => name in shape);
  const config = definition.schema.safeParse(Object.fromEntries(known));
  if (!config.success) throw new UserError('a drawn configuration does not fit');
  const model = definition.create(config.data, 1 + draw.below(6));
  return draw.chance(2) ? model : (model.eval() as modelling.LanguageModel);
}

/** Calls a few of its methods, some after a tensor in its fields was freed, or became another. */
function use(made: object, draw: Draw): unknown {
  let result: unknown = made;
  if (draw.chance(4)) spoil(made, draw);
  const known = METHODS.filter((name) => typeof Reflect.get(made, name) === 'function');
  for (let i = draw.below(4); i >= 0 && known.length > 0; i--) {
    const first = ['forward', 'loss', 'step'].filter((name) => known.includes(name));
    const name = first.length > 0 && !draw.chance(3) ? draw.pick(first) : draw.pick(known);
    result = finish(
      (Reflect.get(made, name) as Callable).apply(made, argumentsOf(name, made, draw)),
      draw,
    );
    if (draw.chance(6)) spoil(made, draw);
  }
  if (made instanceof optim.Optimizer && draw.chance(3)) made.lr = draw.any() as number;
  return result;
}

function argumentsOf(name: string, made: object, draw: Draw): unknown[] {
  if (draw.chance(4)) return draw.arguments(2);
  if (name === 'step') return draw.chance(3) ? [draw.options(1)] : [];
  if (name === 'loadStateDict' && draw.chance(2)) return [(made as nn.Module).stateDict()];
  if (name === 'restore' || name === 'load') return [(made as { state(): unknown }).state()];
  if (name === 'add') return [new Float64Array(3), new Float64Array(3).fill(1), draw.below(9)];
  if (name === 'next') return [[0.5, draw.number(), -1]];
  if (name === 'feed') return [tensors.randn([1, 2])];
  if (name === 'applySchedule') return [() => draw.number(), draw.below(9)];
  if (name === 'observe') return [() => {}];
  if (name === 'train' || name === 'requireGrad') return [draw.chance(2)];
  if (['take', 'reserve', 'integer', 'normal'].includes(name)) return [draw.number()];
  if (name === 'fit') return [[0, draw.below(4), 0, draw.below(4)]];
  if (name !== 'forward' && name !== 'loss') return draw.chance(2) ? [] : draw.arguments(1);
  const shapes = [[1], [3], [2, 2], [1, 2], [2, 4], [1, 4], [2, 3, 1], [2, 3, 2], [3, 3]];
  const ids = (shape: number[]) =>
    tensors.tensor(
      Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.below(3)),
      { shape },
    );
  const shape = draw.pick(shapes);
  if (!(made instanceof nn.Module) || 'vocabSize' in made || draw.chance(3)) {
    return [ids(shape), ids(draw.chance(2) ? shape : [shape[0]])];
  }
  return [tensors.randn(shape)];
}

function spoil(made: object, draw: Draw): void {
  const holders: object[] =
    made instanceof nn.Module
      ? [...made.namedModules().values()]
      : made instanceof optim.Optimizer
        ? [Object.fromEntries(made.stateDict().tensors), { ...made.parameters() }]
        : [made];
  const fields = holders.flatMap((holder) =>
    Object.entries(holder)
      .filter(([, value]) => value instanceof tensors.Tensor)
      .map(([name]) => [holder, name] as const),
  );
  if (fields.length === 0) return;
  const [holder, name] = draw.pick(fields);
  const x = Reflect.get(holder, name) as tensors.Tensor;
  if (draw.chance(3)) x.dispose();
  else if (draw.chance(2)) x.grad = tensors.ones(x.shape);
  else if (draw.chance(6) && x.requiresGrad) x.requireGrad(false);
  else Reflect.set(holder, name, draw.tensor());
}

/** Takes promises and generators to their ends, and walks back through what was recorded. */
function finish(result: unknown, draw: Draw): unknown {
  if (result instanceof Promise) result.catch(() => {});
  else if (result instanceof tensors.Tensor) {
    if (result.requiresGrad && !draw.chance(4)) result.sum().backward();
  } else if (typeof result === 'function') {
    if (!/^class\b/.test(Function.prototype.toString.call(result))) result(draw.below(5));
  } else if (typeof result === 'object' && result !== null && Symbol.dispose in result) {
    const feed = Reflect.get(result, 'feed');
    if (typeof feed === 'function') {
      if ('kernelSize' in result || result instanceof nn.Conv1dStream)
        feed.call(result, draw.tensor());
    }
  }
  return result;
}

/** A number of tokens that does not take for ever, in the options of `generate`. */
function fewTokens(values: unknown[]): unknown[] {
  const options = values[2];
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) {
    const { maxTokens } = options as { maxTokens?: unknown };
    if (maxTokens === undefined || (typeof maxTokens === 'number' && maxTokens > 4)) {
      return [values[0], values[1], Object.assign(options, { maxTokens: 4 }), ...values.slice(3)];
    }
  }
  return values;
}
