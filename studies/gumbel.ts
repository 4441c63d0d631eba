import { Generator, Sampler } from 'nanogpt';
import { type Cells, chiSquareTest, defineStudy } from 'nanogpt/study';
import { distribution } from './lib/predict.js';

const CLASSES = 12;

/** How an index is drawn from logits. */
const DRAWS: Record<string, (logits: Float32Array, random: Generator, sampler: Sampler) => number> =
  {
    'argmax with Gumbel noise': (logits, random) =>
      argmax(logits.map((z) => z - Math.log(-Math.log(1 - random.uniform() * (1 - 2 ** -40))))),
    'argmax with normal noise': (logits, random) =>
      argmax(logits.map((z) => z + 1.28 * random.normal())),
    'inverse of the sum (our sampler)': (logits, _random, sampler) => sampler.next(logits),
  };

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

export default defineStudy({
  name: 'gumbel',
  title: 'Gumbel noise and an argmax',
  topic: 'softmax',
  claim: 'The argmax of logits with Gumbel noise draws from exactly their softmax.',
  source: 'Gumbel 1954; Maddison, Tarlow and Minka 2014, "A* sampling", section 2.',
  refuted:
    'chi-square tests at 5 % that reject clearly more often than one in twenty, while they do reject another noise',
  factors: { draw: Object.keys(DRAWS) },
  data: null,
  scales: {
    full: { tests: 200, draws: 2000 },
    quick: { tests: 100, draws: 1000 },
    tiny: { tests: 5, draws: 100 },
  },
  measures: { rejected: { says: 'share of tests that reject at 5 %' } },
  run({ draw }, { seed, scale: { tests, draws } }) {
    const random = new Generator(seed, 1);
    const sampler = new Sampler({ seed });
    const one = DRAWS[draw as string]!;
    let rejected = 0;
    for (let test = 0; test < tests; test++) {
      const logits = Float32Array.from({ length: CLASSES }, () => random.normal());
      const counts = new Array<number>(CLASSES).fill(0);
      for (let i = 0; i < draws; i++) counts[one(logits, random, sampler)]!++;
      const q = Array.from(distribution({ logits, vocabSize: CLASSES }, 0));
      if (chiSquareTest(counts, q).p < 0.05) rejected++;
    }
    return { rejected: rejected / tests };
  },
  checks: [
    {
      says: 'Gumbel noise: share of tests that reject',
      of: (cell: Cells) => cell({ draw: 'argmax with Gumbel noise' }).rejected!,
      holds: 'between',
      line: [0.01, 0.1],
    },
    {
      says: 'normal noise of the same variance: share of tests that reject',
      of: (cell: Cells) => cell({ draw: 'argmax with normal noise' }).rejected!,
      holds: 'above',
      line: 0.3,
    },
    {
      says: 'the sampler of this project',
      of: (cell: Cells) => cell({ draw: 'inverse of the sum (our sampler)' }).rejected!,
      holds: 'between',
      line: [0.01, 0.1],
      aside: true,
    },
  ],
  charts: [
    { kind: 'dots', measure: 'rejected', title: 'Share of chi-square tests that reject at 5 %' },
  ],
  discussion: (
    r,
  ) => `Twelve classes with normal logits, 2,000 draws to a test, 200 tests to a seed. A test at 5 % rejects the truth once in twenty
times, and that is what it does here: ${r.figure('rejected', { draw: 'argmax with Gumbel noise' })}. It is no blunt test: normal noise of the same
variance is found out in ${r.figure('rejected', { draw: 'argmax with normal noise' })} of them.`,
});
