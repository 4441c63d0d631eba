/** Lines to compare with: what knows nothing, what knows frequencies, what was published. */
import { signal } from '@preact/signals';
import { rows } from '../state.js';
import { Check } from './bits.js';

const shown = signal(false);

/** Published losses in nats, by data and tokenizer. */
const PUBLISHED: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'tiny_shakespeare char': [
    ['bigram', 2.4819],
    ['nanoGPT on a CPU', 1.88],
    ['nanoGPT on a GPU', 1.4697],
  ],
  'names char': [
    ['makemore MLP', 2.107],
    ['makemore hierarchical', 1.9937],
  ],
  'tiny_shakespeare p50k_base': [['unigram', 6.592]],
};

/** The lines for the runs at hand; only what all of them share is comparable. */
export function references(runs: readonly string[]): { label: string; y: number }[] {
  if (!shown.value) return [];
  const known = runs.flatMap((name) => rows.value.get(name) ?? []);
  const sizes = new Set(known.map((row) => row.vocabSize));
  const kinds = new Set(known.map((row) => `${row.data} ${row.tokenizer}`));
  const [size] = sizes;
  const [kind] = kinds;
  const uniform =
    sizes.size === 1 && size ? [{ label: `ln ${size}: knows nothing`, y: Math.log(size) }] : [];
  const published = kinds.size === 1 ? (PUBLISHED[kind ?? ''] ?? []) : [];
  return [...uniform, ...published.map(([label, y]) => ({ label: `${label} ${y}`, y }))];
}

export function References() {
  return (
    <Check
      label="reference lines"
      value={shown.value}
      onChange={(value) => (shown.value = value)}
    />
  );
}
