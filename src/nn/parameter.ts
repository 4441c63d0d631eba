/** What of a tensor's life a `Module` cares about: whether it is learned, or only remembered. */
import { empty, Scope, type Tensor } from '../tensor/index.js';
import { checkTensor, expectListed } from '../tensor/internal.js';
import type { Shape } from '../util/shape.js';

/** A parameter is learned; a buffer is state that is saved with the model and gets no gradient. */
export type Role = 'parameter' | 'buffer';

// Kept aside and not in a subclass of Tensor, so that every operation sees objects of one layout.
const roles = new WeakMap<Tensor, Role>();

/**
 * Makes a tensor a parameter: it outlives the scope it was made in, its gradient is wanted, and the
 * `Module` that holds it in a field lists it. Returns the same tensor.
 *
 * ```ts
 * readonly weight = parameter(init.xavierUniform(empty([out, in])));
 * ```
 *
 * @throws UserError when it is the result of an operation on the tape, or not float32.
 */
export function parameter(tensor: Tensor): Tensor {
  checkTensor('parameter', tensor);
  tensor.requireGrad();
  roles.set(tensor, 'parameter');
  expectListed(tensor);
  return tensor.retain();
}

/**
 * A parameter of `shape`, uninitialised. It is made where it will live; one that `parameter()` is given
 * from outside any scope has to move there first, which for a large table is twice its memory.
 */
export function emptyParameter(shape: Shape): Tensor {
  using _made = new Scope();
  return parameter(empty(shape));
}

/**
 * Makes a tensor a buffer: state that persists and is saved, but is not learned (the running statistics
 * of a BatchNorm). It outlives its scope. Returns the same tensor.
 *
 * @throws UserError when it is the result of an operation on the tape.
 */
export function buffer(tensor: Tensor): Tensor {
  checkTensor('buffer', tensor);
  tensor.requireGrad(false);
  roles.set(tensor, 'buffer');
  return tensor.retain();
}

/** What `parameter` or `buffer` made of a tensor; undefined for any other tensor. */
export function roleOf(tensor: Tensor): Role | undefined {
  return roles.get(tensor);
}
