/** The Lab's page. */
import { render } from 'preact';
import { follow } from './live.js';
import { connected, hrefOf, loaded, route, theme, wantedTheme } from './state.js';
import { Runs } from './views/runs.js';

const VIEWS = [['', 'Runs']] as const;

function View() {
  if (!loaded.value) return <p class="note">reading the runs …</p>;
  return <Runs />;
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
            <a key={key} href={hrefOf(key)} aria-current={view === key ? 'page' : undefined}>
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
        <View />
      </main>
    </>
  );
}

render(<App />, document.getElementById('app')!);
follow();
