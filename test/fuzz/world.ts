/**
 * A few tensors, and drawn things that are done to them one after the other: results are used later,
 * walked back from twice, disposed of or changed in between, in scopes that close in any order.
 *
 * Values are small whole numbers, so that two backends agree to the bit, whatever the order of their sums.
 */
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
  Scope,
  SGD,
  scope,
  type Tensor,
  tensor,
  UserError,
} from '../../src/index.js';
import { Generator } from '../../src/util/random.js';
import { placeOf } from './watch.js';

/** Beyond it a value is not used on, lest whole numbers grow until they are rounded. */
const LARGEST = 64;
/** Beyond it the order of a sum may show. */
const EXACT = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What one thing did: an error, or numbers. */
export interface Entry {
  readonly what: string;
  readonly error: string | null;
  /** Of an error that is no UserError. */
  readonly place: string | null;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

type Step = (world: World) => Tensor | undefined;

export class World {
  readonly log: Entry[] = [];
  readonly #generator: Generator;
  readonly #pool: Tensor[] = [];
  readonly #all: Tensor[] = [];
  readonly #scopes: Scope[] = [];
  #optimizer: SGD | null = null;
  /** Gradients are no longer whole numbers: they are compared, but not used on. */
  #inexact = false;

  constructor(seed: number) {
    this.#generator = new Generator(seed);
  }

  run(): void {
    for (let i = 0; i < 3; i++) this.#do('leaf');
    for (let i = 6 + this.below(24); i > 0; i--) this.#do(this.pick(NAMES));
    for (const x of this.#pool) this.#note('at last', () => x);
    for (const x of this.#pool) this.#note('its gradient', () => x.grad ?? undefined);
    while (this.#scopes.length > 0) this.#do('close');
    for (const x of this.#pool) this.#note('after all scopes', () => x);
    for (const x of this.#all) x.zeroGrad();
    for (const x of this.#all) x.dispose();
    this.#optimizer?.dispose();
  }

  below(n: number): number {
    return this.#generator.integer(n);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
  shape(): number[] {
    const sizes = [0, 1, 2, 2, 3, 3];
    return Array.from({ length: this.pick([0, 1, 1, 2, 2, 2, 3, 3]) }, () => this.pick(sizes));
  }
  /** Any of the pool, and mostly one that has what is asked for, where there is one. */
  any(wanted: (x: Tensor) => boolean = () => true): Tensor {
    const fitting = this.#pool.filter(wanted);
    return this.pick(fitting.length > 0 && !this.chance(6) ? fitting : this.#pool);
  }
  ints(count: number, low = -2, high = 2): number[] {
    return Array.from({ length: count }, () => low + this.below(high - low + 1));
  }
  leaf(shape: readonly number[]): Tensor {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(Float32Array.from(this.ints(count)), { shape });
  }
  /** A tensor that fits `shape`, from the pool where there is one. */
  like(shape: readonly number[]): Tensor {
    const fitting = this.#pool.filter((x) => x.shape.join() === shape.join());
    return fitting.length > 0 && !this.chance(3) ? this.pick(fitting) : this.leaf(shape);
  }
  ids(shape: readonly number[], below: number): Tensor {
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(Int32Array.from(this.ints(count, this.chance(20) ? -1 : 0, below - 1)), {
      shape,
    });
  }
  open(): void {
    this.#scopes.push(new Scope());
  }
  close(): void {
    if (this.#scopes.length === 0) return;
    const [closed] = this.#scopes.splice(this.below(this.#scopes.length), 1);
    closed?.close();
  }
  get optimizer(): SGD {
    this.#optimizer ??= new SGD([this.any()], {
      lr: 1,
      momentum: this.below(2),
    });
    return this.#optimizer;
  }
  get inexact(): boolean {
    return this.#inexact;
  }
  /** A result that is compared, walked back from, and not used on. */
  approximately(result: Tensor): undefined {
    this.#note('an approximate result', () => result);
    if (!result.requiresGrad) return;
    this.#inexact = true;
    result.backward(this.leaf(result.shape));
  }

  #do(name: string): void {
    const inner = name === 'leaf' || !this.chance(6) ? null : this.pick([scope, noGrad]);
    const step = () => STEPS[name](this);
    this.#note(name, () => {
      const result = inner ? inner(step) : step();
      if (!result) return undefined;
      const wide = result.numel > 200 || result.dataSync().some((v) => !(Math.abs(v) <= LARGEST));
      if (!wide) this.#keep(result);
      return result;
    });
  }

  #keep(x: Tensor): void {
    this.#all.push(x);
    if (this.#pool.length < 8) this.#pool.push(x);
    else this.#pool[this.below(8)] = x;
  }

  #note(what: string, body: () => Tensor | undefined): void {
    let entry: Entry = { what, error: null, place: null, shape: [], values: [] };
    try {
      const result = body();
      if (result) entry = { ...entry, shape: result.shape, values: result.dataSync() };
    } catch (error) {
      const message = (error as Error).message.replace(/\b(native|reference)\b/g, 'backend');
      const place = error instanceof UserError ? null : placeOf(error);
      entry = { ...entry, error: message, place };
    }
    this.log.push(entry);
  }
}

/** What differs between two worlds of one seed, or null. */
export function difference(a: World, b: World): string | null {
  for (let i = 0; i < Math.max(a.log.length, b.log.length); i++) {
    const [x, y] = [a.log[i], b.log[i]];
    const done = a.log
      .slice(Math.max(0, i - 12), i + 1)
      .map(({ what, error }) => (error ? `${what} (${error.slice(0, 60)})` : what));
    const after = `after ${done.join(', ')}`;
    const place = x?.place ?? y?.place;
    if (place) return `${x.error ?? y.error}\n${place}\n${after}`;
    if (x?.what !== y?.what || x.error !== y.error) {
      return `${x?.what}: ${x?.error} there, ${y?.what}: ${y?.error} here, ${after}`;
    }
    const apart = unequal(x.values, y.values);
    if (apart !== null) return `${x.what}: ${apart}, ${after}`;
  }
  return null;
}

function unequal(a: ArrayLike<number>, b: ArrayLike<number>): string | null {
  if (a.length !== b.length) return `${a.length} values there, ${b.length} here`;
  const largest = Array.from(a).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  if (largest > EXACT) return null;
  for (let i = 0; i < a.length; i++) {
    const close = Math.abs(a[i] - b[i]) <= 1e-3 * (1 + largest);
    if (!close && !Object.is(a[i], b[i])) return `${a[i]} there, ${b[i]} here at ${i}`;
  }
  return null;
}

const lead = (world: World, x: Tensor): number => (x.ndim === 0 ? 0 : world.below(x.ndim));

const STEPS: Record<string, Step> = {
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
const NAMES = [
  ...Object.keys(STEPS),
  'open',
  'close',
  'backward',
  'backward',
  'grad',
  'leaf',
  'embedding',
];
