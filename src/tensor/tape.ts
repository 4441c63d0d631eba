/**
 * Autograd. Every operation is one object with its forward and, beside it, its backward; applying it
 * to a tensor that requires a gradient leaves a node, and `backward()` walks the nodes from the last
 * made to the first, handing each its output's gradient.
 */
import { ShapeError, UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { Scope } from './scope.js';
import type { Tensor } from './tensor.js';

/**
 * A gradient by rows: that of an embedding's weight, of which a batch uses few rows. `rows` (int32)
 * holds ascending distinct indices, of which the first `rowCount` count; `values` their gradients.
 */
export class RowGradient {
  constructor(
    readonly rows: Tensor,
    readonly values: Tensor,
    readonly rowCount: number,
  ) {}

  free(): void {
    this.rows.storage.free();
    this.values.storage.free();
  }

  own(): this {
    this.rows.storage.own();
    this.values.storage.own();
    return this;
  }
}

/** What a backward returns for an input: its gradient, or null where none is needed. */
export type InputGradient = Tensor | RowGradient | null;

/** What an operation's forward leaves for its backward. */
export class Context {
  private saved: readonly Tensor[] = [];

  constructor(
    /** The tensors the operation was applied to, in order. */
    readonly inputs: readonly Tensor[],
    /** Whether a backward may follow: a forward need save nothing when not. */
    readonly recording: boolean,
  ) {}

  /** Whether input `i` wants a gradient. */
  needs(i: number): boolean {
    return this.recording && this.inputs[i].requiresGrad;
  }

  save(...tensors: Tensor[]): void {
    this.saved = tensors;
  }

  get tensors(): readonly Tensor[] {
    return this.saved;
  }
}

/** Says why an operation has no gradient, so that leaving one out is a decision and not an oversight. */
export class NoGradient {
  constructor(readonly reason: string) {}
}

/**
 * An operation. `Inputs` are tensors, `Options` whatever else it takes. A definition without `backward`
 * does not compile; one that has no gradient says so: `backward: new NoGradient('argmax is a position')`.
 */
export interface Operation<Inputs extends readonly Tensor[], Options> {
  readonly name: string;
  /** Checks shapes, computes, and returns a fresh tensor (or a view of an input). */
  forward(context: Context, inputs: Inputs, options: Options): Tensor;
  /**
   * One gradient per input, in order. `dy` has the output's shape. Runs without recording; tensors it
   * makes and does not return are freed.
   */
  readonly backward:
    | ((context: Context, dy: Tensor, options: Options) => readonly InputGradient[])
    | NoGradient;
}

/** A step on the tape: how to get from the gradient of `output` to those of the inputs. */
export class Node {
  /** Set by the first backward: what the forward saved may have been handed on or freed. */
  used = false;

  constructor(
    readonly name: string,
    readonly sequence: number,
    readonly context: Context,
    readonly run: (dy: Tensor) => readonly InputGradient[],
  ) {}
}

let recording = true;
let sequence = 0;

/** Called with each operation's name and result while a watcher is set: how anomalies are found. */
export type OperationWatcher = (
  name: string,
  output: Tensor,
  phase: 'forward' | 'backward',
) => void;
let watcher: OperationWatcher | null = null;

/** Runs `body` while `watch` sees every operation's result. Slow; for finding where a NaN began. */
export function watchOperations<T>(watch: OperationWatcher, body: () => T): T {
  const before = watcher;
  watcher = watch;
  try {
    return body();
  } finally {
    watcher = before;
  }
}

/** Runs `body` without recording: its results need no gradient and keep nothing alive. */
export function noGrad<T>(body: () => T): T {
  const before = recording;
  recording = false;
  try {
    return body();
  } finally {
    recording = before;
  }
}

export function isGradEnabled(): boolean {
  return recording;
}

/** Applies an operation, leaving a node on the tape where a gradient is wanted. */
export function apply<const Inputs extends readonly Tensor[], Options>(
  operation: Operation<Inputs, Options>,
  inputs: Inputs,
  options: Options,
): Tensor {
  let wanted = false;
  if (recording) {
    for (let i = 0; i < inputs.length; i++) {
      if (inputs[i].requiresGrad) wanted = true;
    }
  }
  const { backward } = operation;
  if (wanted && backward instanceof NoGradient) wanted = false;
  const context = new Context(inputs, wanted);
  const output = operation.forward(context, inputs, options);
  if (wanted && typeof backward === 'function') {
    output.requiresGrad = true;
    output.node = new Node(operation.name, sequence++, context, (dy) =>
      backward(context, dy, options),
    );
  }
  if (watcher) watcher(operation.name, output, 'forward');
  return output;
}

/** All nodes that lead to `root`, last made first. */
function nodesBefore(root: Tensor): Tensor[] {
  const seen = new Set<Node>();
  const found: Tensor[] = [];
  const stack = [root];
  while (stack.length > 0) {
    const tensor = stack.pop()!;
    const node = tensor.node;
    if (!node || seen.has(node)) continue;
    seen.add(node);
    found.push(tensor);
    for (const input of node.context.inputs) if (input.requiresGrad) stack.push(input);
  }
  return found.sort((a, b) => b.node!.sequence - a.node!.sequence);
}

/** Gradients on their way, by the node or leaf they are for. */
class Pending {
  private readonly gradients = new Map<Node, Tensor>();

  add(node: Node, gradient: Tensor): void {
    const before = this.gradients.get(node);
    if (!before) {
      gradient.storage.holds++;
      this.gradients.set(node, gradient);
      return;
    }
    // Another branch may share this storage (an addition hands the same dy to both sides): only
    // what we alone hold may be added to in place.
    if (before.storage.holds === 1 && before.storage !== gradient.storage) {
      before.addScaled_(gradient, 1);
      return;
    }
    const sum = before.clone();
    sum.addScaled_(gradient, 1);
    letGo(before);
    sum.storage.holds++;
    this.gradients.set(node, sum);
  }

  take(node: Node): Tensor | undefined {
    const gradient = this.gradients.get(node);
    this.gradients.delete(node);
    return gradient;
  }
}

function letGo(tensor: Tensor): void {
  if (--tensor.storage.holds === 0 && tensor.storage.scope) tensor.storage.free();
}

/**
 * Adds to the gradients of all leaves below `root` (`leaf.grad`, or `leaf.rowGrad`), starting from
 * `seed` as the gradient of `root` itself. Intermediate gradients are freed as soon as they were used.
 *
 * @throws UserError when `root` has no history.
 */
export function backward(root: Tensor, seed: Tensor): void {
  if (!root.requiresGrad) {
    throw new UserError(
      'backward: expected a tensor that depends on one with requiresGrad, got one without history',
    );
  }
  if (!sameShape(root.shape, seed.shape)) {
    throw new ShapeError(
      'backward',
      `expected a gradient of shape ${formatShape(root.shape)}, got ${formatShape(seed.shape)}`,
    );
  }
  using _all = new Scope();
  noGrad(() => {
    const pending = new Pending();
    seed.storage.holds++;
    try {
      if (root.node) pending.add(root.node, seed);
      else root.accumulateGrad(seed, true);
      for (const tensor of nodesBefore(root)) {
        const node = tensor.node!;
        const dy = pending.take(node);
        if (!dy) continue;
        runNode(node, dy, pending);
        letGo(dy);
      }
    } finally {
      seed.storage.holds--;
    }
  });
}

function runNode(node: Node, dy: Tensor, pending: Pending): void {
  if (node.used) {
    throw new UserError(
      `backward: expected a fresh forward pass, got one whose gradients were already taken (at ${node.name}); run the forward again`,
    );
  }
  node.used = true;
  const gradients = inOwnScope(() => node.run(dy));
  const { inputs } = node.context;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const gradient = gradients[i];
    if (!gradient || !input.requiresGrad) continue;
    if (gradient instanceof RowGradient) {
      if (watcher) watcher(node.name, gradient.values, 'backward');
      if (input.node) pending.add(input.node, input.denseGradient(gradient));
      else input.accumulateRows(gradient);
      continue;
    }
    if (watcher) watcher(node.name, gradient, 'backward');
    if (!sameShape(gradient.shape, input.shape)) {
      throw new ShapeError(
        `${node.name} (backward)`,
        `expected a gradient of shape ${formatShape(input.shape)}, got ${formatShape(gradient.shape)}`,
      );
    }
    if (input.node) pending.add(input.node, gradient);
    else input.accumulateGrad(gradient, isShared(gradient, dy, gradients, i));
  }
}

/** Whether a gradient's memory is also someone else's, so that a leaf must not take it as its own. */
function isShared(
  gradient: Tensor,
  dy: Tensor,
  all: readonly InputGradient[],
  position: number,
): boolean {
  const { storage } = gradient;
  if (storage === dy.storage || storage.holds > 0 || !storage.scope) return true;
  return all.some(
    (g, j) => j !== position && g !== null && 'storage' in g && g.storage === storage,
  );
}

function inOwnScope(body: () => readonly InputGradient[]): readonly InputGradient[] {
  using inner = new Scope();
  const gradients = body();
  for (const gradient of gradients) {
    if (!gradient) continue;
    if (gradient instanceof RowGradient) {
      inner.release(gradient.rows.storage);
      inner.release(gradient.values.storage);
    } else {
      inner.release(gradient.storage);
    }
  }
  return gradients;
}
