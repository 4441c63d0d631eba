/** A text as the run's tokenizer cuts it. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PiecesReply } from '../../src/lab/explorer/messages.js';
import { visible, whole } from '../format.js';
import { Panel } from '../parts/bits.js';
import { token } from '../state.js';
import { explore } from './model.js';

const text = signal(
  'To be, or not to be: that is the question.\nWhether it is nobler in the mind to suffer',
);
const reply = signal<PiecesReply | undefined>(undefined);
const problem = signal<string | undefined>(undefined);
const at = signal<number | undefined>(undefined);

/** Neighbours differ; equal pieces look equal. */
const GROUNDS = 6;

export function Pieces({ name }: { name: string }) {
  useEffect(() => {
    if (!token.value) return;
    const timer = setTimeout(
      () => void explore('pieces', { name, text: text.value }, reply, problem),
      200,
    );
    return () => clearTimeout(timer);
  }, [name, text.value]);
  const { value } = reply;
  const picked = at.value === undefined ? undefined : value?.pieces[at.value];
  return (
    <Panel
      title="Tokenizer"
      tools={
        <span class="faint">
          {value &&
            `${value.name.split('/').at(-1)}: ${value.pieces.length} tokens, ${whole(value.vocabSize)} in the vocabulary, ${(value.bytes / Math.max(1, value.pieces.length)).toFixed(2)} bytes each`}
        </span>
      }
    >
      <div class="body">
        <textarea
          rows={3}
          aria-label="text to cut"
          value={text.value}
          maxLength={5000}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </div>
      {problem.value && <p class="note">{problem.value}</p>}
      <div class="text pieces">
        {value?.pieces.map((piece, i) => (
          <span
            key={i}
            class={`piece ground-${piece.id % GROUNDS}`}
            onPointerEnter={() => (at.value = i)}
          >
            {piece.text === '' ? '◌' : piece.text.replaceAll('\n', '⏎\n')}
          </span>
        ))}
      </div>
      <p class="note">
        {picked ? (
          <>
            token {picked.id}: <b class="mono">{visible(picked.text)}</b>
          </>
        ) : (
          'A frame is a token; equal tokens have equal colours.'
        )}
      </p>
    </Panel>
  );
}
