/**
 * Rotary positions (Su et al. 2021, "RoFormer"): in each head of queries and keys, pairs of numbers are
 * turned by angles that grow with the position, so that their products depend on how far apart two
 * positions are, and on nothing else.
 *
 * Pair i of `dims` / 2 turns by position · theta^(−2i / dims). What "pair" means differs: number i and
 * i + dims / 2 (`half`, as Hugging Face has it), or 2i and 2i + 1 (`interleaved`, as Meta and llama.cpp have
 * it). The two are one another with the rows of the projections reordered.
 */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape } from '../../util/shape.js';
import { tensor } from '../create.js';
import { apply, type Operation, readsNone } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkObject, checkOptions, checkRange, checkWhole } from './check.js';

/** How frequencies are stretched for texts longer than a model was trained on. */
export type RotaryScaling =
  /** All over `factor`: positions are squeezed (Chen et al. 2023). */
  | { kind: 'linear'; factor: number }
  /** theta grows with the length once it is beyond that of training ("NTK-aware", as Hugging Face's `dynamic`). */
  | { kind: 'dynamic'; factor: number; originalMaxPositions: number }
  /** Low frequencies over `factor`, high ones as they are, in between a mixture (Llama 3.1). */
  | {
      kind: 'llama3';
      factor: number;
      lowFreqFactor: number;
      highFreqFactor: number;
      originalMaxPositions: number;
    };

export interface RotaryOptions {
  /** How many of a head's numbers are turned, the first ones: an even number. */
  dims: number;
  /** Default 10,000. */
  theta?: number;
  /** Default none. */
  scaling?: RotaryScaling;
}

/**
 * The frequency of each pair (dims / 2), in double precision: its angle from one position to the next.
 *
 * @param length how long texts may be; only `dynamic` scaling looks at it.
 */
export function rotaryFrequencies(options: RotaryOptions, length: number): Float64Array {
  const name = 'rotaryFrequencies';
  const {
    dims,
    theta = 10_000,
    scaling,
  } = checkOptions(name, options, ['dims', 'theta', 'scaling']);
  checkWhole(name, 'dims', dims, 2);
  if (dims % 2 !== 0) {
    throw new UserError(`${name}: expected dims to be even, got ${dims}`);
  }
  checkRange(name, 'theta', theta, Number.MIN_VALUE, Number.MAX_VALUE);
  checkWhole(name, 'length', length);
  if (scaling !== undefined) checkScaling(name, scaling, dims);
  let base = theta;
  if (scaling?.kind === 'dynamic') {
    const stretch = Math.max(length, scaling.originalMaxPositions) / scaling.originalMaxPositions;
    base *= (scaling.factor * stretch - (scaling.factor - 1)) ** (dims / (dims - 2));
  }
  return Float64Array.from({ length: dims / 2 }, (_, i) => {
    const frequency = base ** ((-2 * i) / dims);
    if (scaling?.kind === 'linear') return frequency / scaling.factor;
    return scaling?.kind === 'llama3' ? llama3(frequency, scaling) : frequency;
  });
}

/** By how many turns a pair makes within the text of training: few are stretched, many are not. */
function llama3(frequency: number, scaling: RotaryScaling & { kind: 'llama3' }): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
  if (turns < lowFreqFactor) return frequency / factor;
  if (turns > highFreqFactor) return frequency;
  const kept = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return (1 - kept) * (frequency / factor) + kept * frequency;
}

const SCALING_NUMBERS = {
  linear: ['factor'],
  dynamic: ['factor', 'originalMaxPositions'],
  llama3: ['factor', 'lowFreqFactor', 'highFreqFactor', 'originalMaxPositions'],
} as const satisfies Record<RotaryScaling['kind'], readonly string[]>;

function checkScaling(name: string, scaling: RotaryScaling, dims: number): void {
  const { kind } = checkObject(name, scaling);
  if (!Object.hasOwn(SCALING_NUMBERS, kind)) {
    throw new UserError(
      `${name}: expected the scaling's kind to be linear, dynamic or llama3, got ${describeValue(kind)}`,
    );
  }
  for (const key of SCALING_NUMBERS[kind]) {
    const value = (scaling as unknown as Record<string, unknown>)[key];
    checkRange(name, `${kind} scaling's ${key}`, value, Number.MIN_VALUE, Number.MAX_VALUE);
  }
  if (scaling.kind === 'dynamic' && (scaling.factor < 1 || dims === 2)) {
    throw new UserError(
      `${name}: expected dynamic scaling by a factor of at least 1, of more than 2 dims, got factor ${scaling.factor}, dims ${dims}`,
    );
  }
  if (scaling.kind === 'llama3' && !(scaling.lowFreqFactor < scaling.highFreqFactor)) {
    throw new UserError(
      `${name}: expected lowFreqFactor below highFreqFactor, got ${scaling.lowFreqFactor} and ${scaling.highFreqFactor}`,
    );
  }
}

/** Which numbers of a head are pairs. */
export type RotaryLayout = 'half' | 'interleaved';

/**
 * Cosines and sines of every pair at `length` positions: computed once, in double precision,
 * and rounded. Its memory is its own, whatever scope it is made in; `dispose()` gives it back.
 */
export class RotaryTable {
  /** (length, 2, dims): cosines, and sines with the sign that the number's place in its pair asks for. */
  readonly values: Tensor;
  readonly frequencies: Float64Array;
  readonly dims: number;

  /**
   * @param length how many positions it holds.
   * @param layout default 'half'.
   * @param span.first its first position, for texts that go on for ever. Default 0.
   * @param span.reach how long texts may be, for `dynamic` scaling. Default `first` + `length`.
   */
  constructor(
    options: RotaryOptions,
    readonly length: number,
    readonly layout: RotaryLayout = 'half',
    span: { first?: number; reach?: number } = {},
  ) {
    if (layout !== 'half' && layout !== 'interleaved') {
      throw new UserError(
        `RotaryTable: expected the layout to be "half" or "interleaved", got ${describeValue(layout)}`,
      );
    }
    checkWhole('RotaryTable', 'length', length);
    const { first = 0, reach = first + length } = checkOptions('RotaryTable', span, [
      'first',
      'reach',
    ]);
    checkWhole('RotaryTable', 'first', first);
    this.frequencies = rotaryFrequencies(options, reach);
    const { dims } = options;
    this.dims = dims;
    const values = new Float64Array(length * 2 * dims);
    const interleaved = layout === 'interleaved';
    for (let position = 0; position < length; position++) {
      for (let i = 0; i < dims; i++) {
        const pair = interleaved ? i >> 1 : i % (dims / 2);
        const second = interleaved ? i % 2 === 1 : i >= dims / 2;
        const angle = (first + position) * this.frequencies[pair];
        const at = position * 2 * dims + i;
        values[at] = Math.cos(angle);
        values[at + dims] = second ? Math.sin(angle) : -Math.sin(angle);
      }
    }
    this.values = tensor(values, { shape: [length, 2, dims] }).retain();
  }

  dispose(): void {
    this.values.dispose();
  }
}

interface Settings {
  readonly table: RotaryTable;
  readonly offset: number;
  readonly heads: number;
}

/** Each pair turned by its angle; its gradient is turned back. */
const rotaryOperation: Operation<readonly [Tensor], Settings> = {
  name: 'rotary',
  reads: readsNone,
  forward: (_context, [x], settings) => turned(x, settings, false),
  backward: (_context, dy, settings) => [turned(dy, settings, true)],
};

function turned(x: Tensor, { table, offset, heads }: Settings, back: boolean): Tensor {
  const y = x.empty(x.shape);
  if (x.numel === 0) return y;
  const [batch, time, all, width] = x.shape;
  const { dims, layout, values } = table;
  const from = x.backend.offset(values.pointer, offset * 2 * dims);
  x.backend.rotary(
    ...([y.pointer, x.pointer, from, batch, time, all, heads, width, dims] as const),
    ...([layout === 'interleaved', back] as const),
  );
  return y;
}

/**
 * x (B, T, heads, D) → the same shape: every head turned as its position says, its first `table.dims` numbers;
 * the others stay.
 *
 * @param options.offset the position of x's first. Default 0.
 * @param options.heads how many of the heads are turned, the first ones. Default all. Of the result of one
 *   projection, (B, T, H + 2 · kvHeads, D), those are the H + kvHeads of queries and keys.
 * @throws ShapeError when x has no such heads, or positions beyond the table.
 */
export function rotary(
  x: Tensor,
  table: RotaryTable,
  options: { offset?: number; heads?: number } = {},
): Tensor {
  checkFloat('rotary', x);
  if (!(table instanceof RotaryTable)) {
    throw new UserError(`rotary: expected a RotaryTable, got ${describeValue(table)}`);
  }
  const { offset = 0, heads = x.shape[2] } = checkOptions('rotary', options, ['offset', 'heads']);
  const [, time, all, width] = x.shape;
  if (x.ndim !== 4 || width < table.dims) {
    throw new ShapeError(
      'rotary',
      `expected x (B, T, heads, D) with D at least the table's ${table.dims}, got ${formatShape(x.shape)}`,
    );
  }
  checkWhole('rotary', 'offset', offset);
  checkWhole('rotary', 'heads', heads);
  if (heads > all || offset + time > table.length) {
    throw new ShapeError(
      'rotary',
      `expected at most ${all} heads and ${table.length} positions, as x and the table have, got heads ${heads} and positions up to ${offset + time}`,
    );
  }
  if (table.values.backend !== x.backend) {
    throw new UserError(
      `rotary: expected a table on ${x.backend.name}, got one on ${table.values.backend.name}`,
    );
  }
  return apply(rotaryOperation, [x], { table, offset, heads });
}
