/** The Lab's page. */
import { render } from 'preact';
import { follow } from './live.js';
import { chosen, connected, hrefOf, loaded, ordered, route, theme, wantedTheme } from './state.js';
import { Inside } from './views/inside.js';
import { Model } from './views/model.js';
import { NewRun } from './views/new-run.js';
import { Runs } from './views/runs.js';
import { Sample } from './views/sample.js';

const VIEWS = [
  ['', 'Runs'],
  ['run', 'Inside'],
  ['sample', 'Sample'],
  ['model', 'Model'],
  ['new', 'New run'],
] as const;

/** The run that a view without a name is of: the one that was looked at last, compared, or begun last. */
function usual(): string | undefined {
  const [, named] = route.value;
  return named || chosen.value[0] || ordered.value.find(({ problem }) => !problem)?.name;
}

function View() {
  if (!loaded.value) return <p class="note">reading the runs …</p>;
  const [view = '', name = usual()] = route.value;
  if (view === '') return <Runs />;
  if (view === 'new') return <NewRun from={route.value[1] || undefined} />;
  if (name === undefined) return <p class="note">There is no run yet.</p>;
  if (view === 'run') return <Inside name={name} />;
  if (view === 'model') return <Model name={name} />;
  if (view === 'sample') return <Sample name={name} />;
  return <p class="note">There is nothing here.</p>;
}

function App() {
  const [view] = route.value;
  const other = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <>
      <header class="top">
        <a class="name" href={hrefOf('')}>
          nanogpt lab
        </a>
        <nav aria-label="views">
          {VIEWS.map(([key, title]) => (
            <a
              key={key}
              href={key === '' || key === 'new' ? hrefOf(key) : hrefOf(key, usual() ?? '')}
              aria-current={view === key ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <span class="grow" />
        <span class={`state ${connected.value ? 'running' : 'stopped'}`} role="status">
          {connected.value ? 'live' : 'not connected'}
        </span>
        <button type="button" class="plain" onClick={() => (wantedTheme.value = other)}>
          {other}
        </button>
      </header>
      <main>
        <h1 class="sr">{VIEWS.find(([key]) => key === view)?.[1] ?? 'nanogpt lab'}</h1>
        <View />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
follow();
