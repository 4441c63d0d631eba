import { describe } from 'vitest';
import type { Backend } from '../../../src/backend/backend.js';
import { copyStrided } from '../../../src/backend/reference/move.js';
import { type Draw, kernel, oneOf } from './check.suite.js';
import { absolute, exact, summing } from './tolerance.suite.js';

type Kind = 'permute' | 'slice' | 'expand' | 'concat' | 'gather strides';

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33];

/** At most 8 dimensions of at most some thousand elements together. */
function drawShape(d: Draw, ndim: number): number[] {
  const shape: number[] = [];
  for (let i = 0, left = 4000; i < ndim; i++) {
    const fitting = SIZES.filter((n) => n <= left && (n > 0 || d.below(8) === 0));
    shape.push(d.pick(ndim > 5 ? [1, 2, 3] : fitting));
    left /= Math.max(1, shape[i]);
  }
  return shape;
}

/** Strides that walk a tensor in a drawn order of dimensions, with `gap` between its parts. */
function layout(d: Draw, shape: readonly number[], permuted: boolean, gap: boolean, skip: boolean) {
  const order = shape.map((_, i) => i);
  if (permuted) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = d.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
  }
  const strides = new Array<number>(shape.length).fill(0);
  let length = 1;
  for (const dim of order.reverse()) {
    if (skip && d.below(3) === 0) continue; // one place for the whole dimension
    strides[dim] = length;
    length *= shape[dim];
    if (gap) length += d.below(4);
  }
  return { strides, length: shape.includes(0) ? 0 : length };
}

const KINDS: Record<Kind, { out: [boolean, boolean]; x: [boolean, boolean, boolean] }> = {
  permute: { out: [false, false], x: [true, false, false] },
  slice: { out: [false, false], x: [false, true, false] },
  expand: { out: [false, false], x: [false, false, true] },
  concat: { out: [false, true], x: [false, false, false] },
  'gather strides': { out: [true, true], x: [true, true, true] },
};

export function moveSuite(subject: Backend<unknown>): void {
  const ndim = oneOf(0, 1, 2, 3, 4, 5, 8);

  describe('copyStrided', () => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      for (const dtype of ['float32', 'int32'] as const) {
        kernel(subject, `${kind}, ${dtype}`, { ndim }, { ndim: 33 }, ({ ndim }, d) => {
          const shape = ndim === 33 ? [70, 37, 41] : drawShape(d, ndim);
          const out = layout(d, shape, KINDS[kind].out[0], KINDS[kind].out[1], false);
          const x = layout(d, shape, ...KINDS[kind].x);
          const source = dtype === 'int32' ? d.ints(x.length, 2 ** 31 - 1) : d.wide(x.length);
          const room = dtype === 'int32' ? d.intRoom(out.length) : d.room(out.length);
          return {
            buffers: { out: room, x: source },
            run: (b, p) => b.copyStrided(p.out, p.x, dtype, shape, out.strides, x.strides, false),
            within: { out: exact },
          };
        });
      }
    }

    for (const repeated of [false, true]) {
      const title = repeated ? 'accumulates on repeated places' : 'accumulates on single places';
      kernel(subject, title, { ndim }, { ndim: 33 }, ({ ndim }, d) => {
        const shape = ndim === 33 ? [70, 37, 41] : drawShape(d, ndim);
        const out = layout(d, shape, d.below(2) === 1, d.below(2) === 1, repeated);
        const x = layout(d, shape, d.below(2) === 1, d.below(2) === 1, d.below(3) === 0);
        const source = d.values(x.length);
        const initial = d.values(out.length);
        const magnitude = absolute(initial);
        const terms = repeated ? shape.reduce((a, n) => a * n, 1) : 1;
        copyStrided(
          ...([
            magnitude,
            absolute(source),
            'float32',
            shape,
            out.strides,
            x.strides,
            true,
          ] as const),
        );
        return {
          buffers: { out: initial, x: source },
          run: (b, p) => b.copyStrided(p.out, p.x, 'float32', shape, out.strides, x.strides, true),
          within: { out: repeated ? summing(terms, magnitude) : exact },
        };
      });
    }
  });
}
