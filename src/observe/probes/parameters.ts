/** What is measured of parameters around an optimizer's step: values, gradients, and what the step truly changed. */
import type { Module } from '../../nn/index.js';
import { ownerOf } from '../../nn/owner.js';
import { gradNorm } from '../../optim/index.js';
import type { ModelProbe, TensorStatistics } from '../../runs/probe-records.js';
import type { TensorKind } from '../../runs/tensor-kinds.js';
import type { Tensor } from '../../tensor/index.js';
import { evenShare, gathered, type Stretch, statisticsOf } from '../../tensor/internal.js';
import { figure, logRatio, tensorFigures, withZeros } from './figures.js';

/** Values of a parameter that are looked at, about: some of every row of the largest tables. */
const MOST_VALUES = 1 << 20;

interface Measured {
  readonly path: string;
  readonly param: Tensor;
  readonly stretch: Stretch;
  /** The values before the step. */
  readonly before: Tensor;
  readonly std: number;
  readonly gradStd: number;
  readonly nonFinite: number;
}

/** Measures one step of an optimizer, whichever it is. */
export class ParameterProbe implements Disposable {
  readonly tensors: TensorStatistics[] = [];
  readonly parameters: ModelProbe['parameters'] = [];
  layers: ModelProbe['layers'] = [];
  readonly #measured: Measured[] = [];

  constructor(
    private readonly model: Module,
    private readonly wants: (kind: TensorKind, path: string) => boolean,
  ) {}

  /** @param gradScale what turns the gradients at hand into the batch's: 1 / micro-batches. */
  beforeUpdate(gradScale: number): void {
    for (const [path, param] of this.model.namedParameters()) {
      if (param.numel === 0) continue;
      const stretch = evenShare(param.numel, MOST_VALUES);
      const before = gathered(param, stretch).retain();
      const weight = statisticsOf(before);
      this.#add(path, 'weight', param.numel, weight);
      let gradStd = 0;
      let nonFinite = weight.nan + weight.inf;
      const gradient = gradientOf(param, gradScale);
      if (gradient) {
        gradStd = gradient.std;
        nonFinite += gradient.nan + gradient.inf;
        this.#add(path, 'gradient', param.numel, gradient);
      }
      this.#measured.push({ path, param, stretch, before, std: weight.std, gradStd, nonFinite });
    }
    this.layers = this.#layers(gradScale);
  }

  afterUpdate(): void {
    for (const { path, param, stretch, before, std, gradStd, nonFinite } of this.#measured) {
      const update = statisticsOf(param, { stretch, minus: before });
      this.#add(path, 'update', param.numel, update);
      this.parameters.push({
        path,
        std: figure(std),
        updateToData: logRatio(update.std, std),
        gradientToData: logRatio(gradStd, std),
        nonFinite,
      });
    }
  }

  #add(
    path: string,
    kind: TensorKind,
    count: number,
    found: ReturnType<typeof statisticsOf>,
  ): void {
    if (this.wants(kind, path)) this.tensors.push(tensorFigures(path, kind, count, found));
  }

  #layers(gradScale: number): ModelProbe['layers'] {
    const modules = this.model.namedModules();
    const layers = new Map<string, Tensor[]>();
    for (const { path, param } of this.#measured) {
      const { owner, name } = ownerOf(path, modules);
      const layer = owner || name;
      layers.set(layer, [...(layers.get(layer) ?? []), param]);
    }
    return [...layers].map(([path, params]) => ({
      path,
      gradNorm: params.some((p) => p.hasGrad) ? figure(gradNorm(params) * gradScale) : null,
    }));
  }

  [Symbol.dispose](): void {
    for (const { before } of this.#measured) before.dispose();
    this.#measured.length = 0;
  }
}

/** Of the whole gradient, where it is held by rows too; undefined without one. */
function gradientOf(param: Tensor, scale: number) {
  const byRows = param.rowGrad;
  if (!byRows) {
    const gradient = param.ownGrad;
    if (!gradient) return undefined;
    return statisticsOf(gradient, { stretch: evenShare(param.numel, MOST_VALUES), scale });
  }
  const { values, rowCount, width } = byRows;
  const count = rowCount * width;
  const stretch = evenShare(count, MOST_VALUES);
  const found = statisticsOf(values.alias([rowCount, width]), { stretch, scale });
  const share = count === 0 ? 1 : found.seen / count;
  return withZeros(found, Math.round((param.numel - count) * share));
}
