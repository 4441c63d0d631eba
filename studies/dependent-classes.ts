import {
  AdamW,
  crossEntropy,
  Generator,
  Linear,
  manualSeed,
  noGrad,
  Scope,
  Sequential,
  sigmoid,
  softmax,
  softplus,
  Tanh,
  type Tensor,
  tensor,
} from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';

/** Features of an example. */
const FEATURES = 8;
const sigma = (z: number) => 1 / (1 + Math.exp(-z));

/** Whatever is a puppy is a dog; everything else is a cat. The true probabilities are known. */
interface Task {
  readonly x: Float32Array;
  /** P(dog), P(puppy), P(cat) by example. */
  readonly truth: Float32Array;
  /** Which of them are true, 0 or 1. */
  readonly labels: Float32Array;
  /** One of the true ones, drawn evenly: what whoever labels for a softmax must choose. */
  readonly single: Int32Array;
}

function make(count: number, random: Generator): Task {
  const x = new Float32Array(count * FEATURES).map(() => random.normal());
  const [truth, labels] = [new Float32Array(count * 3), new Float32Array(count * 3)];
  const single = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const [a, b] = [x[i * FEATURES]!, x[i * FEATURES + 1]!];
    const [dog, young] = [sigma(3 * a), sigma(2 * b + 1)];
    truth.set([dog, dog * young, 1 - dog], i * 3);
    const isDog = random.uniform() < dog;
    const isPuppy = isDog && random.uniform() < young;
    labels.set([isDog, isPuppy, !isDog].map(Number), i * 3);
    single[i] = !isDog ? 2 : isPuppy && random.uniform() < 0.5 ? 1 : 0;
  }
  return { x, truth, labels, single };
}

export default defineStudy({
  name: 'dependent-classes',
  title: 'Puppies and dogs',
  topic: 'softmax',
  claim:
    'Where classes depend on each other (a puppy is a dog), a softmax becomes overconfident in one of them; independent sigmoids tell the truth.',
  source: 'Practitioners’ lore.',
  refuted:
    'a probability of the likeliest class that does not exceed the share of the labels which it gets',
  factors: { head: ['softmax', 'sigmoids'], examples: [200, 20_000] },
  data: null,
  scales: { full: { steps: 1500 }, quick: { steps: 300 }, tiny: { steps: 5 } },
  measures: {
    over: { says: 'confidence less accuracy, likeliest class' },
    error: { says: 'mean distance from the true P(dog) and P(puppy)' },
    top: { says: 'highest probability where dog and puppy are both true nine times in ten' },
  },
  run({ head, examples }, { seed, scale }) {
    const random = new Generator(seed, 1);
    const [seen, unseen] = [make(examples as number, random), make(5000, random)];
    manualSeed(seed);
    const net = new Sequential(new Linear(FEATURES, 32), new Tanh(), new Linear(32, 3));
    const optimizer = new AdamW(net.parameters(), { lr: 3e-3 });
    const isSoftmax = head === 'softmax';
    const rows = Math.min(128, examples as number);
    for (let step = 0; step < scale.steps; step++) {
      using _step = new Scope();
      const at = random.nextUint32() % ((examples as number) - rows + 1);
      const x = tensor(seen.x.subarray(at * FEATURES, (at + rows) * FEATURES), {
        shape: [rows, FEATURES],
      });
      const z = net.forward(x);
      const y = tensor(seen.labels.subarray(at * 3, (at + rows) * 3), { shape: [rows, 3] });
      const loss = isSoftmax
        ? crossEntropy(z, tensor(seen.single.subarray(at, at + rows)))
        : softplus(z).sub(z.mul(y)).mean(); // −log likelihood of independent coins
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
    }
    using _test = new Scope();
    const z = noGrad(() => net.forward(tensor(unseen.x, { shape: [5000, FEATURES] })));
    const q = noGrad((): Tensor => (isSoftmax ? softmax(z) : sigmoid(z))).dataSync();
    optimizer.dispose();
    net.dispose();
    return measured(q, unseen, isSoftmax);
  },
  checks: [
    {
      says: 'softmax, 20,000 examples: confidence less accuracy',
      of: (cell: Cells) => cell({ head: 'softmax', examples: 20_000 }).over!,
      holds: 'above',
      line: 0.02,
    },
    {
      says: 'softmax, 200 examples: confidence less accuracy',
      of: (cell: Cells) => cell({ head: 'softmax', examples: 200 }).over!,
      holds: 'above',
      line: 0.02,
      aside: true,
    },
    {
      says: '20,000 examples: how much further than sigmoids a softmax is from the truth',
      of: (cell: Cells) =>
        cell({ head: 'softmax', examples: 20_000 }).error! -
        cell({ head: 'sigmoids', examples: 20_000 }).error!,
      holds: 'above',
      line: 0.05,
    },
  ],
  charts: [
    { kind: 'dots', measure: 'over', title: 'Confidence less accuracy' },
    {
      kind: 'dots',
      measure: 'error',
      title: 'Mean distance from the true probabilities of dog and puppy',
    },
  ],
  discussion: (
    r,
  ) => `Where an example is nearly surely a dog and a puppy, whoever labels it for a softmax has to choose, and the softmax learns
that choice: its highest probability there is ${r.figure('top', { head: 'softmax', examples: 20_000 })}. That is honest about the labels
and wrong about the world, in which both are true; sigmoids say ${r.figure('top', { head: 'sigmoids', examples: 20_000 })}. Overconfidence comes
from too few examples, and not from the dependence: ${r.figure('over', { head: 'softmax', examples: 200 })} with 200,
${r.figure('over', { head: 'softmax', examples: 20_000 })} with 20,000.`,
});

function measured(q: ArrayLike<number>, { truth, labels, single }: Task, isSoftmax: boolean) {
  const count = single.length;
  let [over, error, top, sure] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [dog, puppy, cat] = [q[i * 3]!, q[i * 3 + 1]!, q[i * 3 + 2]!];
    const highest = Math.max(dog, puppy, cat);
    const best = highest === dog ? 0 : highest === puppy ? 1 : 2;
    const right = isSoftmax ? Number(single[i] === best) : labels[i * 3 + best]!;
    over += highest - right;
    error += (Math.abs(dog - truth[i * 3]!) + Math.abs(puppy - truth[i * 3 + 1]!)) / 2;
    if (truth[i * 3 + 1]! > 0.9) {
      top += highest;
      sure++;
    }
  }
  return { over: over / count, error: error / count, top: top / sure };
}
