import { loadText, trainTokenizer } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';

const WORD = 'honorificabilitudinitatibus';
const TIMES = [0, 1, 2, 5, 20];

export default defineStudy({
  name: 'long-word',
  title: 'honorificabilitudinitatibus',
  topic: 'tokenizers',
  claim: 'With pieces of up to 27 characters, honorificabilitudinitatibus becomes one piece.',
  source:
    'The settings of the published tokenizer: its longest piece is as long as this word of Love’s Labour’s Lost.',
  refuted: 'a vocabulary of 32,000 pieces, trained on tiny_shakespeare, that writes it in several',
  factors: { times: TIMES },
  seeds: 1,
  scales: { full: { pieces: 32_000 }, quick: { pieces: 8000 }, tiny: { pieces: 400 } },
  measures: { pieces: { says: 'pieces of the word', digits: 0 } },
  async run({ times }, { scale }) {
    const { text } = await loadText('tiny_shakespeare');
    const added = `${WORD}\n`.repeat(times as number);
    const tokenizer = await trainTokenizer(text + added, {
      type: 'sentencepiece',
      vocabSize: scale.pieces,
    });
    const pieces = Array.from(tokenizer.encode(` ${WORD}`), (id) => tokenizer.tokenToString(id));
    return { pieces: pieces.filter((piece) => piece.trim() !== '').length };
  },
  checks: [
    {
      says: 'trained on the text as it is: pieces of the word',
      of: (cell: Cells) => cell({ times: 0 }).pieces!,
      holds: 'below',
      line: 1.5,
    },
    ...TIMES.slice(1).map((times) => ({
      says: `the word added ${times} times`,
      of: (cell: Cells) => cell({ times }).pieces!,
      holds: 'below' as const,
      line: 1.5,
      aside: true as const,
    })),
  ],
  charts: [
    {
      kind: 'lines',
      measure: 'pieces',
      x: 'times',
      title: 'Pieces of the word, by how often it was added',
    },
  ],
  discussion: (
    r,
  ) => `The word does not occur in tiny_shakespeare, which has no Love's Labour's Lost in it. It takes ${r.figure('pieces', { times: 0 })} pieces. Added
1, 2, 5 and 20 times, it takes ${TIMES.slice(1)
    .map((times) => r.figure('pieces', { times }))
    .join(', ')}.`,
});
