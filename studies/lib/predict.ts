/** What a model predicts, as plain numbers. */
import { type LanguageModel, noGrad, passOf, Scope, type TokenIds, tensor } from 'nanogpt';

/** Logits (N, V) in rows, and the N tokens that came. */
export interface Predictions {
  readonly logits: Float32Array;
  readonly targets: Int32Array;
  readonly vocabSize: number;
}

/** Predictions for the first `count` tokens of ids, about, in evaluation mode. */
export function predictions(model: LanguageModel, ids: TokenIds, count: number): Predictions {
  const { blockSize, target, vocabSize } = model;
  const wasTraining = model.training;
  model.eval();
  const [logits, targets]: [Float32Array[], Int32Array[]] = [[], []];
  let seen = 0;
  for (const batch of passOf({ ids }, { batchSize: 64, blockSize, target, name: 'these' })) {
    if (seen >= count) break;
    using _batch = new Scope();
    const x = tensor(batch.inputs, { shape: [batch.rows, batch.blockSize] }); // the last block may be shorter
    logits.push((noGrad(() => model.forward(x)).dataSync() as Float32Array).slice());
    targets.push(batch.targets.slice());
    seen += batch.targets.length;
  }
  model.train(wasTraining);
  return { logits: joined(Float32Array, logits), targets: joined(Int32Array, targets), vocabSize };
}

function joined<T extends Float32Array | Int32Array>(
  make: new (length: number) => T,
  parts: readonly T[],
): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The distribution of row `i` at a temperature, in double precision. */
export function distribution(
  { logits, vocabSize }: Pick<Predictions, 'logits' | 'vocabSize'>,
  i: number,
  temperature = 1,
): Float64Array {
  const row = logits.subarray(i * vocabSize, (i + 1) * vocabSize);
  let greatest = -Infinity;
  for (const z of row) greatest = Math.max(greatest, z);
  const weights = Float64Array.from(row, (z) => Math.exp((z - greatest) / temperature));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** Mean loss, and the calibration error in ten bins of confidence (Guo et al. 2017), at a temperature. */
export function calibration(p: Predictions, temperature: number, from: number, to: number) {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, confidence: 0, right: 0 }));
  let loss = 0;
  for (let i = from; i < to; i++) {
    const q = distribution(p, i, temperature);
    const target = p.targets[i]!;
    loss -= Math.log(Math.max(1e-300, q[target]!));
    let best = 0;
    for (let id = 1; id < q.length; id++) if (q[id]! > q[best]!) best = id;
    const bin = bins[Math.min(9, Math.floor(q[best]! * 10))]!;
    bin.count++;
    bin.confidence += q[best]!;
    bin.right += best === target ? 1 : 0;
  }
  const error = bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
  const over = bins.reduce((sum, { confidence, right }) => sum + confidence - right, 0);
  return { loss: loss / (to - from), error: error / (to - from), over: over / (to - from) };
}

/** The temperature of the lowest loss, by golden section over 0.5 to 3. */
export function fittedTemperature(p: Predictions, from: number, to: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0.5, 3];
  for (let i = 0; i < 14; i++) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (calibration(p, a, from, to).loss < calibration(p, b, from, to).loss) high = b;
    else low = a;
  }
  return (low + high) / 2;
}
