/** The tokens' embeddings in the plane in which they differ most: their two principal components. */
import { Embedding } from '../../nn/index.js';
import type { OpenedRun } from '../../train/index.js';
import { UserError } from '../../util/errors.js';
import { Generator } from '../../util/random.js';
import type { EmbeddingReply } from './messages.js';
import { pieceOf } from './sample.js';

/** Tokens that are drawn: those of the lowest ids, which in most vocabularies are the most frequent. */
const MOST_POINTS = 1500;
/** Enough for two digits, which is what a picture shows. */
const ITERATIONS = 60;

/** @throws UserError for a model without an embedding of its tokens. */
export function embeddingOf({ model, tokenizer, checkpoint }: OpenedRun): EmbeddingReply {
  const found = [...model.namedModules()].find(
    ([, module]) => module instanceof Embedding && module.weight.shape[0] === model.vocabSize,
  );
  if (!found) throw new UserError('this model has no embedding of its tokens.');
  const [path, module] = found;
  const { weight } = module as Embedding;
  const [V, C] = weight.shape as [number, number];
  const rows = Math.min(V, MOST_POINTS);
  const x = Float64Array.from(weight.dataSync().subarray(0, rows * C)); // (rows, C)
  center(x, rows, C);
  const total = x.reduce((sum, value) => sum + value * value, 0);
  const axes: Float64Array[] = [];
  const shares: number[] = [];
  const places: Float64Array[] = [];
  for (let k = 0; k < 2; k++) {
    const axis = direction(x, rows, C, axes, k);
    const place = times(x, rows, C, axis);
    axes.push(axis);
    places.push(place);
    shares.push(total > 0 ? place.reduce((sum, value) => sum + value * value, 0) / total : 0);
  }
  const points = Array.from({ length: rows }, (_, id) => {
    const piece = pieceOf(tokenizer, id);
    const [x, y] = [places[0]![id]!, places[1]![id]!];
    return {
      ...piece,
      kind: kindOf(piece.text),
      x: Number(x.toPrecision(5)),
      y: Number(y.toPrecision(5)),
    };
  });
  return {
    step: checkpoint.state.step,
    path: `${path}.weight`,
    dimensions: C,
    share: [shares[0]!, shares[1]!],
    points,
    left: V - rows,
  };
}

function center(x: Float64Array, rows: number, C: number): void {
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += x[i * C + c]!;
    for (let i = 0; i < rows; i++) x[i * C + c]! -= sum / rows;
  }
}

function times(x: Float64Array, rows: number, C: number, v: Float64Array): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let c = 0; c < C; c++) sum += x[i * C + c]! * v[c]!;
    y[i] = sum;
  }
  return y;
}

/** The direction of the most variance among those at right angles to `before`: by power iteration on xᵀx. */
function direction(
  x: Float64Array,
  rows: number,
  C: number,
  before: readonly Float64Array[],
  seed: number,
): Float64Array {
  const random = new Generator(seed, 0);
  let v = Float64Array.from({ length: C }, () => random.uniform() - 0.5);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const y = times(x, rows, C, v);
    const next = new Float64Array(C);
    for (let i = 0; i < rows; i++) for (let c = 0; c < C; c++) next[c]! += x[i * C + c]! * y[i]!;
    for (const axis of before) {
      const along = next.reduce((sum, value, c) => sum + value * axis[c]!, 0);
      for (let c = 0; c < C; c++) next[c]! -= along * axis[c]!;
    }
    const norm = Math.hypot(...next);
    if (!(norm > 0)) break;
    v = next.map((value) => value / norm);
  }
  return v;
}

/** What sort of token it is, for its colour. */
export function kindOf(piece: string): string {
  const text = piece.replace(/^[ ▁Ġ]|^##/u, '');
  if (text === '' || /^\s+$/.test(text)) return 'space';
  if (/^<.*>$|^\[.*\]$/s.test(text)) return 'special';
  if (/^\d+$/.test(text)) return 'digit';
  if (/^[^\p{L}\p{N}]+$/u.test(text)) return 'mark';
  if (/^\p{Lu}/u.test(text)) return 'capital';
  return /^[aeiou]$/.test(text) ? 'vowel' : /^\p{L}/u.test(text) ? 'letter' : 'other';
}
