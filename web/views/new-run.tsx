/** A form for a new run, or for a fork of another: every setting that the command line has, judged by the same words. */
import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FormReply, FormSetting } from '../../src/lab/forms.js';
import { ApiProblem, get, post } from '../api.js';
import { Panel, Segments, Trouble } from '../parts/bits.js';
import { chosen, hrefOf, rows, token } from '../state.js';

const forms = signal<FormReply | undefined>(undefined);
const model = signal('mlp');
const preset = signal('');
const typed = signal<Readonly<Record<string, string>>>({});
const name = signal('');
const checkpoint = signal('latest');
const shown = signal<'common' | 'all'>('common');
const problem = signal<string | undefined>(undefined);
/** What the settings come to, as the server says. */
const resolved = signal<Readonly<Record<string, string>>>({});
const busy = signal(false);
const filter = signal('');

/** What most runs differ in. */
const COMMON = [
  ...['data', 'tokenizer', 'seed', 'steps', 'batchSize', 'lr', 'optimizer', 'schedule'],
  ...['warmupSteps', 'weightDecay', 'clipNorm', 'evalInterval', 'keepInterval', 'probes'],
  ...['blockSize', 'nLayer', 'nHead', 'nEmbd', 'nHidden', 'dropout', 'activation', 'norm'],
];

const definition = computed(() => forms.value?.models.find((one) => one.name === model.value));
const presetValues = computed(
  () => definition.value?.presets.find((one) => one.name === preset.value)?.values ?? {},
);

function choose(nextModel: string, nextPreset?: string): void {
  const found = forms.value?.models.find((one) => one.name === nextModel);
  model.value = nextModel;
  preset.value = nextPreset ?? found?.defaultPreset ?? '';
  typed.value = {};
  problem.value = undefined;
}

export function NewRun({ from }: { from: string | undefined }) {
  useEffect(() => {
    void get<FormReply>('/api/forms').then((reply) => {
      forms.value = reply;
      if (!preset.peek()) choose('mlp', 'chars');
    });
  }, []);
  const source = from === undefined ? undefined : rows.value.get(from);
  useEffect(() => {
    if (source?.model && source.preset && forms.value) choose(source.model, source.preset);
    name.value = '';
    checkpoint.value = 'latest';
  }, [from, forms.value, source?.model]);
  useChecked(source !== undefined);
  if (!forms.value || !definition.value) return <p class="note">reading the settings …</p>;
  return (
    <form
      class="new-run"
      onSubmit={(event) => {
        event.preventDefault();
        void begin(from);
      }}
    >
      <Panel
        title={source ? `Fork of ${source.name}` : 'New run'}
        tools={
          <>
            {source ? (
              <ForkFields checkpoints={source.checkpoints ?? []} />
            ) : (
              <StartFields forms={forms.value} />
            )}
            <label class="field">
              name
              <input
                value={name.value}
                placeholder="chosen for you"
                pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,99}"
                onInput={(event) => (name.value = event.currentTarget.value)}
              />
            </label>
            <span class="grow" />
            <button type="submit" class="primary" disabled={busy.value || !token.value}>
              {busy.value ? 'starting …' : source ? 'fork' : 'start'}
            </button>
          </>
        }
      >
        <Trouble problem={problem.value} />
        {!token.value && (
          <p class="notice">
            This page has no key, and may only look: open it by the whole address that{' '}
            <code>nanogpt lab</code> printed.
          </p>
        )}
        <p class="note">
          {source
            ? `Begins with the weights of a checkpoint of ${source.name} and its settings, but for those changed here. Of the model's own, only dropout and blockSize can change.`
            : definition.value.presets.find((one) => one.name === preset.value)?.summary}
        </p>
        <code class="command">{commandOf(from)}</code>
      </Panel>
      <Panel
        title="Settings"
        tools={
          <>
            <Segments
              label="settings shown"
              value={shown.value}
              options={[
                ['common', 'common'],
                ['all', 'all'],
              ]}
              onChange={(value) => (shown.value = value)}
            />
            <input
              type="search"
              placeholder="find a setting"
              aria-label="find a setting"
              value={filter.value}
              onInput={(event) => (filter.value = event.currentTarget.value)}
            />
            <span class="grow" />
            <span class="together">
              <span class="faint">{Object.keys(typed.value).length} changed</span>
              <button
                type="button"
                disabled={Object.keys(typed.value).length === 0}
                onClick={() => (typed.value = {})}
              >
                as the {source ? 'run' : 'preset'}
              </button>
            </span>
          </>
        }
      >
        <Fields
          settings={definition.value.settings}
          base={source ? settingsOf(source.settings) : presetValues.value}
        />
      </Panel>
    </form>
  );
}

/** A run's settings as one would type them. */
function settingsOf(settings: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : String(value)]),
  );
}

function StartFields({ forms }: { forms: FormReply }) {
  return (
    <>
      <label class="field">
        model
        <select value={model.value} onChange={(event) => choose(event.currentTarget.value)}>
          {forms.models.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        preset
        <select
          value={preset.value}
          onChange={(event) => choose(model.value, event.currentTarget.value)}
        >
          {definition.value?.presets.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function ForkFields({ checkpoints }: { checkpoints: readonly number[] }) {
  return (
    <label class="field">
      checkpoint
      <select
        value={checkpoint.value}
        onChange={(event) => (checkpoint.value = event.currentTarget.value)}
      >
        <option value="latest">latest</option>
        <option value="best">best</option>
        {checkpoints.map((step) => (
          <option key={step} value={String(step)}>
            step {step}
          </option>
        ))}
      </select>
    </label>
  );
}

function commandOf(from: string | undefined): string {
  const quoted = (text: string) =>
    /^[\w./:=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const sets = Object.entries(typed.value).map(
    ([key, value]) => `--set ${quoted(`${key}=${value}`)}`,
  );
  const what =
    from === undefined
      ? `${model.value} --preset ${preset.value}`
      : `--init-from ${quoted(from)} --checkpoint ${checkpoint.value}`;
  return ['nanogpt train', what, ...sets, ...(name.value ? [`--out runs/${name.value}`] : [])].join(
    ' ',
  );
}

/** Asks the server, a moment after the last change, whether it fits and what follows from it. */
function useChecked(isFork: boolean): void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    clearTimeout(timer.current);
    if (isFork || !preset.value || !token.value) return undefined;
    const controller = new AbortController(); // an older answer may come last
    timer.current = setTimeout(async () => {
      const body = { model: model.value, preset: preset.value, settings: typed.value };
      type Checked = { values: Record<string, string> };
      try {
        resolved.value = (await post<Checked>('/api/check', body, controller.signal)).values;
        problem.value = undefined;
      } catch (error) {
        if (error instanceof ApiProblem) problem.value = error.message;
      }
    }, 200);
    return () => controller.abort();
  }, [model.value, preset.value, typed.value, isFork]);
}

async function begin(from: string | undefined): Promise<void> {
  busy.value = true;
  problem.value = undefined;
  const named = name.value ? { name: name.value } : {};
  try {
    const reply =
      from === undefined
        ? await post<{ name: string }>('/api/start', {
            model: model.value,
            preset: preset.value,
            settings: typed.value,
            ...named,
          })
        : await post<{ name: string }>('/api/fork', {
            from,
            checkpoint: checkpoint.value,
            settings: typed.value,
            ...named,
          });
    chosen.value = [...chosen.value, reply.name];
    location.hash = hrefOf('run', reply.name);
  } catch (error) {
    if (error instanceof ApiProblem) problem.value = error.message;
  } finally {
    busy.value = false;
  }
}

const ROOMS = [
  ['run', 'Run'],
  ['model', 'Model'],
  ['training', 'Training'],
] as const;

function Fields({
  settings,
  base,
}: {
  settings: readonly FormSetting[];
  base: Readonly<Record<string, string>>;
}) {
  const words = filter.value.toLowerCase();
  const isShown = ({ key, description }: FormSetting) =>
    words
      ? `${key} ${description}`.toLowerCase().includes(words)
      : shown.value === 'all' || COMMON.includes(key) || key in typed.value;
  return (
    <div class="rooms">
      {ROOMS.map(([of, title]) => {
        const own = settings.filter((setting) => setting.of === of && isShown(setting));
        return own.length === 0 ? null : (
          <fieldset key={of}>
            <legend>{title}</legend>
            {own.map((setting) => (
              <Field key={setting.key} setting={setting} base={base[setting.key] ?? ''} />
            ))}
          </fieldset>
        );
      })}
    </div>
  );
}

function Field({ setting, base }: { setting: FormSetting; base: string }) {
  const { key, kind, options, description } = setting;
  const isChanged = key in typed.value;
  const value = typed.value[key] ?? base;
  const change = (next: string) => {
    const { [key]: _, ...rest } = typed.value;
    typed.value = next === base ? rest : { ...rest, [key]: next };
  };
  const lists = { data: forms.value?.datasets, tokenizer: forms.value?.tokenizers }[key];
  const wrong = problem.value?.startsWith(`${key}=`) ? problem.value : undefined;
  const common = {
    ...{ id: `set-${key}`, 'aria-describedby': `why-${key}`, value },
    'aria-invalid': wrong !== undefined,
  };
  return (
    <div class={`setting ${isChanged ? 'changed' : ''}`}>
      <label for={`set-${key}`} class="mono">
        {key}
      </label>
      {kind === 'choice' || kind === 'boolean' ? (
        <select {...common} onChange={(event) => change(event.currentTarget.value)}>
          {value === '' && <option value="">–</option>}
          {(options ?? ['true', 'false']).map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          inputMode={kind === 'number' ? 'decimal' : undefined}
          list={lists ? `list-${key}` : undefined}
          placeholder={resolved.value[key] ?? ''}
          spellcheck={false}
          // At every key: drawn anew meanwhile, the field would be set back to what is known.
          onInput={(event) => change(event.currentTarget.value)}
          onBlur={(event) => change(event.currentTarget.value.trim())}
        />
      )}
      {lists && (
        <datalist id={`list-${key}`}>
          {lists.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      <span class="faint why" id={`why-${key}`}>
        {description}
        {isChanged && base !== '' ? ` (was ${base})` : ''}
        {wrong && <b class="bad"> {wrong}</b>}
      </span>
    </div>
  );
}
