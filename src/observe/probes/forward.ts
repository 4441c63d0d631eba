/** What is measured while a model computes: its activations and, as they come back, their gradients. */
import { BatchNorm1d, instrument, type Module } from '../../nn/index.js';
import type { ModelProbe, TensorStatistics } from '../../runs/probe-records.js';
import type { TensorKind } from '../../runs/tensor-kinds.js';
import { type OperationCall, Tensor, watchOperations } from '../../tensor/index.js';
import { evenShare, statisticsOf, watchGradient } from '../../tensor/internal.js';
import { normDrift } from './batch-norms.js';
import { figure, tensorFigures } from './figures.js';
import { isActivation, UnitTally } from './units.js';

type Activation = ModelProbe['activations'][number];

/** Values of an activation that are looked at, about: enough for a histogram, and little time. */
const MOST_VALUES = 1 << 15;

/**
 * Sees one training step. Activations are the outputs of modules, and of the activation functions that a model
 * calls by itself (`blocks.0.gatedActivation`); what gives back its input, or its last part's output, is not
 * listed again. Of a part that is used several times, and of several micro-batches, the first is measured; units
 * are counted over all.
 */
export class ForwardProbe {
  readonly tensors: TensorStatistics[] = [];
  readonly activations: Activation[] = [];
  readonly units = new Map<string, UnitTally>();
  readonly batchNorms: ModelProbe['batchNorms'] = [];
  readonly #stack: string[] = [];
  readonly #kinds: (Module | undefined)[] = [];
  /** In the order in which they were computed: how gradients are sorted, which come the other way round. */
  readonly #order = new Map<string, number>();
  readonly #gradients: TensorStatistics[] = [];
  #seen = new WeakSet<Tensor>();
  /** How often an activation function came up in a module in this pass. */
  #calls = new Map<string, number>();

  constructor(
    private readonly model: Module & { readonly vocabSize: number },
    private readonly wants: (kind: TensorKind, path: string) => boolean,
  ) {}

  /** Runs forward and backward while it looks. */
  during<T>(pass: () => T): T {
    const release = instrument(this.model, {
      before: (path, module, [input]) => this.#enter(path, module, input),
      after: (path, _module, output) => this.#leave(path, output),
    });
    try {
      return watchOperations((name, output, phase, _node, call) => {
        if (phase === 'forward' && call && isActivation(name)) this.#activated(name, output, call);
      }, pass);
    } finally {
      release();
      this.#stack.length = this.#kinds.length = 0; // an error may have left some
    }
  }

  /** Gradients of activations, in the order of these. */
  gradients(): TensorStatistics[] {
    const place = ({ path }: TensorStatistics) => this.#order.get(path) ?? 0;
    return this.#gradients.sort((a, b) => place(a) - place(b));
  }

  /** Between two micro-batches. */
  #begin(): void {
    this.#calls = new Map();
    this.#seen = new WeakSet();
  }

  #enter(path: string, module: Module, input: unknown): void {
    if (this.#stack.length === 0) this.#begin();
    this.#stack.push(path);
    this.#kinds.push(module);
    if (module instanceof BatchNorm1d && input instanceof Tensor && !this.#order.has(path)) {
      const drift = normDrift(path, module, input);
      if (drift) this.batchNorms.push(drift);
    }
  }

  #leave(path: string, output: unknown): void {
    this.#stack.pop();
    this.#kinds.pop();
    if (path !== '' && output instanceof Tensor) this.#measure(path, output);
  }

  #activated(name: string, output: Tensor, call: OperationCall): void {
    const module = this.#kinds.at(-1);
    const within = this.#stack.at(-1) ?? '';
    // A head's softcap is no layer of units.
    if (within === '' && output.size(-1) === this.model.vocabSize) return;
    const path = module && isLeaf(module) ? within : this.#pathOf(within, name);
    let tally = this.units.get(path);
    if (!tally) this.units.set(path, (tally = new UnitTally(path, name)));
    tally.add(output, call);
    this.#measure(path, output);
  }

  /** `blocks.0.gatedActivation`, and `….2` for the second in one module. */
  #pathOf(within: string, name: string): string {
    const path = within === '' ? name : `${within}.${name}`;
    const count = (this.#calls.get(path) ?? 0) + 1;
    this.#calls.set(path, count);
    return count === 1 ? path : `${path}.${count}`;
  }

  #measure(path: string, output: Tensor): void {
    if (output.dtype !== 'float32' || output.numel === 0) return;
    if (this.#seen.has(output) || this.#order.has(path)) return;
    this.#seen.add(output);
    this.#order.set(path, this.#order.size);
    const count = output.numel;
    const stretch = evenShare(count, MOST_VALUES);
    const found = statisticsOf(output, { stretch });
    if (this.wants('activation', path)) {
      this.tensors.push(tensorFigures(path, 'activation', count, found));
    }
    const activation: Activation = {
      ...{ path, mean: figure(found.mean), std: figure(found.std), gradientStd: null },
      nonFinite: found.nan + found.inf,
    };
    this.activations.push(activation);
    watchGradient(output, (dy) => {
      const gradient = statisticsOf(dy, { stretch });
      activation.gradientStd = figure(gradient.std);
      if (!this.wants('gradient', path)) return;
      this.#gradients.push(tensorFigures(path, 'gradient', count, gradient));
    });
  }
}

/** A module without parts and parameters: an activation as a layer. */
function isLeaf(module: Module): boolean {
  return module.namedModules().size === 1 && module.namedParameters().size === 0;
}
