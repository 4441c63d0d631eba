/**
 * The way back: from the last node made to the first, each is handed the gradient of its output, and what it
 * makes of it goes on to its inputs, or stays with a leaf.
 */
import { ShapeError, UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { copyOf } from './copy.js';
import { type InputGradient, inFull, RowGradient } from './gradient.js';
import { Scope } from './scope.js';
import { currentWatcher, type Node, noGrad } from './tape.js';
import type { Tensor } from './tensor.js';

let visits = 0;

let seeLeaf: ((leaf: Tensor) => void) | null = null;

/** Runs `body`, in which `see` is called with each leaf as soon as a backward has brought it all of its gradient. */
export function watchLeaves(see: (leaf: Tensor) => void, body: () => void): void {
  const before = seeLeaf;
  seeLeaf = see;
  try {
    body();
  } finally {
    seeLeaf = before;
  }
}

/** In how many places of a graph each leaf is used. */
class LeafUses {
  readonly #left = new Map<Tensor, number>();

  constructor(
    nodes: readonly Node[],
    readonly see: (leaf: Tensor) => void,
  ) {
    for (const { context } of nodes) {
      for (const leaf of leavesIn(context.inputs)) {
        this.#left.set(leaf, (this.#left.get(leaf) ?? 0) + 1);
      }
    }
  }

  /** A node with these inputs has run, or will not. */
  done(inputs: readonly Tensor[]): void {
    for (const leaf of leavesIn(inputs)) {
      const left = this.#left.get(leaf)! - 1;
      this.#left.set(leaf, left);
      if (left === 0) this.see(leaf);
    }
  }
}

function leavesIn(inputs: readonly Tensor[]): Tensor[] {
  return inputs.filter(({ requiresGrad, node }) => requiresGrad && node === null);
}

/** All nodes that lead to `root`, last made first. */
function nodesBefore(root: Tensor): Node[] {
  const visit = ++visits;
  const found: Node[] = [];
  let inOrder = true; // as most are
  let last = Infinity;
  const stack = [root];
  while (stack.length > 0) {
    const { node } = stack.pop()!;
    if (!node || node.visit === visit) continue;
    node.visit = visit;
    node.gradient = null; // An earlier walk that failed may have left one.
    found.push(node);
    inOrder &&= node.sequence < last;
    last = node.sequence;
    const { inputs } = node.context;
    for (let i = 0; i < inputs.length; i++) if (inputs[i].requiresGrad) stack.push(inputs[i]);
  }
  return inOrder ? found : found.sort((a, b) => b.sequence - a.sequence);
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
      const uses = seeLeaf && new LeafUses(nodes, seeLeaf);
      for (const node of nodes) {
        const { inputs } = node.context;
        const dy = node.gradient;
        if (dy) {
          node.gradient = null;
          runNode(node, dy);
          letGo(dy);
        }
        uses?.done(inputs);
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
  node.watch?.(dy);
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
    currentWatcher()?.(node.name, gradient, 'backward', node);
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
  const watcher = currentWatcher();
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
