/** Softmax and log-softmax over any dimension. */
import { normalizeDim } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';
import { transpose } from './move.js';

/** y = softmax(x) along the last dimension: dx = y (dy − Σ dy·y); with `log`, dx = dy − eʸ Σ dy. */
function softmaxOperation(name: string, log: boolean): Operation<readonly [Tensor], null> {
  return {
    name,
    reads: readsNone,
    forward(context, [x]) {
      const y = x.empty(x.shape);
      const cols = x.size(-1);
      const rows = cols === 0 ? 0 : x.numel / cols;
      x.backend.softmax(y.pointer, x.pointer, rows, cols, log);
      context.save(y);
      return y;
    },
    backward({ tensors: [y] }, dy) {
      const dx = y.empty(y.shape);
      const cols = y.size(-1);
      const rows = cols === 0 ? 0 : y.numel / cols;
      y.backend.softmaxBackward(dx.pointer, dy.pointer, y.pointer, rows, cols, log);
      return [dx];
    },
  };
}

const operations = {
  softmax: softmaxOperation('softmax', false),
  logSoftmax: softmaxOperation('logSoftmax', true),
};

function along(name: keyof typeof operations, x: Tensor, dim: number): Tensor {
  checkFloat(name, x);
  const normal = normalizeDim(name, dim, x.ndim);
  const last = x.ndim - 1;
  if (normal === last) return apply(operations[name], [x], null);
  return transpose(apply(operations[name], [transpose(x, normal, last)], null), normal, last);
}

/** eˣ / Σ eˣ along `dim`, the greatest taken off first. */
export function softmax(x: Tensor, dim = -1): Tensor {
  return along('softmax', x, dim);
}

/** x − log Σ eˣ along `dim`. */
export function logSoftmax(x: Tensor, dim = -1): Tensor {
  return along('logSoftmax', x, dim);
}
