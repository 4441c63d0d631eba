/**
 * The tape. Every operation is one object with its forward and, beside it, its backward; applying it to a
 * tensor that requires a gradient leaves a node. backward.ts walks the nodes.
 */
import { checkFunction } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { formatShape } from '../util/shape.js';
import type { InputGradient } from './gradient.js';
import { checkOneBackend, checkTensor } from './ops/check.js';
import { lastChange } from './scope.js';
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
  /** Called with the gradient of the output once that is whole: see `watchGradient`. */
  watch: ((dy: Tensor) => void) | null = null;
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

/** What an operation was applied to, and what else it was told. */
export interface OperationCall {
  readonly inputs: readonly Tensor[];
  readonly options: unknown;
}

/**
 * Called with each operation's name and result while a watcher is set: how anomalies are found. `node`
 * is the operation's place on the tape: the same in both phases, null where nothing is recorded. `call` comes
 * in the forward.
 */
export type OperationWatcher = (
  name: string,
  output: Tensor,
  phase: 'forward' | 'backward',
  node: Node | null,
  call?: OperationCall,
) => void;
let watcher: OperationWatcher | null = null;

/** The watcher that is set, if any. */
export function currentWatcher(): OperationWatcher | null {
  return watcher;
}

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
  if (watcher) watcher(operation.name, output, 'forward', output.node, { inputs, options });
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
