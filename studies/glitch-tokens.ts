import { generateTokens, type LanguageModel } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { distribution, predictions } from './lib/predict.js';
import { train } from './lib/train.js';

/** Distances of rows of the embedding from the mean of all rows: of tokens that occur in training, and of those that do not. */
function distances(model: LanguageModel, occurs: Uint8Array): { seen: number; unseen: number } {
  const [path, weight] = [...model.namedParameters()].find(([name]) => name === 'wte.weight')!;
  const width = weight.shape[1]!;
  const values = weight.dataSync();
  const center = new Float64Array(width);
  for (let i = 0; i < values.length; i++) center[i % width]! += values[i]! / occurs.length;
  const sums = { seen: [0, 0], unseen: [0, 0] };
  for (let id = 0; id < occurs.length; id++) {
    let square = 0;
    for (let c = 0; c < width; c++) square += (values[id * width + c]! - center[c]!) ** 2;
    const sum = occurs[id] ? sums.seen : sums.unseen;
    sum[0]! += Math.sqrt(square);
    sum[1]!++;
  }
  if (sums.unseen[1] === 0) throw new Error(`${path}: every token occurs`);
  return { seen: sums.seen[0]! / sums.seen[1]!, unseen: sums.unseen[0]! / sums.unseen[1]! };
}

export default defineStudy({
  name: 'glitch-tokens',
  title: 'Pieces that were never seen',
  topic: 'tokenizers',
  claim:
    'Most pieces of a GPT tokenizer never occur in this text; their embeddings stay nearer to the centre than those of the others, and they are still written now and then.',
  source: 'Rumbelow and Watkins 2023, "SolidGoldMagikarp (plus, prompt generation)".',
  refuted:
    'fewer than half of the pieces unseen, unseen embeddings as far from the centre as the others, or fewer than one unseen piece in 10,000 written',
  factors: { head: ['shared with the embedding', 'its own'] },
  data: { tokenizer: 'p50k_base', split: [0.9, 0.1, 0] },
  scales: {
    full: { steps: 300, tokens: 4000 },
    quick: { steps: 40, tokens: 500 },
    tiny: { steps: 2, tokens: 20 },
  },
  measures: {
    never: { says: 'pieces that never occur in training, share' },
    mass: { says: 'probability that goes to them, mean over validation', digits: 5 },
    written: { says: 'of the written tokens, share', digits: 5 },
    ratio: { says: 'their distance from the centre, over that of the others' },
    validation: { says: 'validation loss', unit: 'nats per token' },
  },
  async run({ head }, context) {
    const { steps, tokens } = context.scale;
    const { splits, tokenizer } = context.data;
    const settings = {
      ...{ preset: 'char', nLayer: 2, nHead: 2, nEmbd: 32, blockSize: 32, batchSize: 8 },
      ...{ tiedHead: head !== 'its own', steps, warmupSteps: Math.floor(steps / 10) },
    };
    using run = await train('gpt', settings, context);
    const { model } = run;
    const occurs = new Uint8Array(tokenizer.vocabSize);
    for (const id of splits.train.ids) occurs[id] = 1;
    const p = predictions(model, splits.validation.ids.subarray(0, 400), 400);
    let mass = 0;
    for (let i = 0; i < p.targets.length; i++) {
      const q = distribution(p, i);
      for (let id = 0; id < q.length; id++) if (!occurs[id]) mass += q[id]! / p.targets.length;
    }
    let written = 0;
    for (const id of generateTokens(model, [0], { maxTokens: tokens, seed: context.seed })) {
      if (!occurs[id]) written++;
    }
    const { seen, unseen } = distances(model, occurs);
    return {
      never: occurs.filter((o) => !o).length / occurs.length,
      ...{ mass, written: written / tokens, ratio: unseen / seen, validation: run.validation },
    };
  },
  checks: [
    {
      says: 'share of the pieces that never occur',
      of: (cell: Cells) => cell({ head: 'its own' }).never!,
      holds: 'above',
      line: 0.5,
    },
    ...['shared with the embedding', 'its own'].map((head) => ({
      says: `head ${head}: distance of unseen embeddings over that of seen ones`,
      of: (cell: Cells) => cell({ head }).ratio!,
      holds: 'below' as const,
      line: 1,
      unit: '×',
    })),
    ...['shared with the embedding', 'its own'].map((head) => ({
      says: `head ${head}: probability that goes to unseen pieces`,
      of: (cell: Cells) => cell({ head }).mass!,
      holds: 'above' as const,
      line: 1e-4,
    })),
  ],
  charts: [
    { kind: 'dots', measure: 'mass', title: 'Probability that goes to pieces never seen' },
    {
      kind: 'dots',
      measure: 'ratio',
      title: 'Distance of unseen embeddings from the centre, over that of seen ones',
    },
  ],
  discussion: (
    r,
  ) => `${r.figure('never', { head: 'its own' })} of the 50,281 pieces never occur in the training text. After 300 steps they still get
${r.figure('mass', { head: 'its own' })} of the probability with a head of its own and ${r.figure('mass', { head: 'shared with the embedding' })} with a shared
one, and are ${r.figure('written', { head: 'its own' })} and ${r.figure('written', { head: 'shared with the embedding' })} of what is written. An input
embedding that is never looked up stays where it began, but for weight decay; as a row of the output it is pushed away at every step.`,
});
