/** A run's model: its parts with their shapes, where its heads look, what each layer would say, its tokens. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { InsightReply, TreeReply } from '../../src/lab/explorer/messages.js';
import { ApiProblem, post } from '../api.js';
import { visible, whole } from '../format.js';
import { Panel, Scroll, Segments, Trouble } from '../parts/bits.js';
import { RunPicker } from '../parts/run-picker.js';
import { hrefOf, rows, token } from '../state.js';
import { Diagram } from './diagram.js';
import { EmbeddingPlane } from './embedding.js';
import { Map2d } from './heads.js';
import { Pieces } from './pieces.js';

const tree = signal<TreeReply | undefined>(undefined);
const insight = signal<InsightReply | undefined>(undefined);
const problem = signal<string | undefined>(undefined);
const insightProblem = signal<string | undefined>(undefined);
const prompt = signal('First Citizen:\nBefore we proceed');
const checkpoint = signal<'latest' | number>('latest');
const layer = signal(0);
const head = signal(0);
/** The query whose row is read. */
const place = signal<number | undefined>(undefined);

/** Asks, and says in a signal what went wrong. */
export async function explore<T>(
  what: string,
  body: object,
  into: { value: T | undefined },
  said: { value: string | undefined },
): Promise<void> {
  try {
    into.value = await post<T>(`/api/explore/${what}`, body);
    said.value = undefined;
  } catch (error) {
    into.value = undefined;
    if (error instanceof ApiProblem) said.value = error.message;
  }
}

export function Model({ name }: { name: string }) {
  const row = rows.value.get(name);
  const at = checkpoint.value;
  useEffect(() => {
    if (!token.value) return;
    tree.value = undefined;
    void explore('tree', { name, checkpoint: at }, tree, problem);
  }, [name, at]);
  useEffect(() => {
    if (!token.value) return;
    const timer = setTimeout(
      () =>
        void explore(
          'insight',
          { name, checkpoint: at, prompt: prompt.value || ' ' },
          insight,
          insightProblem,
        ),
      250,
    );
    return () => clearTimeout(timer);
  }, [name, at, prompt.value]);
  if (!row) return <p class="note">There is no run {name}.</p>;
  const checkpoints = row.checkpoints ?? [];
  return (
    <>
      <Panel
        title="Model"
        tools={
          <>
            <RunPicker name={name} href={(other) => hrefOf('model', other)} />
            <label class="field">
              checkpoint
              <select
                value={String(at)}
                onChange={(event) => {
                  const { value } = event.currentTarget;
                  checkpoint.value = value === 'latest' ? 'latest' : Number(value);
                }}
              >
                <option value="latest">latest</option>
                {checkpoints.map((step) => (
                  <option key={step} value={step}>
                    step {whole(step)}
                  </option>
                ))}
              </select>
            </label>
            <span class="grow" />
            {tree.value && (
              <span class="faint">
                {whole(tree.value.root.parameters)} parameters; block of {tree.value.blockSize}{' '}
                tokens, {tree.value.receptiveField} in sight; predicts{' '}
                {tree.value.target === 'all' ? 'after each' : 'the next'}
              </span>
            )}
          </>
        }
      >
        {!token.value && (
          <p class="notice">
            Opening a model needs the key: open the page by the whole address that{' '}
            <code>nanogpt lab</code> printed.
          </p>
        )}
        <Trouble problem={problem.value} />
        {tree.value ? (
          <Diagram root={tree.value.root} />
        ) : (
          !problem.value && <p class="note">opening the model …</p>
        )}
      </Panel>
      <Panel title="A prompt, layer by layer">
        <div class="body">
          <textarea
            rows={2}
            aria-label="prompt"
            value={prompt.value}
            maxLength={2000}
            onInput={(event) => (prompt.value = event.currentTarget.value)}
          />
        </div>
        {insightProblem.value ? (
          <p class="note">{insightProblem.value}</p>
        ) : (
          insight.value && <Insight reply={insight.value} />
        )}
      </Panel>
      <div class="grid2">
        <EmbeddingPlane name={name} checkpoint={at} />
        <Pieces name={name} />
      </div>
    </>
  );
}

function Insight({ reply }: { reply: InsightReply }) {
  const { attention, tokens, lens } = reply;
  const chosenLayer = Math.min(layer.value, attention.length - 1);
  const maps = attention[chosenLayer]?.heads ?? [];
  const chosenHead = Math.min(head.value, maps.length - 1);
  const map = maps[chosenHead] ?? [];
  const query = Math.min(place.value ?? tokens.length - 1, tokens.length - 1);
  return (
    <>
      <div class="body insight">
        <div>
          <div class="fields">
            <h3>Attention</h3>
            <Segments
              label="layer"
              value={String(chosenLayer)}
              options={attention.map((_, i) => [String(i), `layer ${i}`] as const)}
              onChange={(value) => (layer.value = Number(value))}
            />
          </div>
          <div class="head-row">
            {maps.map((one, h) => (
              <button
                type="button"
                key={h}
                class="head"
                aria-pressed={h === chosenHead}
                onClick={() => (head.value = h)}
              >
                <Map2d values={one} label={`head ${h}`} size={104} />
                <span class="faint mono">head {h}</span>
              </button>
            ))}
          </div>
        </div>
        <div>
          <h3>
            What <code>{visible(tokens[query]?.text ?? '')}</code> takes from each token, layer{' '}
            {chosenLayer}, head {chosenHead}
          </h3>
          <div class="text small">
            {tokens.map((piece, i) => {
              const weight = map[query]?.[i] ?? 0;
              return (
                // biome-ignore lint/a11y/useSemanticElements: a button would not break its lines
                <span
                  role="button"
                  tabIndex={0}
                  key={i}
                  class="token attended"
                  aria-pressed={i === query}
                  style={{ '--surprise': `${Math.round(Math.sqrt(weight) * 85)}%` }}
                  title={i <= query ? weight.toFixed(3) : undefined}
                  onClick={() => (place.value = i)}
                  onKeyDown={(event) => {
                    if (event.key === 'Enter') place.value = i;
                  }}
                >
                  {piece.text === '' ? '◌' : piece.text}
                </span>
              );
            })}
          </div>
        </div>
      </div>
      <div class="body">
        <h3>Prediction after each layer: the likeliest next token, and its probability</h3>
        <Scroll label="predictions after each layer">
          <table class="lens">
            <thead>
              <tr>
                <th scope="col">after</th>
                {tokens.map((piece, i) => (
                  <th scope="col" key={i} class={`mono ${i === query ? 'here' : ''}`}>
                    {visible(piece.text)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {[...lens].reverse().map(({ path, places }) => (
                <tr key={path}>
                  <th scope="row" class="mono">
                    {path}
                  </th>
                  {places.map(({ top, entropy }, i) => (
                    <td
                      key={i}
                      class={i === query ? 'here' : ''}
                      style={{ '--surprise': `${Math.round((top[0]?.probability ?? 0) * 50)}%` }}
                      title={`entropy ${entropy.toFixed(2)} nats; ${top.map(({ text, probability }) => `${visible(text)} ${probability.toFixed(3)}`).join(', ')}`}
                    >
                      <b class="mono">{visible(top[0]?.text ?? '')}</b>
                      <span class="faint">{top[0]?.probability.toFixed(2)}</span>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </div>
    </>
  );
}
