/** Diagonals of any two dimensions, for einsum. */
import { stridesOf } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { gather, scatter } from './strided.js';

const diagonalOperation: Operation<readonly [Tensor], { first: number; second: number }> = {
  name: 'diagonal',
  reads: readsNone,
  forward: (_context, [x], dims) => {
    const { shape, strides } = alongDiagonal(x, dims);
    return gather('diagonal', x, shape, strides);
  },
  backward({ inputs: [x] }, dy, dims) {
    const dx = x.empty(x.shape).fill_(0);
    scatter('diagonal', dx, dy, alongDiagonal(x, dims).strides, 0);
    return [dx];
  },
};

function alongDiagonal(x: Tensor, { first, second }: { first: number; second: number }) {
  const strides = stridesOf(x.shape);
  strides[first] += strides[second];
  return {
    shape: x.shape.filter((_, dim) => dim !== second),
    strides: strides.filter((_, dim) => dim !== second),
  };
}

/** Two dimensions of one size as one, in the place of the first: the elements whose indices agree. */
export function indexDiagonal(x: Tensor, first: number, second: number): Tensor {
  return apply(diagonalOperation, [x], { first, second });
}
