/** What to train: model, preset, text and the settings that one changes most. */
import { computed, signal } from '@preact/signals';
import { Panel } from '../parts/bits.js';
import { attempt, call, machine, models, show, training } from './engine.js';
import {
  choice,
  chosenText,
  datasets,
  fetching,
  OWN,
  ownName,
  ownText,
  takeFile,
} from './texts.js';

const model = signal('mlp');
const preset = signal('chars');
const typed = signal<Readonly<Record<string, string>>>({});
/** Further settings, as `--set` takes them, separated by spaces or line ends. */
const more = signal('');
const starting = signal(false);

const definition = computed(() => models.value.find(({ name }) => name === model.value));
const chosen = computed(() => definition.value?.presets.find(({ name }) => name === preset.value));

/** Takes a preset, or the first that a tab has room for. */
function choose(nextModel: string, nextPreset?: string): void {
  const next = models.value.find(({ name }) => name === nextModel);
  const all = next?.presets ?? [];
  const byChars = all.find(({ tokenizer }) => tokenizer === 'char');
  const found =
    all.find(({ name }) => name === nextPreset) ??
    byChars ??
    all.find(({ lacks }) => lacks === null);
  model.value = nextModel;
  preset.value = found?.name ?? '';
  typed.value = {};
  if (found && choice.value !== OWN) choice.value = found.data;
}

async function start(): Promise<void> {
  starting.value = true;
  await attempt(async () => {
    const given = await chosenText();
    const set = [
      ...Object.entries(typed.value).map(([key, value]) => `${key}=${value}`),
      ...more.value.split(/\s+/).filter((pair) => pair !== ''),
    ];
    const order = { model: model.value, preset: preset.value, set, given };
    training.value = true;
    try {
      show(await call('start', order));
    } catch (error) {
      training.value = false;
      throw error;
    }
  });
  starting.value = false;
}

export function Setup() {
  const ready = machine.value !== undefined;
  return (
    <Panel
      title="Train"
      tools={
        <>
          <span class="grow" />
          {training.value ? (
            <button
              type="button"
              onClick={() => void attempt(async () => void (await call('stop')))}
            >
              stop
            </button>
          ) : (
            <button
              type="submit"
              form="setup"
              class="primary"
              disabled={!ready || starting.value || !chosen.value}
            >
              {starting.value || fetching.value ? 'starting …' : 'train'}
            </button>
          )}
        </>
      }
    >
      <form
        id="setup"
        class="body form"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <label class="line">
          model
          <select value={model.value} onChange={(event) => choose(event.currentTarget.value)}>
            {models.value.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="line">
          preset
          <select
            value={preset.value}
            onChange={(event) => choose(model.value, event.currentTarget.value)}
          >
            {definition.value?.presets.map(({ name, lacks }) => (
              <option key={name} value={name}>
                {lacks === null ? name : `${name} (too large)`}
              </option>
            ))}
          </select>
        </label>
        <p class="faint">{chosen.value?.summary ?? definition.value?.summary}</p>
        {chosen.value?.lacks && (
          <p class="machine">
            {chosen.value.lacks}. Make it smaller below, or train it on the command line.
          </p>
        )}
        <Text />
        <Numbers />
        <label class="tall">
          <span>
            further settings, as <code>--set</code> takes them
          </span>
          <input
            value={more.value}
            placeholder="nHidden=400 optimizer=sgd"
            spellcheck={false}
            onInput={(event) => (more.value = event.currentTarget.value)}
          />
        </label>
      </form>
    </Panel>
  );
}

/** Characters: beyond, a browser takes minutes to lay a text out in a field. */
const LONGEST_SHOWN = 1_000_000;

function Text() {
  const isLong = ownText.value.length > LONGEST_SHOWN;
  return (
    <>
      <label class="line">
        text
        <select
          value={choice.value}
          onChange={(event) => (choice.value = event.currentTarget.value)}
        >
          {[...datasets, OWN].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {choice.value === OWN && (
        <label class="tall">
          {ownName.value}, {ownText.value.length.toLocaleString('en-US')} characters
          <textarea
            rows={6}
            placeholder="paste a text here: a few thousand characters at least"
            value={isLong ? ownText.value.slice(0, LONGEST_SHOWN) : ownText.value}
            readOnly={isLong}
            onInput={(event) => (ownText.value = event.currentTarget.value)}
          />
        </label>
      )}
      {choice.value === OWN && isLong && (
        <div class="row faint">
          its beginning; all of it is trained on
          <span class="grow" />
          <button type="button" onClick={() => (ownText.value = '')}>
            another text
          </button>
        </div>
      )}
      <label class="tall">
        or load one from a file
        <input
          type="file"
          accept=".txt,.text,.md,text/plain"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) void attempt(() => takeFile(file));
          }}
        />
      </label>
    </>
  );
}

const FIELDS = [
  ['steps', 'steps'],
  ['batchSize', 'batch'],
  ['lr', 'peak rate'],
] as const;

function Numbers() {
  const found = chosen.value;
  if (!found || found.steps === 0) return null;
  return (
    <>
      {FIELDS.map(([key, title]) => (
        <label key={key} class="line">
          {title}
          <input
            inputMode="decimal"
            value={typed.value[key] ?? ''}
            placeholder={String(found[key])}
            onInput={(event) => {
              const { [key]: _, ...rest } = typed.value;
              const value = event.currentTarget.value.trim();
              typed.value = value === '' ? rest : { ...rest, [key]: value };
            }}
          />
        </label>
      ))}
      <label class="line">
        seed
        <input
          inputMode="numeric"
          value={typed.value['seed'] ?? ''}
          placeholder="0"
          onInput={(event) => {
            const { seed: _, ...rest } = typed.value as Record<string, string>;
            const value = event.currentTarget.value.trim();
            typed.value = value === '' ? rest : { ...rest, seed: value };
          }}
        />
      </label>
    </>
  );
}
