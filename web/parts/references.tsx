/** The lines to compare with, on the page. */
import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { YardstickReply } from '../../src/lab/explorer/messages.js';
import { ApiProblem, post } from '../api.js';
import { type ReferenceLine, referenceLines, shareText } from '../charts/references.js';
import { report, rows, token } from '../state.js';
import { Check } from './bits.js';

const shown = signal(false);
/** By run; null where they cannot be had. */
const yardsticks = signal<ReadonlyMap<string, YardstickReply | null>>(new Map());
const problem = signal<string | undefined>(undefined);

export function useReferences(runs: readonly string[]): ReferenceLine[] {
  const known = runs.flatMap((name) => rows.value.get(name) ?? []);
  const [first] = runs;
  const isAsked = shown.value && first !== undefined && shareText(known);
  useEffect(() => {
    if (!isAsked || yardsticks.peek().has(first)) return;
    if (!report.peek() && !token.peek()) return; // it needs the key
    const keep = (reply: YardstickReply | null) => {
      yardsticks.value = new Map([...yardsticks.peek(), [first, reply]]);
    };
    post<YardstickReply>('/api/explore/yardsticks', { name: first })
      .then(keep)
      .catch((error) => {
        if (!(error instanceof ApiProblem)) return;
        problem.value = error.message;
        keep(null);
      });
  }, [isAsked, first]);
  const found = isAsked ? yardsticks.value.get(first) : undefined;
  return useMemo(
    () => (shown.value ? referenceLines(known, found ?? undefined) : []),
    [shown.value, runs, found, known.length],
  );
}

export function References() {
  return (
    <>
      <Check
        label="reference lines"
        value={shown.value}
        onChange={(value) => {
          shown.value = value;
          problem.value = undefined;
        }}
      />
      {shown.value && problem.value && (
        <span class="faint" title={problem.value}>
          without unigram and bigram: the text is not at hand
        </span>
      )}
    </>
  );
}
