/** What depth does to the scale of a signal, without any training. */
import {
  empty,
  gelu,
  init,
  leakyRelu,
  linear,
  manualSeed,
  noGrad,
  randn,
  relu,
  Scope,
  silu,
  type Tensor,
  tanh,
} from 'nanogpt';

export const NONLINEARITIES = { relu, leakyRelu, tanh, gelu, silu } as const;
export type NonlinearityName = keyof typeof NONLINEARITIES;

/** How a square weight begins. Kaiming's gain is that of the nonlinearity, of ReLU for those that PyTorch has none for. */
export const WEIGHTS: Record<string, (weight: Tensor, after: NonlinearityName) => unknown> = {
  kaiming: (w, after) =>
    init.kaimingNormal(w, { nonlinearity: after === 'gelu' || after === 'silu' ? 'relu' : after }),
  xavier: (w) => init.xavierNormal(w),
  'PyTorch default': (w) => init.kaimingUniform(w, { a: Math.sqrt(5) }),
  'N(0, 0.02)': (w) => init.normal(w, { std: 0.02 }),
  'twice kaiming': (w, after) => {
    WEIGHTS['kaiming']!(w, after);
    w.scale_(2);
  },
};

/** log10 of the root mean square after the last layer over that after the first, for normal inputs. */
export function scaleThroughDepth(
  after: NonlinearityName,
  weights: string,
  seed: number,
  { depth, width }: { depth: number; width: number },
): number {
  manualSeed(seed);
  return noGrad(() => {
    using _all = new Scope();
    let x = randn(256, width);
    const sizes: number[] = [];
    for (let layer = 0; layer < depth; layer++) {
      const w = empty([width, width]);
      WEIGHTS[weights]!(w, after);
      x = NONLINEARITIES[after](linear(x, w));
      sizes.push(Math.sqrt(x.mul(x).mean().itemSync()));
    }
    return Math.log10(Math.max(1e-30, sizes.at(-1)!) / sizes[0]!);
  });
}
