/** Einstein's summation convention, by permuting, reshaping and matrix products. */
import { describeValue } from '../../util/describe.js';
import { ShapeError, UserError } from '../../util/errors.js';
import { formatShape, numel } from '../../util/shape.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './check.js';
import { indexDiagonal } from './diagonal.js';
import { matmul } from './matrix.js';
import { expand, permute, reshape } from './move.js';
import { sum } from './reduce.js';

/** A tensor and the letter of each of its dimensions, all different. */
interface Term {
  x: Tensor;
  letters: string[];
}

/** Dimensions that "..." stands for, as letters that nobody can write: the last is "…0". */
const ellipsis = (count: number) => Array.from({ length: count }, (_, i) => `…${count - 1 - i}`);

/** The letters of one side of the equation, and where "..." stands among them. */
function lettersOf(text: string, equation: string): string[] {
  const letters = text.replaceAll(/\s/g, '').replace('...', '.').split('');
  if (
    letters.some((letter) => !/[A-Za-z.]/.test(letter)) ||
    letters.filter((l) => l === '.').length > 1
  ) {
    throw new UserError(
      `einsum: expected letters and at most one "..." for each operand, got "${text}" in "${equation}"`,
    );
  }
  return letters;
}

/** An operand with its letters, "..." written out, and the diagonal of what one letter names twice. */
function termOf(x: Tensor, letters: readonly string[], equation: string): Term {
  const rest = letters.includes('.') ? x.ndim - letters.length + 1 : 0;
  const full = letters.flatMap((letter) =>
    letter === '.' ? ellipsis(Math.max(0, rest)) : [letter],
  );
  if (full.length !== x.ndim || rest < 0) {
    throw new ShapeError(
      'einsum',
      `expected an operand with a dimension for each letter of "${letters.join('').replace('.', '...')}" in "${equation}", got ${formatShape(x.shape)}`,
    );
  }
  let term: Term = { x, letters: full };
  for (const letter of new Set(full)) {
    for (
      let second = term.letters.lastIndexOf(letter);
      second !== term.letters.indexOf(letter);
      second = term.letters.lastIndexOf(letter)
    ) {
      const first = term.letters.indexOf(letter);
      if (term.x.shape[first] !== term.x.shape[second])
        throw sizeError(letter, equation, term.x.shape[first], term.x.shape[second]);
      term = {
        x: indexDiagonal(term.x, first, second),
        letters: term.letters.filter((_, i) => i !== second),
      };
    }
  }
  return term;
}

function sizeError(letter: string, equation: string, a: number, b: number): ShapeError {
  return new ShapeError(
    'einsum',
    `expected one size for "${letter}" in "${equation}", got ${a} and ${b}`,
  );
}

/** Sums over those letters that are not wanted any more. */
function keepOnly({ x, letters }: Term, wanted: (letter: string) => boolean): Term {
  const dims = letters.flatMap((letter, i) => (wanted(letter) ? [] : [i]));
  return dims.length === 0 ? { x, letters } : { x: sum(x, dims), letters: letters.filter(wanted) };
}

/** x with the letters given in this order; letters that it lacks get size 1. */
function arranged({ x, letters }: Term, order: readonly string[]): Tensor {
  const own = order.filter((letter) => letters.includes(letter));
  const moved = permute(
    x,
    own.map((letter) => letters.indexOf(letter)),
  );
  return reshape(
    moved,
    order.map((letter) => (own.includes(letter) ? x.shape[letters.indexOf(letter)] : 1)),
  );
}

/** Both terms' product, summed over the letters that only they share and nobody else wants. */
function contract(a: Term, b: Term, wanted: (letter: string) => boolean, equation: string): Term {
  const sizes = new Map<string, number>();
  for (const { x, letters } of [a, b]) {
    letters.forEach((letter, i) => {
      const before = sizes.get(letter) ?? 1;
      const size = x.shape[i];
      if (before !== size && before !== 1 && (size !== 1 || !letter.startsWith('…')))
        throw sizeError(letter, equation, before, size);
      if (before === 1 && size !== 1 && sizes.has(letter) && !letter.startsWith('…'))
        throw sizeError(letter, equation, before, size);
      sizes.set(letter, before === 1 ? size : before);
    });
  }
  const inBoth = (letter: string) => a.letters.includes(letter) && b.letters.includes(letter);
  const shared = a.letters.filter(inBoth);
  const batch = shared.filter(wanted);
  const inner = shared.filter((letter) => !wanted(letter));
  const rows = a.letters.filter((letter) => !inBoth(letter));
  const cols = b.letters.filter((letter) => !inBoth(letter));
  const size = (letters: readonly string[]) => letters.map((letter) => sizes.get(letter)!);
  const full = (term: Term, order: readonly string[]) => expand(arranged(term, order), size(order));
  const left = full(a, [...batch, ...rows, ...inner]);
  const right = full(b, [...batch, ...inner, ...cols]);
  const [B, m, k, n] = [batch, rows, inner, cols].map((letters) => numel(size(letters)));
  // (B, m, k) · (B, k, n) → (B, m, n)
  const y = matmul(reshape(left, [B, m, k]), reshape(right, [B, k, n]));
  const letters = [...batch, ...rows, ...cols];
  return { x: reshape(y, size(letters)), letters };
}

/**
 * `einsum('bik,bkj->bij', a, b)`: a letter for each dimension; letters that the result does not name are
 * summed over, one that an operand names twice is its diagonal, "..." stands for any dimensions, which
 * broadcast. Without "->" the result has the letters that occur once, in alphabetical order. Operands are
 * taken from left to right.
 */
export function einsum(
  equation: string,
  ...operands: readonly Tensor[] | readonly [readonly Tensor[]]
): Tensor {
  if (typeof equation !== 'string') {
    throw new UserError(
      `einsum: expected an equation like "ij,jk->ik", got ${describeValue(equation)}`,
    );
  }
  const tensors = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
  const [inputs, output, more] = equation.split('->');
  const sides = inputs.split(',').map((side) => lettersOf(side, equation));
  if (more !== undefined || sides.length !== tensors.length) {
    throw new UserError(
      `einsum: expected as many operands as "${equation}" names (${sides.length}), got ${tensors.length}`,
    );
  }
  for (const x of tensors) checkFloat('einsum', x);
  const terms = tensors.map((x, i) => termOf(x, sides[i], equation));
  const wanted = resultLetters(output, sides, terms, equation);
  const neededBy = (rest: readonly Term[]) => (letter: string) =>
    wanted.includes(letter) || rest.some(({ letters }) => letters.includes(letter));
  let result = keepOnly(terms[0], neededBy(terms.slice(1)));
  for (let i = 1; i < terms.length; i++) {
    const later = terms.slice(i + 1);
    const next = keepOnly(
      terms[i],
      (letter) => result.letters.includes(letter) || neededBy(later)(letter),
    );
    result = contract(result, next, neededBy(later), equation);
    result = keepOnly(result, neededBy(later));
  }
  return permute(
    result.x,
    wanted.map((letter) => result.letters.indexOf(letter)),
  );
}

/** The letters of the result, "..." written out. */
function resultLetters(
  output: string | undefined,
  sides: readonly string[][],
  terms: readonly Term[],
  equation: string,
): string[] {
  const all = terms.flatMap(({ letters }) => letters);
  const rest = [...new Set(all.filter((letter) => letter.startsWith('…')))].sort(
    (a, b) => Number(b.slice(1)) - Number(a.slice(1)),
  );
  if (output === undefined) {
    const written = sides.flat().filter((letter) => letter !== '.');
    const once = written.filter(
      (letter) => written.indexOf(letter) === written.lastIndexOf(letter),
    );
    return [...rest, ...once.sort()];
  }
  const wanted = lettersOf(output, equation).flatMap((letter) =>
    letter === '.' ? rest : [letter],
  );
  const stray = wanted.find((letter, i) => !all.includes(letter) || wanted.indexOf(letter) !== i);
  if (stray !== undefined) {
    throw new UserError(
      `einsum: expected each letter of the result once, and among the operands, got "${stray}" in "${equation}"`,
    );
  }
  return wanted;
}
