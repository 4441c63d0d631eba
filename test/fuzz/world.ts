/**
 * A few tensors, and drawn things that are done to them one after the other: results are used later,
 * walked back from twice, disposed of or changed in between, in scopes that close in any order.
 *
 * Values are small whole numbers, so that two backends agree to the bit, whatever the order of their sums.
 */
import { noGrad, Scope, SGD, scope, type Tensor, tensor, UserError } from '../../src/index.js';
import { Generator } from '../../src/util/random.js';
import { placeOf } from './watch.js';
import { NAMES, STEPS } from './world-steps.js';

/** Beyond it a value is not used on, lest whole numbers grow until they are rounded. */
const LARGEST = 64;
/** Beyond it the order of a sum may show. */
const EXACT = 2 ** 20;

/** What one thing did: an error, or numbers. */
export interface Entry {
  readonly what: string;
  readonly error: string | null;
  /** Of an error that is no UserError. */
  readonly place: string | null;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

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
