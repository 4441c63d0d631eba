import {
  buildSettings,
  createTokenizer,
  flopsPerToken,
  loadDataset,
  loadText,
  modelDefinition,
  trainTokenizer,
} from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';
import { train } from './lib/train.js';

/** Trained on this text, but for the last. */
const TRAINED = ['bytes', '512', '1024', '4096', '16384', '32000'];
const TOKENIZERS = ['characters', ...TRAINED, 'p50k_base'];

async function made(name: string) {
  const { text } = await loadText('tiny_shakespeare');
  if (name === 'characters') return createTokenizer('char', { text: () => text });
  if (name === 'p50k_base') return createTokenizer(name);
  return trainTokenizer(text, { vocabSize: name === 'bytes' ? 256 : Number(name) });
}

const NET = { preset: 'char', nLayer: 2, nHead: 4, nEmbd: 64, blockSize: 64, batchSize: 8 };

export default defineStudy({
  name: 'tokenizer-compute',
  title: 'Tokenizers at equal compute',
  topic: 'tokenizers',
  claim:
    'A GPT tokenizer of 50,281 pieces does not suit this text: at equal compute a small vocabulary predicts it better.',
  source: 'Practitioners’ lore.',
  refuted: 'bits per byte with p50k_base that are within 0.05 of the best of the others',
  factors: { tokenizer: TOKENIZERS },
  // Floating-point operations of a training in all, in units of 10¹².
  scales: { full: { teraflops: 0.8 }, quick: { teraflops: 0.05 }, tiny: { teraflops: 0.0005 } },
  measures: {
    bits: { says: 'bits per byte on validation' },
    steps: { says: 'steps', digits: 0 },
    parameters: { says: 'parameters', digits: 0 },
    characters: { says: 'characters seen, of a million', digits: 2 },
  },
  async run({ tokenizer: name }, { seed, scale }) {
    const tokenizer = await made(name as string);
    const data = await loadDataset({ tokenizer, split: [0.9, 0.1, 0] });
    const definition = modelDefinition('gpt');
    const { preset, ...overrides } = NET;
    const settings = buildSettings(definition, { preset, overrides });
    const perStep =
      flopsPerToken(settings, tokenizer.vocabSize, definition) * NET.batchSize * NET.blockSize;
    const steps = Math.max(2, Math.round((scale.teraflops * 1e12) / perStep));
    const warmupSteps = Math.min(100, Math.floor(steps / 10));
    using run = await train('gpt', { ...NET, steps, warmupSteps }, { seed, data });
    const { train: seen } = data.splits;
    const characters = (steps * NET.batchSize * NET.blockSize * seen.bytes) / seen.ids.length / 1e6;
    return { bits: run.bitsPerByte, steps, parameters: run.parameters, characters };
  },
  checks: [
    {
      says: 'p50k_base less the best of the others',
      of: (cell: Cells) =>
        cell({ tokenizer: 'p50k_base' }).bits! -
        Math.min(...['characters', ...TRAINED].map((tokenizer) => cell({ tokenizer }).bits!)),
      holds: 'above',
      line: 0.05,
      unit: 'bits per byte',
    },
    {
      says: '32,000 pieces trained on the text less the best of the others',
      of: (cell: Cells) =>
        cell({ tokenizer: '32000' }).bits! -
        Math.min(
          ...TOKENIZERS.filter((name) => name !== '32000').map(
            (tokenizer) => cell({ tokenizer }).bits!,
          ),
        ),
      holds: 'above',
      line: 0.05,
      unit: 'bits per byte',
      aside: true,
    },
    {
      says: 'characters less 1,024 pieces',
      of: (cell: Cells) =>
        cell({ tokenizer: 'characters' }).bits! - cell({ tokenizer: '1024' }).bits!,
      holds: 'above',
      line: 0,
      unit: 'bits per byte',
      aside: true,
    },
  ],
  charts: [{ kind: 'dots', measure: 'bits', title: 'Bits per byte at equal compute' }],
  discussion: (
    r,
  ) => `The same body of two layers, 64 wide; every training does the same amount of arithmetic. The larger the vocabulary, the more of it goes
into the logits: with characters there are ${r.figure('steps', { tokenizer: 'characters' })} steps, with p50k_base
${r.figure('steps', { tokenizer: 'p50k_base' })}, though each of its tokens stands for more text. Bits per byte:
${TOKENIZERS.map((tokenizer) => `${tokenizer} ${r.figure('bits', { tokenizer })}`).join(', ')}.`,
});
