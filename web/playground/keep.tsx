/** Taking a run along, and bringing one here. */
import { signal } from '@preact/signals';
import { Panel } from '../parts/bits.js';
import { folderName } from './archive.js';
import { attempt, call, run, show, training } from './engine.js';
import { download, read } from './files.js';
import { chosenText, datasets, textOf } from './texts.js';

const busy = signal(false);
const steps = signal('');

async function save(): Promise<void> {
  busy.value = true;
  await attempt(async () => download(run.value!.config.name, await call('save')));
  busy.value = false;
}

async function load(chosen: FileList): Promise<void> {
  busy.value = true;
  await attempt(async () => show(await call('open', await read(chosen))));
  busy.value = false;
}

async function goOn(): Promise<void> {
  await attempt(async () => {
    const { config, hasText } = run.value!;
    const isDataset = datasets.includes(config.data);
    const text = hasText
      ? undefined
      : isDataset
        ? await textOf(config.data)
        : (await chosenText()).text;
    const wanted = steps.value === '' ? undefined : Number(steps.value);
    training.value = true;
    try {
      show(await call('resume', { text, steps: wanted }));
    } catch (error) {
      training.value = false;
      throw error;
    }
  });
}

export function Keep() {
  const name = run.value?.config.name;
  const isSaved = (run.value?.step ?? 0) > 0 || run.value?.config.training.steps === 0;
  return (
    <Panel title="Keep" id="keep">
      <div class="body form">
        <div class="row">
          <button
            type="button"
            disabled={name === undefined || busy.value}
            onClick={() => void save()}
          >
            save as a file
          </button>
          <span class="grow" />
        </div>
        {name && (
          <p class="faint">
            Unpacked, it is a run's folder, which the command line reads:{' '}
            <code>nanogpt sample {folderName(name)}</code>
            {training.value ? ' (while it trains, as of its last checkpoint)' : ''}
          </p>
        )}
        <label class="tall">
          load a run: the archive of one
          <input
            type="file"
            accept=".zip,application/zip"
            aria-label="archive of a run"
            disabled={training.value}
            onChange={(event) => {
              const { files } = event.currentTarget;
              if (files?.length) void load(files);
            }}
          />
        </label>
        <label class="tall">
          <span>
            or its folder, as <code>nanogpt train</code> left it in <code>runs</code>
          </span>
          <input
            type="file"
            aria-label="folder of a run"
            disabled={training.value}
            ref={(input) => input?.setAttribute('webkitdirectory', '')}
            onChange={(event) => {
              const { files } = event.currentTarget;
              if (files?.length) void load(files);
            }}
          />
        </label>
        {name && isSaved && !training.value && run.value!.config.training.steps > 0 && (
          <div class="row">
            <label class="field">
              go on to step
              <input
                inputMode="numeric"
                size={7}
                value={steps.value}
                placeholder={String(run.value!.config.training.steps)}
                onInput={(event) => (steps.value = event.currentTarget.value.trim())}
              />
            </label>
            <button type="button" onClick={() => void goOn()}>
              go on
            </button>
          </div>
        )}
      </div>
    </Panel>
  );
}
