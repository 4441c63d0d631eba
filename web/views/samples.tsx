/** The texts that a run wrote while it was trained. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get } from '../api.js';
import { Panel, Scroll } from '../parts/bits.js';
import { rows } from '../state.js';

const written = signal<{ name: string; samples: string } | undefined>(undefined);

export function Samples({ name }: { name: string }) {
  const checkpoint = rows.value.get(name)?.latestCheckpoint;
  useEffect(() => {
    let isCurrent = true;
    get<{ samples: string }>(`/api/run?${new URLSearchParams({ name })}`)
      .then(({ samples }) => {
        if (isCurrent) written.value = { name, samples };
      })
      .catch(() => {}); // gone, which the view says
    return () => {
      isCurrent = false;
    };
  }, [name, checkpoint]);
  const text = written.value?.name === name ? written.value.samples.trim() : '';
  if (text === '') return null;
  return (
    <Panel title="Samples from its training">
      <Scroll label="samples" also="tall">
        <pre class="samples body">{text}</pre>
      </Scroll>
    </Panel>
  );
}
