import { loadText, trainTokenizer } from 'nanogpt';
import { type Cells, defineStudy } from 'nanogpt/study';

const COVERAGES = [1, 0.999995, 0.9999, 0.9995, 0.99];

export default defineStudy({
  name: 'coverage',
  title: 'What a coverage of 0.999995 leaves out',
  topic: 'tokenizers',
  claim: 'A character coverage of 0.999995 leaves out no character of tiny_shakespeare.',
  source: 'The settings of the published tokenizer; SentencePiece, doc/options.md.',
  refuted: 'a character that is written as a byte',
  factors: { coverage: COVERAGES },
  seeds: 1,
  scales: { full: { pieces: 8000 }, quick: { pieces: 1000 }, tiny: { pieces: 400 } },
  measures: {
    left: { says: 'different characters without a piece', digits: 0 },
    occurrences: { says: 'their occurrences', digits: 0 },
  },
  async run({ coverage }, { scale }) {
    const { text } = await loadText('tiny_shakespeare');
    const tokenizer = await trainTokenizer(text, {
      type: 'sentencepiece',
      vocabSize: scale.pieces,
      characterCoverage: coverage as number,
    });
    const counts = new Map<string, number>();
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
    // A piece of its own is the character; what has none is bytes, each shown as <0x24>.
    const without = [...counts].filter(([character]) =>
      Array.from(tokenizer.encode(character), (id) => tokenizer.tokenToString(id)).some((piece) =>
        /^<0x[0-9A-F]{2}>$/.test(piece),
      ),
    );
    return {
      left: without.length,
      occurrences: without.reduce((sum, [, count]) => sum + count, 0),
    };
  },
  checks: [
    {
      says: 'coverage 0.999995: characters without a piece, beyond those that have none at full coverage',
      of: (cell: Cells) => cell({ coverage: 0.999995 }).left! - cell({ coverage: 1 }).left!,
      holds: 'below',
      line: 1,
    },
    {
      says: 'coverage 0.9995, SentencePiece’s own default: the same',
      of: (cell: Cells) => cell({ coverage: 0.9995 }).left! - cell({ coverage: 1 }).left!,
      holds: 'below',
      line: 1,
      aside: true,
    },
  ],
  charts: [{ kind: 'dots', measure: 'left', title: 'Characters without a piece' }],
  discussion: (r) => `Of the 65 characters, coverages of 1, 0.999995, 0.9999, 0.9995 and 0.99 leave
${COVERAGES.map((coverage) => r.figure('left', { coverage })).join(', ')} without a piece, which occur
${COVERAGES.map((coverage) => r.figure('occurrences', { coverage })).join(', ')} times. (A line end is one of them at any coverage where it is
never inside a piece: SentencePiece trains on lines.)`,
});
