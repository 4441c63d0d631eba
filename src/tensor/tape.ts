/**
 * Autograd. Every operation is one object with its forward and, beside it, its backward; applying it
 * to a tensor that requires a gradient leaves a node, and `backward()` walks the nodes from the last
 * made to the first, handing each its output's gradient.
 */
import { checkFunction } from '../util/check.js';
import { ShapeError, UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { copyOf } from './copy.js';
import { type InputGradient, inFull, RowGradient } from './gradient.js';
import { checkOneBackend, checkTensor } from './ops/check.js';
import { lastChange, Scope } from './scope.js';
import type { Tensor } from './tensor.js';

const NOTHING: readonly Tensor[] = [];

/** What an operation's forward leaves for its backward. */
export class Context {
  private saved: readonly Tensor[] = NOTHING;

  constructor(
    /** The tensors the operation was applied to, in order. */
    public inputs: readonly Tensor[],
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

  /** Lets go of all tensors after the backward, so that a loss that is kept does not keep its graph. */
  release(): void {
    this.inputs = NOTHING;
    this.saved = NOTHING;
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
   * makes and does not return are freed. What it returns is added to and freed later, so it must be
   * fresh, or `dy` (or a view of it), or something that the forward saved and nobody else uses.
   */
  readonly backward:
    | ((context: Context, dy: Tensor, options: Options) => readonly InputGradient[])
    | NoGradient;
  /**
   * Whether the backward reads the values of input `i`, so that these must not change before it: those
   * of every input unless it says otherwise. What the forward saved always counts as read.
   */
  readonly reads?: (context: Context, i: number) => boolean;
}

/** For `reads`: the backward needs the inputs' shapes alone. */
export const readsNone = (): boolean => false;

/** For `reads` of a product: the gradient of either side needs the values of the other. */
export const readsOther = (context: Context, i: number): boolean => context.needs(1 - i);

/** A step on the tape: how to get from the gradient of `output` to those of the inputs. */
export class Node {
  /** Set by the first backward: what the forward saved may have been handed on or freed. */
  used = false;
  /** The gradient of the output, as far as it has come together in the backward under way. */
  gradient: Tensor | null = null;
  /** The last walk that came by, so that none comes twice. */
  visit = 0;
  /** Changes in place from here on come after the forward. */
  readonly change = lastChange();

  constructor(
    readonly name: string,
    readonly sequence: number,
    readonly context: Context,
    readonly run: (dy: Tensor) => readonly InputGradient[],
    private readonly reads: ((context: Context, i: number) => boolean) | undefined,
  ) {}

  /** @throws UserError when something that the backward reads was changed since the forward. */
  checkUnchanged(): void {
    const { context, change, reads } = this;
    const { inputs, tensors } = context;
    for (let i = 0; i < inputs.length; i++) {
      if (inputs[i].storage.changed > change && (reads === undefined || reads(context, i))) {
        throw changedSince(this.name, `input ${i}`, inputs[i]);
      }
    }
    for (let i = 0; i < tensors.length; i++) {
      if (tensors[i].storage.changed > change) throw changedSince(this.name, 'result', tensors[i]);
    }
  }
}

function changedSince(operation: string, what: string, tensor: Tensor): UserError {
  return new UserError(
    `backward: the gradient of ${operation} needs its ${what}, ${tensor.dtype} ${formatShape(tensor.shape)}, as it was in the forward, but it was changed in place since; change a copy (clone()), or change it after the backward`,
  );
}

let recording = true;
let sequence = 0;
let visits = 0;

/**
 * Called with each operation's name and result while a watcher is set: how anomalies are found. `node`
 * is the operation's place on the tape: the same in both phases, null where nothing is recorded.
 */
export type OperationWatcher = (
  name: string,
  output: Tensor,
  phase: 'forward' | 'backward',
  node: Node | null,
) => void;
let watcher: OperationWatcher | null = null;

/** Runs `body` while `watch` sees every operation's result. Slow; for finding where a NaN began. */
export function watchOperations<T>(watch: OperationWatcher, body: () => T): T {
  checkFunction('watchOperations', 'a watcher', watch);
  checkFunction('watchOperations', 'code to run', body);
  const before = watcher;
  watcher = watch;
  try {
    return body();
  } finally {
    watcher = before;
  }
}

/** Runs `body`, which is synchronous, without recording: its results need no gradient and keep nothing alive. */
export function noGrad<T>(body: () => T): T {
  checkFunction('noGrad', 'code to run', body);
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
  for (let i = 0; i < inputs.length; i++) {
    checkTensor(operation.name, inputs[i]);
    if (inputs[i].requiresGrad) wanted = true;
    if (inputs[i].storage.backend !== inputs[0].storage.backend) {
      checkOneBackend(operation.name, inputs[0], inputs[i]);
    }
  }
  const { backward } = operation;
  wanted &&= recording && typeof backward === 'function';
  const context = new Context(inputs, wanted);
  const output = forwardOf(operation, context, inputs, options);
  if (wanted && typeof backward === 'function') {
    output.requiresGrad = true;
    output.node = new Node(
      operation.name,
      sequence++,
      context,
      (dy) => backward(context, dy, options),
      operation.reads,
    );
  }
  if (watcher) watcher(operation.name, output, 'forward', output.node);
  return output;
}

/** The forward, unrecorded: what it is made of is not on the tape, its backward is. */
function forwardOf<Inputs extends readonly Tensor[], Options>(
  operation: Operation<Inputs, Options>,
  context: Context,
  inputs: Inputs,
  options: Options,
): Tensor {
  const before = recording;
  recording = false;
  try {
    return operation.forward(context, inputs, options);
  } finally {
    recording = before;
  }
}

/** All nodes that lead to `root`, last made first. */
function nodesBefore(root: Tensor): Node[] {
  const visit = ++visits;
  const found: Node[] = [];
  const stack = [root];
  while (stack.length > 0) {
    const { node } = stack.pop()!;
    if (!node || node.visit === visit) continue;
    node.visit = visit;
    node.gradient = null; // An earlier walk that failed may have left one.
    found.push(node);
    for (const input of node.context.inputs) if (input.requiresGrad) stack.push(input);
  }
  return found.sort((a, b) => b.sequence - a.sequence);
}

/** Adds a gradient to those on their way to `node`. `shared`: its memory is also someone else's. */
function deliver(node: Node, gradient: Tensor, shared: boolean): void {
  const before = node.gradient;
  if (!before) {
    gradient.storage.holds++;
    node.gradient = gradient;
    return;
  }
  // Another branch may share this storage (an addition hands the same dy to both sides): only
  // what we alone hold may be added to in place.
  if (before.storage.holds === 1 && before.storage !== gradient.storage) {
    before.addScaled_(gradient, 1);
  } else {
    const sum = copyOf(before);
    sum.addScaled_(gradient, 1);
    letGo(before);
    sum.storage.holds++;
    node.gradient = sum;
  }
  if (!shared) gradient.storage.free();
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
    const { storage } = seed;
    storage.holds++; // It is the caller's: never added to in place, nor freed.
    try {
      const nodes = nodesBefore(root);
      if (root.node) deliver(root.node, seed, true);
      else root.gradientSlot().add(root, seed, true);
      for (const node of nodes) {
        const dy = node.gradient;
        if (!dy) continue;
        node.gradient = null;
        runNode(node, dy);
        letGo(dy);
      }
    } finally {
      storage.holds--;
    }
  });
}

function runNode(node: Node, dy: Tensor): void {
  if (node.used) {
    throw new UserError(
      `backward: expected a fresh forward pass, got one whose gradients were already taken (at ${node.name}); run the forward again`,
    );
  }
  node.used = true;
  node.checkUnchanged();
  const gradients = inOwnScope(node, dy);
  const { inputs } = node.context;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const gradient = gradients[i];
    if (!gradient || !input.requiresGrad) continue;
    if (gradient instanceof RowGradient) {
      deliverRows(node, input, gradient);
      continue;
    }
    if (watcher) watcher(node.name, gradient, 'backward', node);
    if (!sameShape(gradient.shape, input.shape)) {
      throw new ShapeError(
        `${node.name} (backward)`,
        `expected a gradient of shape ${formatShape(input.shape)}, got ${formatShape(gradient.shape)}`,
      );
    }
    const shared = isShared(gradient, dy, gradients, i);
    if (input.node) deliver(input.node, gradient, shared);
    else input.gradientSlot().add(input, gradient, shared);
  }
  node.context.release();
}

function deliverRows(node: Node, input: Tensor, gradient: RowGradient): void {
  if (watcher) {
    const { values, rowCount, width } = gradient;
    watcher(node.name, values.alias([rowCount, width]), 'backward', node); // the rest is not written
  }
  if (input.node) {
    deliver(input.node, inFull(input, gradient), false);
    gradient.free();
  } else {
    input.gradientSlot().addByRows(input, gradient);
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

/** Runs a node's backward, and frees what it made on the way. */
function inOwnScope(node: Node, dy: Tensor): readonly InputGradient[] {
  const inner = new Scope();
  try {
    const gradients = node.run(dy);
    for (let i = 0; i < gradients.length; i++) {
      const gradient = gradients[i];
      if (!gradient) continue;
      if (gradient instanceof RowGradient) {
        inner.release(gradient.rows.storage);
        inner.release(gradient.values.storage);
      } else {
        inner.release(gradient.storage);
      }
    }
    return gradients;
  } finally {
    inner.close(); // `using` would do the same, at a cost that counts here
  }
}
