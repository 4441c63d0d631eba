/** Lines to compare losses with: what knows nothing, what only counts, what was published. */
import type { YardstickReply } from '../../src/lab/explorer/messages.js';
import type { LabRow } from '../../src/lab/protocol.js';

export interface ReferenceLine {
  readonly label: string;
  readonly y: number;
}

/** Published validation losses in nats a token, by data and tokenizer. */
const PUBLISHED: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'tiny_shakespeare char': [
    ['nanoGPT on a CPU', 1.88],
    ['nanoGPT on a GPU', 1.4697],
  ],
  'names char': [
    ['makemore MLP', 2.107],
    ['makemore hierarchical', 1.9937],
  ],
};

/**
 * The lines for the runs at hand: only what all of them share is comparable.
 *
 * @param yardsticks of one of them, once it is known.
 */
export function referenceLines(
  runs: readonly LabRow[],
  yardsticks: YardstickReply | undefined,
): ReferenceLine[] {
  const sizes = new Set(runs.map((row) => row.vocabSize));
  const [size] = sizes;
  const uniform =
    sizes.size === 1 && size ? [{ label: `ln ${size}, knows nothing`, y: Math.log(size) }] : [];
  const counted =
    yardsticks && shareText(runs)
      ? [
          { label: 'unigram', y: yardsticks.unigram },
          { label: 'bigram', y: yardsticks.bigram },
        ]
      : [];
  const kinds = new Set(runs.map((row) => `${row.data} ${row.tokenizer}`));
  const [kind = ''] = kinds;
  const published = kinds.size === 1 ? (PUBLISHED[kind] ?? []) : [];
  return [...uniform, ...counted, ...published.map(([label, y]) => ({ label, y }))].map(
    ({ label, y }) => ({ label: `${label}: ${Number(y.toFixed(4))}`, y }),
  );
}

/** Whether the runs are of one text, cut alike into tokens and splits. */
export function shareText(runs: readonly LabRow[]): boolean {
  const texts = runs.map(({ data, tokenizer, vocabSize, settings }) =>
    JSON.stringify([data, tokenizer, vocabSize, settings?.['split']]),
  );
  return new Set(texts).size === 1;
}
