/**
 * Read by the compiler alone (`npm run types`): an operation without a gradient does not compile. Each
 * line under an expectation of an error is one; were it none, the compiler would say so.
 */
import { apply, NoGradient, type Operation, type Tensor } from '../src/tensor/index.js';

declare const x: Tensor;

/** Whole: compiles. */
export const whole: Operation<readonly [Tensor], { scale: number }> = {
  name: 'whole',
  forward: (_context, [a], { scale }) => a.clone().scale_(scale),
  backward: (_context, dy, { scale }) => [dy.clone().scale_(scale)],
};

/** Without a gradient, and says why: compiles. */
export const constant: Operation<readonly [Tensor], null> = {
  name: 'constant',
  forward: (_context, [a]) => a.clone(),
  backward: new NoGradient('a position'),
};

// @ts-expect-error: `backward` is missing.
export const forgotten: Operation<readonly [Tensor], null> = {
  name: 'forgotten',
  forward: (_context, [a]) => a.clone(),
};

export const nothing: Operation<readonly [Tensor], null> = {
  name: 'nothing',
  forward: (_context, [a]) => a.clone(),
  // @ts-expect-error: null gives no reason.
  backward: null,
};

export const emptyHanded: Operation<readonly [Tensor], null> = {
  name: 'emptyHanded',
  forward: (_context, [a]) => a.clone(),
  // @ts-expect-error: a backward returns gradients.
  backward: () => {},
};

// @ts-expect-error: `apply` takes whole operations only.
apply({ name: 'literal', forward: (_context, [a]: readonly [Tensor]) => a.clone() }, [x], null);

// @ts-expect-error: the operation takes one tensor.
apply(whole, [x, x], { scale: 2 });

// @ts-expect-error: its option is a number.
apply(whole, [x], { scale: 'two' });
