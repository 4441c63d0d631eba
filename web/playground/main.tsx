/** The playground: a model trained in this tab. */
import { render } from 'preact';
import { Trouble } from '../parts/bits.js';
import { theme, wantedTheme } from '../state.js';
import { attempt, begin, machine, problem, training } from './engine.js';
import { Keep } from './keep.js';
import { Progress } from './progress.js';
import { Setup } from './setup.js';
import { Write } from './write.js';

function App() {
  const other = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <>
      <header class="top">
        <span class="name own">nanogpt playground</span>
        <span class="grow" />
        <Machine />
        <button type="button" class="plain" onClick={() => (wantedTheme.value = other)}>
          {other}
        </button>
      </header>
      <main>
        <h1 class="sr">nanogpt playground</h1>
        <Trouble problem={problem.value} />
        <Isolation />
        <div class="workbench">
          <div>
            <Setup />
            <Keep />
          </div>
          <div>
            <Progress />
            <Write />
          </div>
        </div>
      </main>
    </>
  );
}

function Machine() {
  const found = machine.value;
  if (!found) return <span class="faint">loading the kernels …</span>;
  return (
    <span class="faint">
      {found.threads === 1 ? '1 thread' : `${found.threads} threads`}
      <span class="wide"> of WebAssembly</span>
    </span>
  );
}

/** What the host keeps from the page, in words. */
function Isolation() {
  if (!machine.value || machine.value.isolated) return null;
  return (
    <p class="machine">
      One thread only: threads share memory, which a browser allows to a page that was sent with the
      headers <code>Cross-Origin-Opener-Policy: same-origin</code> and{' '}
      <code>Cross-Origin-Embedder-Policy: require-corp</code>. With them,{' '}
      {navigator.hardwareConcurrency} threads would compute here; <code>nanogpt playground</code>{' '}
      sends them.
    </p>
  );
}

// Leaving the page ends a training, and with it what it has learnt: the browser asks first.
addEventListener('beforeunload', (event) => {
  if (training.value) event.preventDefault();
});
render(<App />, document.getElementById('app')!);
void attempt(begin);
