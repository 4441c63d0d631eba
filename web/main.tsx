/** The Lab's page, and a report's. */
import { render } from 'preact';
import { when } from './format.js';
import { follow } from './live.js';
import { openReport, reportInPage } from './report.js';
import {
  chosen,
  connected,
  hrefOf,
  loaded,
  ordered,
  report,
  route,
  theme,
  wantedTheme,
} from './state.js';
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
/** Those that need no server. */
const REPORTED: readonly string[] = ['', 'run'];

/** The run that a view without a name is of: the one that was looked at last, compared, or begun last. */
function usual(): string | undefined {
  const [, named] = route.value;
  return named || chosen.value[0] || ordered.value.find(({ problem }) => !problem)?.name;
}

function View() {
  if (!loaded.value) return <p class="note">reading the runs …</p>;
  const [view = '', name = usual()] = route.value;
  if (view === '') return <Runs />;
  if (report.value && !REPORTED.includes(view)) {
    return <p class="note">A report has no more than curves and what is inside.</p>;
  }
  if (view === 'new') return <NewRun from={route.value[1] || undefined} />;
  if (name === undefined) return <p class="note">There is no run yet.</p>;
  if (view === 'run') return <Inside name={name} />;
  if (view === 'model') return <Model name={name} />;
  if (view === 'sample') return <Sample name={name} />;
  return <p class="note">There is nothing here.</p>;
}

function Freshness() {
  if (report.value) {
    const { written, version } = report.value;
    return (
      <span class="faint">
        written {when(written)}
        <span class="wide"> by nanogpt {version}</span>
      </span>
    );
  }
  return (
    <span class={`state ${connected.value ? 'running' : 'stopped'}`} role="status">
      {connected.value ? 'live' : 'not connected'}
    </span>
  );
}

function App() {
  const [view] = route.value;
  const other = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <>
      <header class="top">
        <a class="name" href={hrefOf('')}>
          {report.value ? 'nanogpt report' : 'nanogpt lab'}
        </a>
        <nav aria-label="views">
          {VIEWS.filter(([key]) => !report.value || REPORTED.includes(key)).map(([key, title]) => (
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
        <Freshness />
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

const inPage = reportInPage();
if (inPage) openReport(inPage);
render(<App />, document.getElementById('app')!);
if (!inPage) follow();
