import { createTokenizer, loadText, type Tokenizer, trainTokenizer } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';

/** By size: trained on this text, or OpenAI's own. */
const SIZES = [256, 512, 1024, 2048, 4096, 8192, 16_384, 32_000];
const OWN = SIZES.map(String);

const made = (name: string, text: string): Promise<Tokenizer> =>
  OWN.includes(name)
    ? trainTokenizer(text, { vocabSize: Number(name) })
    : createTokenizer(name, { text: () => text });

export default defineStudy({
  name: 'tokens-per-word',
  title: 'Four tokens for three words',
  topic: 'tokenizers',
  claim: 'A GPT tokenizer makes about four tokens of three words.',
  source:
    'OpenAI’s help page "What are tokens and how to count them?": 100 tokens are about 75 words.',
  refuted: 'fewer than 3.75 or more than 4.25 tokens for three words of this text with p50k_base',
  factors: { tokenizer: [...OWN, 'p50k_base', 'cl100k_base', 'o200k_base'] },
  seeds: 1,
  scales: { full: { share: 1 }, quick: { share: 0.2 }, tiny: { share: 0.01 } },
  measures: {
    tokens: { says: 'tokens for three words', digits: 2 },
    bytes: { says: 'bytes to a token', digits: 2 },
  },
  async run({ tokenizer: name }, { scale }) {
    const { text: all } = await loadText('tiny_shakespeare');
    const text = all.slice(0, all.length * scale.share);
    const tokens = (await made(name as string, text)).encode(text).length;
    const words = text.split(/\s+/).filter((word) => word !== '').length;
    return { tokens: (3 * tokens) / words, bytes: Buffer.byteLength(text) / tokens };
  },
  checks: [
    {
      says: 'p50k_base: tokens for three words',
      of: (cell: Cells) => cell({ tokenizer: 'p50k_base' }).tokens!,
      holds: 'between',
      line: [3.75, 4.25],
    },
    ...['cl100k_base', 'o200k_base'].map((tokenizer) => ({
      says: `${tokenizer}: tokens for three words`,
      of: (cell: Cells) => cell({ tokenizer }).tokens!,
      holds: 'between' as const,
      line: [3.75, 4.25] as const,
      aside: true as const,
    })),
  ],
  charts: [{ kind: 'dots', measure: 'tokens', title: 'Tokens for three words' }],
  discussion: (
    r,
  ) => `Verse is not prose: every line ends in a line end and begins with a capital, and names in capitals stand between. Trained on the text itself, a
vocabulary of 4,096 takes ${r.figure('tokens', { tokenizer: '4096' })} tokens for three words, one of 32,000 takes
${r.figure('tokens', { tokenizer: '32000' })}; p50k_base, with 50,281, takes ${r.figure('tokens', { tokenizer: 'p50k_base' })}.`,
});
