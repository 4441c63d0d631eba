/**
 * Arithmetic of two operands with broadcasting. Either may be a number. Whole numbers stay whole: int32
 * with int32 is int32, with float32 it is float32; a mask counts as 0 and 1.
 */
import type { BinaryOp, IntegerOp } from '../../backend/backend.js';
import { UserError } from '../../util/errors.js';
import { copyOf } from '../copy.js';
import type { InputGradient } from '../gradient.js';
import { apply, type Context, type Operation, readsNone, readsOther } from '../tape.js';
import type { Tensor } from '../tensor.js';
import { affineAs } from './affine.js';
import type { Operand } from './arguments.js';
import { areFloats, promoted, scalarLike, to } from './cast.js';
import { checkNumber, checkTensor } from './check.js';
import { floor, reciprocal, rsqrt, sqrt, square } from './elementwise.js';
import { chooseInto, combine, combineIntegers, reduceTo, scaled } from './strided.js';
import { unaryOperation } from './unary.js';

type Backward = (
  context: Context,
  a: Tensor,
  b: Tensor,
  dy: Tensor,
  y: Tensor,
) => readonly [Tensor | null, Tensor | null];

/** The gradient of each side comes in the output's shape; what was stretched is summed again. */
function binaryOperation(
  op: BinaryOp,
  reads: (context: Context, i: number) => boolean,
  backward: Backward,
): Operation<readonly [Tensor, Tensor], null> {
  return {
    name: op,
    reads,
    forward(context, [a, b]) {
      const y = combine(op, a, b);
      if (op === 'div' || op === 'power') context.save(y);
      return y;
    },
    backward(context, dy): readonly InputGradient[] {
      const [a, b] = context.inputs;
      const [da, db] = backward(context, a, b, dy, context.tensors[0]);
      return [da && reduceTo(da, a.shape), db && reduceTo(db, b.shape)];
    },
  };
}

const addOperation = binaryOperation('add', readsNone, (_context, _a, _b, dy) => [dy, dy]);

const subOperation = binaryOperation('sub', readsNone, (context, _a, _b, dy) => [
  dy,
  context.needs(1) ? scaled(dy, -1) : null,
]);

const mulOperation = binaryOperation('mul', readsOther, (context, a, b, dy) => [
  context.needs(0) ? combine('mul', dy, b) : null,
  context.needs(1) ? combine('mul', dy, a) : null,
]);

// y = a / b: da = dy / b, db = −dy · y / b
const divOperation = binaryOperation(
  'div',
  (_context, i) => i === 1,
  (context, _a, b, dy, y) => [
    context.needs(0) ? combine('div', dy, b) : null,
    context.needs(1) ? combine('div', combine('mul', dy, y), b).scale_(-1) : null,
  ],
);

/** Of equals each side gets half, as in PyTorch; the other side of NaN gets nothing but its own share. */
function extremeOperation(op: 'maximum' | 'minimum') {
  const loses = op === 'maximum' ? 'lt' : 'gt';
  return binaryOperation(
    op,
    () => true,
    (context, a, b, dy) => {
      const tie = combine('eq', a, b);
      const half = scaled(dy, 0.5);
      const share = (x: Tensor, other: Tensor) => {
        const all = chooseInto(
          op,
          copyOf(dy),
          combine(loses, x, other),
          scalarLike(dy, 0, 'float32'),
        );
        return chooseInto(op, all, tie, half);
      };
      return [context.needs(0) ? share(a, b) : null, context.needs(1) ? share(b, a) : null];
    },
  );
}

const maximumOperation = extremeOperation('maximum');
const minimumOperation = extremeOperation('minimum');

// y = a^b: da = dy · b · a^(b − 1), and 0 where b is 0; db = dy · y · ln a, and 0 where y is 0^b.
const powerOperation = binaryOperation(
  'power',
  () => true,
  (context, a, b, dy, y) => {
    const zero = scalarLike(dy, 0, 'float32');
    let da: Tensor | null = null;
    let db: Tensor | null = null;
    if (context.needs(0)) {
      const lower = combine('power', a, combine('sub', b, scalarLike(b, 1, 'float32')));
      da = combine('mul', dy, combine('mul', b, lower));
      chooseInto('pow', da, combine('eq', b, zero), zero);
    }
    if (context.needs(1)) {
      const logarithm = a.empty(a.shape);
      a.backend.unary('log', logarithm.pointer, a.pointer, a.numel, 0);
      db = combine('mul', dy, combine('mul', y, logarithm));
      const ofZero = combineIntegers('and', combine('eq', a, zero), combine('ge', b, zero), 'bool');
      chooseInto('pow', db, ofZero, zero);
    }
    return [da, db];
  },
);

/** One of the operations that int32 has as well. */
function arithmetic(
  op: BinaryOp & IntegerOp,
  operation: Operation<readonly [Tensor, Tensor], null>,
  a: Operand,
  b: Operand,
): Tensor {
  const [x, y] = areFloats(a, b) ? [a as Tensor, b as Tensor] : promoted(op, a, b);
  if (x.dtype === 'float32') return apply(operation, [x, y], null);
  return combineIntegers(op, x, y, 'int32');
}

/** Whether x is float32, or is to be treated so because the number is not whole. */
function isFloatWith(operation: string, x: Tensor, value: number): boolean {
  checkTensor(operation, x);
  return x.dtype === 'float32' || (value | 0) !== value;
}

/** scale·x + shift: the short way for float32 and numbers. */
const affineOf = (op: 'add' | 'sub' | 'mul' | 'div', x: Tensor, scale: number, shift: number) =>
  affineAs(op, to(x, 'float32'), scale, shift);

/** a + b. */
export function add(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number' && typeof a !== 'number' && isFloatWith('add', a, b)) {
    return affineOf('add', a, 1, b);
  }
  if (typeof a === 'number' && typeof b !== 'number' && isFloatWith('add', b, a)) {
    return affineOf('add', b, 1, a);
  }
  return arithmetic('add', addOperation, a, b);
}

/** a − b. */
export function sub(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number' && typeof a !== 'number' && isFloatWith('sub', a, b)) {
    return affineOf('sub', a, 1, -b);
  }
  if (typeof a === 'number' && typeof b !== 'number' && isFloatWith('sub', b, a)) {
    return affineOf('sub', b, -1, a);
  }
  return arithmetic('sub', subOperation, a, b);
}

/** a · b. */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number' && typeof a !== 'number' && isFloatWith('mul', a, b)) {
    return affineOf('mul', a, b, 0);
  }
  if (typeof a === 'number' && typeof b !== 'number' && isFloatWith('mul', b, a)) {
    return affineOf('mul', b, a, 0);
  }
  return arithmetic('mul', mulOperation, a, b);
}

/** a / b, always float32: half an id is no id. */
export function div(a: Operand, b: Operand): Tensor {
  // Multiplying by a rounded reciprocal would make 41 / 41 something else than 1.
  if (typeof b === 'number' && typeof a !== 'number' && isPowerOfTwo(b)) {
    checkTensor('div', a);
    return affineOf('div', a, 1 / b, 0);
  }
  const [x, y] = areFloats(a, b) ? [a as Tensor, b as Tensor] : promoted('div', a, b);
  return apply(divOperation, [to(x, 'float32'), to(y, 'float32')], null);
}

/** The larger of each two, NaN when either is. Equals share the gradient. */
export function maximum(a: Operand, b: Operand): Tensor {
  return arithmetic('maximum', maximumOperation, a, b);
}

/** The smaller of each two, NaN when either is. Equals share the gradient. */
export function minimum(a: Operand, b: Operand): Tensor {
  return arithmetic('minimum', minimumOperation, a, b);
}

const powOperation = unaryOperation('pow');

/** Exponents that have a shorter way, as in PyTorch. */
const POWERS = new Map<number, (x: Tensor) => Tensor>([
  [2, square],
  [0.5, sqrt],
  [-0.5, rsqrt],
  [-1, reciprocal],
]);

/** x^exponent, for a number known beforehand. */
function powerOf(x: Tensor, exponent: number): Tensor {
  checkNumber('pow', exponent, 'float32');
  const floats = to(x, 'float32');
  return POWERS.get(exponent)?.(floats) ?? apply(powOperation, [floats], exponent);
}

/** a^b, as float32. */
export function pow(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number' && typeof a !== 'number') {
    checkTensor('pow', a);
    return powerOf(a, b);
  }
  const [x, y] = areFloats(a, b) ? [a as Tensor, b as Tensor] : promoted('pow', a, b);
  return apply(powerOperation, [to(x, 'float32'), to(y, 'float32')], null);
}

/** ⌊a / b⌋, towards minus infinity; int32 where both are. @throws UserError for an int32 divided by 0. */
export function floorDivide(a: Operand, b: Operand): Tensor {
  const [x, y] = promoted('floorDivide', a, b);
  if (x.dtype === 'float32') return floor(div(x, y));
  checkDivisor('floorDivide', y);
  return combineIntegers('floorDivide', x, y, 'int32');
}

/** a − b·⌊a / b⌋, which has the sign of b, as Python's %; int32 where both are. @throws UserError for an int32 divided by 0. */
export function remainder(a: Operand, b: Operand): Tensor {
  const [x, y] = promoted('remainder', a, b);
  if (x.dtype === 'float32') return sub(x, mul(y, floor(div(x, y))));
  checkDivisor('remainder', y);
  return combineIntegers('remainder', x, y, 'int32');
}

function checkDivisor(operation: string, divisor: Tensor): void {
  const at = divisor.dataSync().indexOf(0);
  if (at >= 0) {
    throw new UserError(
      `${operation}: expected int32 divisors other than 0, got 0 at position ${at}`,
    );
  }
}

/** Whether 1 / b is exact, in float32 too. */
function isPowerOfTwo(b: number): boolean {
  const exponent = Math.log2(Math.abs(b));
  return Number.isInteger(exponent) && Math.abs(exponent) <= 126;
}
