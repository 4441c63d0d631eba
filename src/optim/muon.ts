/** Momentum whose update is orthogonalised, for the matrices inside a network. */
import { noGrad, Scope, type Tensor } from '../tensor/index.js';
import { stackedRows } from '../tensor/internal.js';
import { checkFlag, checkOptions } from '../util/check.js';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import { type AdamWOptions, checkMoments, MOMENTS } from './adamw.js';
import type { ParameterGroup, Parameters, Slot } from './groups.js';
import { Optimizer } from './optimizer.js';
import { orthogonalise } from './orthogonalise.js';
import type { OptimizerState } from './state.js';
import type { Update } from './update.js';

/** How large an update is, given the size of the matrix. */
export const MUON_SCALES = ['original', 'matchRmsAdamw'] as const;
export type MuonScale = (typeof MUON_SCALES)[number];

export interface MuonOptions extends AdamWOptions {
  /** Default 0.001, which suits the default `scale`; 0.02 is usual with `original`. */
  lr: number;
  /** How much of the running mean of the gradient is kept. Default 0.95. */
  momentum: number;
  /** Look ahead along the momentum. Default true. */
  nesterov: boolean;
  /**
   * `matchRmsAdamw`: 0.2 · √max(rows, columns), so that an element of an update is as large as AdamW's, whose
   * rates and decay can then be taken over (Liu et al. 2025, "Muon is scalable for LLM training", section 2.2).
   * `original`: √max(1, rows / columns), Jordan's. Default `matchRmsAdamw`.
   */
  scale: MuonScale;
  /** Of a group: by AdamW instead, with `betas` and `eps`. For all that is no hidden matrix. Default false. */
  adamw: boolean;
}

const BUFFER = ['momentumBuffer'];

/**
 * Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"):
 *
 *     m = momentum · m + (1 − momentum) · g
 *     u = nesterov ? momentum · m + (1 − momentum) · g : m
 *     p −= lr · weightDecay · p
 *     p −= lr · scale · orthogonalise(u)
 *
 * It is for the matrices of hidden layers. Embeddings, the head, gains and biases belong into groups with
 * `adamw: true`, and a rate of their own:
 *
 * ```ts
 * new Muon([{ params: matrices }, { params: others, adamw: true, lr: 3e-4 }], { lr: 0.02, scale: 'original' });
 * ```
 *
 * A weight that holds several matrices (`stackMatrices`, `Linear`'s `stacked`) has each taken by itself:
 * together, they would share one scale.
 *
 * A matrix C wide costs about 30 · C operations a weight and step, where forward and backward cost 6 for
 * each token of the batch: with few tokens to a step that is much, 4.2 · C / tokens of a transformer's step.
 */
export class Muon extends Optimizer<MuonOptions> {
  /** @throws UserError for a parameter in a group without `adamw` that is no matrix. */
  constructor(
    params: Parameters | readonly ParameterGroup<MuonOptions>[],
    options: Partial<MuonOptions> = {},
  ) {
    const given = checkOptions('Muon', options, [
      'lr',
      'weightDecay',
      'momentum',
      'nesterov',
      'scale',
      'adamw',
      'betas',
      'eps',
    ]);
    const { lr = 1e-3, weightDecay = 0.01, momentum = 0.95, nesterov = true } = given;
    const { scale = 'matchRmsAdamw', adamw = false, betas = [0.9, 0.999], eps = 1e-8 } = given;
    super('Muon', params, { lr, weightDecay, momentum, nesterov, scale, adamw, betas, eps });
    for (const { options, slots } of this.groups) {
      const other = options.adamw ? undefined : slots.find(({ param }) => param.ndim !== 2);
      if (other === undefined) continue;
      throw new UserError(
        `Muon: expected parameter ${other.name} to be a matrix, got ${formatShape(other.param.shape)}; what is none belongs into a group with adamw: true`,
      );
    }
  }

  override check(options: MuonOptions): void {
    super.check(options);
    const { momentum, nesterov, scale, adamw } = options;
    checkMoments('Muon', options);
    if (!(typeof momentum === 'number' && momentum >= 0 && momentum < 1)) {
      throw new UserError(
        `Muon: expected a momentum of at least 0 and less than 1, got ${describeValue(momentum)}`,
      );
    }
    checkFlag('Muon', 'nesterov', nesterov);
    checkFlag('Muon', 'adamw', adamw);
    if (!MUON_SCALES.includes(scale)) {
      throw new UserError(
        `Muon: expected scale to be ${MUON_SCALES.join(' or ')}, got ${describeValue(scale)}`,
      );
    }
  }

  override stateNames({ adamw }: MuonOptions): readonly string[] {
    return adamw ? MOMENTS : BUFFER;
  }

  override loadStateDict(state: OptimizerState): void {
    const saved = state?.settings?.groups;
    const differs = this.groups.findIndex(
      ({ options }, i) => Array.isArray(saved) && saved[i]?.options?.['adamw'] !== options.adamw,
    );
    if (differs >= 0 && saved.length === this.groups.length) {
      throw new UserError(
        `Muon.loadStateDict: expected group ${differs} to be ${this.groups[differs].options.adamw ? "AdamW's" : "Muon's"}, as it is here; nothing was loaded`,
      );
    }
    super.loadStateDict(state);
  }

  protected override apply(
    options: MuonOptions,
    updates: readonly Update[],
    gradScale: number,
    steps: number,
    slots: readonly Slot[],
  ): void {
    const { betas, eps, adamw } = options;
    if (adamw) {
      this.backend.adamwStep(updates, gradScale, betas[0], betas[1], eps, steps);
      return;
    }
    noGrad(() => {
      for (const slot of slots) updateMatrix(slot, options, gradScale);
    });
  }
}

function updateMatrix({ param, states: [buffer] }: Slot, options: MuonOptions, gradScale: number) {
  const { lr, weightDecay, momentum, nesterov, scale } = options;
  using _step = new Scope();
  const gradient = param.ownGrad!; // dense, where it was held by rows
  const share = (1 - momentum) * gradScale;
  buffer.scale_(momentum).addScaled_(gradient, share);
  let direction = buffer;
  if (nesterov) {
    direction = param.empty(param.shape);
    direction.backend.affine(direction.pointer, buffer.pointer, buffer.numel, momentum, 0);
    direction.addScaled_(gradient, share);
  }
  param.scale_(1 - lr * weightDecay);
  const columns = param.shape[1];
  let first = 0;
  for (const rows of stackedRows(param)) {
    using _matrix = new Scope();
    const part = (of: Tensor) => of.alias([rows, columns], of.offset + first * columns);
    const factor = lr * sizeOf(scale, rows, columns);
    part(param).addScaled_(orthogonalise(part(direction)), -factor);
    first += rows;
  }
}

function sizeOf(scale: MuonScale, rows: number, columns: number): number {
  return scale === 'original'
    ? Math.sqrt(Math.max(1, rows / columns))
    : 0.2 * Math.sqrt(Math.max(rows, columns));
}
