/**
 * Arguments for calls of the public API: mostly what fits, often what nearly does, sometimes anything.
 * Everything follows from a seed.
 */
import {
  BatchNorm1d,
  Conv1d,
  Dropout,
  Embedding,
  Flatten,
  GELU,
  GroupNorm,
  LayerNorm,
  Linear,
  type Module,
  manualSeed,
  RandomSource,
  ReferenceBackend,
  RMSNorm,
  randn,
  Sequential,
  Tanh,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from '../../src/index.js';
import { Generator } from '../../src/util/random.js';

/** Names that options and values go by anywhere in the library. */
const OPTION_NAMES =
  'shape dtype low high mean std random dim keepdim correction labelSmoothing ignoreIndex maxLogits dilation groups weight bias eps parts statistics variance lr momentum betas weightDecay nesterov dampening init biasInit params schedule gradScale strict affine nonlinearity mode gain a replacement steps from to at every factor largest sorted reduction start inference virtualBatchSize forward before after temperature topK topP seed stopAt pad trainable stream position tensors settings kind groups'.split(
    ' ',
  );

const WORDS =
  'none tanh linear float32 int32 relu leakyRelu fanIn fanOut mean sum ema frozen batch population ij,jk->ik'.split(
    ' ',
  );

export class Draw {
  readonly #generator: Generator;
  readonly #other = new ReferenceBackend();

  constructor(readonly seed: number) {
    this.#generator = new Generator(seed);
    manualSeed(seed);
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

  size(): number {
    return this.pick([0, 1, 1, 2, 2, 3, 3, 4, 5, 8, 17, 33]);
  }

  shape(): number[] {
    const shape: number[] = [];
    let left = 2000; // elements: more would only take longer
    for (let i = this.pick([0, 1, 1, 2, 2, 2, 3, 3, 4, 9]); i > 0; i--) {
      shape.push(Math.min(this.size(), left));
      left = Math.max(1, Math.floor(left / Math.max(1, shape[shape.length - 1])));
    }
    return shape;
  }

  number(): number {
    if (!this.chance(6)) return this.pick([0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, 0.1, 8]);
    return this.pick([
      ...[Number.NaN, Infinity, -Infinity, -0, 1e-45, 3.5e38, 1e308, -(2 ** 31) - 1, 1.5, -0.5],
      // Sizes between would be had, slowly.
      ...[2 ** 53, 1e12, 1e15, -1e15, 1e300],
    ]);
  }

  tensor(): Tensor {
    const shape = this.shape();
    const kind = this.below(12);
    if (kind === 0) return new Linear(2, 3).parameters()[0]; // listed, so that no optimizer minds it
    if (kind === 1) return this.freed(shape);
    if (kind === 2) return withBackend(this.#other as never, () => zeros(shape));
    if (kind < 5) {
      return tensor(
        Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => this.below(6) - 1),
        { shape },
      );
    }
    const x = randn(shape);
    if (kind < 8) return x.requireGrad();
    if (kind === 8) return x.requireGrad().mul(2);
    if (kind === 9 && x.numel > 0) x.copy_(Array.from({ length: x.numel }, () => this.number()));
    return x;
  }

  /** A layer that works, of few channels. */
  layer(): Module {
    const [a, b] = [1 + this.below(4), 1 + this.below(4)];
    return this.pick<() => Module>([
      () => new Linear(a, b),
      () => new Linear(a, b, { bias: false }),
      () => new Conv1d(a, b, 2, { dilation: 2 }),
      () => new Embedding(a, b),
      () => new LayerNorm(a),
      () => new RMSNorm(a),
      () => new GroupNorm(1, a),
      () => new BatchNorm1d(a),
      () => new Dropout(0.5),
      () => new Flatten(),
      () => new GELU(),
      () => new Sequential(new Linear(a, b), new BatchNorm1d(b), new Tanh()),
    ])();
  }

  /** A model's or an optimizer's state, or something like it. */
  state(): Map<unknown, unknown> {
    const names = [
      'weight',
      'bias',
      'runningMean',
      '0.weight',
      '0.momentumBuffer',
      'pairs',
      'counts',
    ];
    const entries = Array.from({ length: this.below(4) }, (): [unknown, unknown] => [
      this.chance(8) ? this.any(3) : this.pick(names),
      this.chance(6) ? this.any(3) : this.tensor(),
    ]);
    return new Map(entries);
  }

  private freed(shape: number[]): Tensor {
    const x = zeros(shape);
    x.dispose();
    return x;
  }

  options(depth: number): Record<string, unknown> {
    const options: Record<string, unknown> = {};
    for (let i = this.below(4); i >= 0; i--) options[this.pick(OPTION_NAMES)] = this.any(depth + 1);
    return options;
  }

  /** Anything; what is nested gets shallower. */
  any(depth = 0): unknown {
    const kind = this.below(depth > 2 ? 12 : 27);
    if (kind < 4) return this.number();
    if (kind === 4) return undefined;
    if (kind === 5) return null;
    if (kind === 6) return this.pick(['', ...WORDS]);
    if (kind === 7) return this.chance(2);
    if (kind === 8)
      return this.pick([Symbol('s'), 10n, () => 1, new Map(), new Set(), new Date(0)]);
    if (kind === 9)
      return this.pick([
        new Float32Array(3),
        Int32Array.of(0, 1, 2),
        new Uint8Array(2),
        new DataView(new ArrayBuffer(8)),
        new ArrayBuffer(4),
      ]);
    if (kind === 10) return new RandomSource(this.below(100));
    if (kind === 11) return this.shape();
    if (kind < 17) return this.tensor();
    if (kind < 20) return Array.from({ length: this.below(4) }, () => this.any(depth + 1));
    if (kind === 20) return this.shape().map(() => this.below(5));
    if (kind === 21) return (...values: unknown[]) => values[0];
    if (kind === 22) return this.layer();
    if (kind === 23) return this.state();
    return this.options(depth);
  }

  /** Arguments for one call: as many as the function names, more or fewer. The first is mostly a tensor. */
  arguments(expected: number): unknown[] {
    const count = this.chance(5) ? this.below(5) : expected + this.below(2);
    return Array.from({ length: count }, (_, i) => {
      if (i === 0 && !this.chance(4)) return this.tensor();
      if (this.chance(3)) return this.tensor();
      if (this.chance(3)) return this.number();
      if (this.chance(4)) return this.shape();
      return this.any();
    });
  }
}
