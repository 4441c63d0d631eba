/** The gated activation: half of the channels decide how much of the other half passes. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';

/** What becomes of the half that is let through: tanh of it, or itself. */
export type Gate = 'tanh' | 'linear';

/** Copies between a half of the channels of `wide` (rows, 2·C), from channel `start`, and `half` (rows, C). */
function moveHalf(wide: Tensor, half: Tensor, start: number, into: 'half' | 'wide'): void {
  const C = half.size(-1);
  const shape = [half.numel / C, C];
  const [from, to] = [wide.alias([C], wide.offset + start).pointer, half.pointer];
  const [strides, own] = [
    [2 * C, 1],
    [C, 1],
  ];
  if (into === 'half') half.backend.copyStrided(to, from, 'float32', shape, own, strides, false);
  else half.backend.copyStrided(from, to, 'float32', shape, strides, own, false);
}

/** y = f(a) · σ(b); da = dy · σ(b) · f′(a), db = dy · f(a) · σ′(b). */
const gatedOperation: Operation<readonly [Tensor], Gate> = {
  name: 'gatedActivation',
  reads: readsNone,
  forward(context, [x], gate) {
    checkFloat('gatedActivation', x);
    const channels = x.ndim === 0 ? 1 : x.size(-1);
    if (channels % 2 !== 0) {
      throw new ShapeError(
        'gatedActivation',
        `expected an even number of channels, got ${formatShape(x.shape)}`,
      );
    }
    const { backend } = x;
    const C = channels / 2;
    const shape = [...x.shape.slice(0, -1), C]; // (…, 2·C) → (…, C)
    const [a, b, y] = [x.empty(shape), x.empty(shape), x.empty(shape)];
    const count = y.numel;
    if (count > 0) {
      moveHalf(x, a, 0, 'half');
      moveHalf(x, b, C, 'half');
      if (gate === 'tanh') backend.unary('tanh', a.pointer, a.pointer, count, 0);
      backend.unary('sigmoid', b.pointer, b.pointer, count, 0);
      backend.binary('mul', y.pointer, a.pointer, b.pointer, count);
    }
    if (context.recording)
      context.save(a, b); // f(a), σ(b)
    else for (const half of [a, b]) half.dispose();
    return y;
  },
  backward({ inputs: [x], tensors: [a, b] }, dy, gate) {
    const { backend } = x;
    const count = dy.numel;
    const dx = x.empty(x.shape);
    if (count === 0) return [dx];
    const half = dy.empty(dy.shape);
    const [d, p, q] = [half.pointer, a.pointer, b.pointer];
    backend.binary('mul', d, dy.pointer, q, count);
    // The slopes of tanh and sigmoid follow from their values alone.
    if (gate === 'tanh') backend.unaryBackward('tanh', d, d, p, p, count, 0);
    moveHalf(dx, half, 0, 'wide');
    backend.binary('mul', d, dy.pointer, p, count);
    backend.unaryBackward('sigmoid', d, d, q, q, count, 0);
    moveHalf(dx, half, a.size(-1), 'wide');
    return [dx];
  },
};

/**
 * x (…, 2·C) → (…, C): tanh(a) · σ(b), a the first half of the channels and b the second (van den Oord
 * et al. 2016, "WaveNet", equation 2); with `linear`, a · σ(b) (the gated linear unit of Dauphin et al.
 * 2017, "Language modeling with gated convolutional networks").
 *
 * @throws ShapeError for an odd number of channels.
 */
export function gatedActivation(x: Tensor, gate: Gate = 'tanh'): Tensor {
  if (gate !== 'tanh' && gate !== 'linear') {
    throw new UserError(
      `gatedActivation: expected the gate to be "tanh" or "linear", got ${describeValue(gate)}`,
    );
  }
  return apply(gatedOperation, [x], gate);
}
