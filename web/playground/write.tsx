/** The model writes: also while it is trained, with the weights of that moment. */
import { signal } from '@preact/signals';
import { Panel } from '../parts/bits.js';
import { Slider } from '../parts/slider.js';
import { attempt, call, run, written } from './engine.js';

const prompt = signal('');
const temperature = signal(0.8);
const tokens = signal(300);
const seed = signal(0);
const busy = signal(false);
/** What the text on show was begun with. */
const begun = signal('');

async function write(): Promise<void> {
  busy.value = true;
  written.value = '';
  begun.value = prompt.value;
  await attempt(async () => {
    await call('sample', {
      prompt: prompt.value,
      maxTokens: tokens.value,
      temperature: temperature.value,
      topK: 0,
      seed: seed.value,
    });
  });
  seed.value++; // the next one is another text
  busy.value = false;
}

export function Write() {
  const hasRun = run.value !== undefined;
  return (
    <Panel
      title="Write"
      tools={
        <>
          <span class="grow" />
          <button
            type="button"
            class="primary"
            disabled={!hasRun || busy.value}
            onClick={() => void write()}
          >
            {busy.value ? 'writing …' : 'write'}
          </button>
        </>
      }
    >
      <div class="body">
        <label class="tall">
          <span class="sr">prompt</span>
          <textarea
            rows={2}
            placeholder="a prompt, or nothing"
            value={prompt.value}
            onInput={(event) => (prompt.value = event.currentTarget.value)}
          />
        </label>
        <div class="fields">
          <Slider label="temperature" value={temperature} min={0} max={2} step={0.05} />
          <label class="field">
            tokens
            <input
              type="number"
              min={1}
              max={5000}
              value={tokens.value}
              onChange={(event) => (tokens.value = Number(event.currentTarget.value) || 300)}
            />
          </label>
          <label class="field">
            seed
            <input
              type="number"
              min={0}
              value={seed.value}
              onChange={(event) => (seed.value = Number(event.currentTarget.value) || 0)}
            />
          </label>
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: else what lies outside is not to be reached by keys */}
      <section class="text asked" aria-label="what the model wrote" tabIndex={0}>
        {busy.value || written.value ? (
          <>
            <span class="prompt">{begun.value}</span>
            {written.value}
          </>
        ) : (
          <span class="faint">
            {hasRun ? 'nothing yet' : 'train a model or load one, and it writes here'}
          </span>
        )}
      </section>
    </Panel>
  );
}
