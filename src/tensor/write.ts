/** Writing one tensor's values, or the host's, over another's. */
import { ShapeError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';
import { copyOf, isTensor } from './copy.js';
import { checkNumbers, checkTensor } from './ops/check.js';
import type { Tensor } from './tensor.js';

/** Overwrites the values of `x`. Throws as `copy_`. */
export function writeInto(x: Tensor, values: ArrayLike<number> | Tensor): void {
  if (!isTensor(values)) {
    checkNumbers('copy_', values, x.dtype);
    if (values.length !== x.numel) {
      throw new ShapeError(
        'copy_',
        `expected ${x.numel} values for shape ${formatShape(x.shape)}, got ${values.length}`,
      );
    }
    if (values.length > 0) x.backend.write(x.pointer, x.dtype, values);
    return;
  }
  if (!sameShape(values.shape, x.shape) || values.dtype !== x.dtype) {
    throw misfit('copy_', 'a tensor', x, values);
  }
  if (values.backend !== x.backend) {
    writeInto(x, values.doublesSync());
    return;
  }
  x.backend.copy(x.pointer, apart(values, x).pointer, x.dtype, x.numel);
}

/** `x`, or a copy of it where its memory overlaps that of `target` without being the same. */
export function apart(x: Tensor, target: Tensor): Tensor {
  const overlaps = x.storage === target.storage && Math.abs(x.offset - target.offset) < x.numel;
  return overlaps && x.offset !== target.offset ? copyOf(x) : x;
}

/** Throws unless `other` is a tensor of the shape, dtype and backend of `x`. */
export function checkLike(operation: string, what: string, x: Tensor, other: Tensor): void {
  checkTensor(operation, other, what);
  if (!sameShape(other.shape, x.shape) || other.dtype !== x.dtype || other.backend !== x.backend) {
    throw misfit(operation, what, x, other);
  }
}

function misfit(operation: string, what: string, x: Tensor, other: Tensor): ShapeError {
  const describe = ({ dtype, shape, backend }: Tensor) =>
    `${dtype} ${formatShape(shape)}${x.backend === other.backend ? '' : ` on ${backend.name}`}`;
  return new ShapeError(operation, `expected ${what} of ${describe(x)}, got ${describe(other)}`);
}
