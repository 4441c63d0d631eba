/** A run's model writes: with what, from which checkpoint, one beside another, and what each token was drawn from. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SamplePart } from '../../src/lab/explorer/messages.js';
import { ApiProblem, stream } from '../api.js';
import { Panel, Trouble } from '../parts/bits.js';
import { RunPicker } from '../parts/run-picker.js';
import { Slider } from '../parts/slider.js';
import { hrefOf, rows } from '../state.js';
import { Distribution, TokenText } from './tokens.js';

export type Token = Extract<SamplePart, { type: 'token' }>;

const prompt = signal('');
const temperature = signal(1);
const topK = signal(0);
const topP = signal(1);
const seed = signal(0);
const tokens = signal(200);

/** One text in the making. */
class Writing {
  /** A step, or −1 for the latest. */
  readonly checkpoint = signal(-1);
  readonly step = signal<number | undefined>(undefined);
  readonly begun = signal<readonly { text: string }[]>([]);
  readonly written = signal<readonly Token[]>([]);
  readonly rest = signal('');
  readonly busy = signal(false);
  readonly problem = signal<string | undefined>(undefined);
  readonly picked = signal<number | undefined>(undefined);
  readonly run = signal('');
  #controller: AbortController | undefined;

  stop(): void {
    this.#controller?.abort();
  }

  async write(): Promise<void> {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.written.value = [];
    this.begun.value = [];
    this.rest.value = '';
    this.picked.value = undefined;
    this.problem.value = undefined;
    this.busy.value = true;
    const checkpoint = this.checkpoint.value < 0 ? 'latest' : this.checkpoint.value;
    const wish = {
      ...{ name: this.run.value, checkpoint, prompt: prompt.value, tokens: tokens.value },
      ...{ temperature: temperature.value, topK: topK.value, topP: topP.value, seed: seed.value },
    };
    try {
      let waiting: Token[] = [];
      let shownAt = 0;
      const show = () => {
        this.written.value = [...this.written.value, ...waiting];
        waiting = [];
        shownAt = performance.now();
      };
      for await (const part of stream<SamplePart>('/api/explore/sample', wish, controller.signal)) {
        if (part.type === 'begin') {
          this.step.value = part.step;
          this.begun.value = part.prompt;
        } else if (part.type === 'end') this.rest.value = part.text;
        else waiting.push(part);
        if (performance.now() - shownAt > 60) show();
      }
      show();
    } catch (error) {
      if (error instanceof ApiProblem) this.problem.value = error.message;
    } finally {
      if (this.#controller === controller) this.busy.value = false;
    }
  }
}

const first = new Writing();
const second = new Writing();
const isDouble = signal(false);

export function Sample({ name }: { name: string }) {
  const row = rows.value.get(name);
  useEffect(() => {
    if (first.run.value === name) return;
    for (const writing of [first, second]) {
      writing.stop();
      writing.run.value = name;
      writing.checkpoint.value = -1;
      writing.written.value = [];
      writing.begun.value = [];
    }
    const checkpoints = rows.peek().get(name)?.checkpoints ?? [];
    second.checkpoint.value = checkpoints[0] ?? -1;
  }, [name]);
  if (!row) return <p class="note">There is no run {name}.</p>;
  const begin = () => {
    void first.write();
    if (isDouble.value) void second.write();
  };
  return (
    <>
      <Panel
        title="Sample"
        tools={<RunPicker name={name} href={(other) => hrefOf('sample', other)} />}
      >
        <form
          class="body"
          onSubmit={(event) => {
            event.preventDefault();
            begin();
          }}
        >
          <textarea
            rows={3}
            aria-label="prompt"
            placeholder="what the model continues; nothing begins with token 0"
            value={prompt.value}
            maxLength={20000}
            onInput={(event) => (prompt.value = event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) begin();
            }}
          />
          <div class="fields">
            <Slider label="temperature" value={temperature} min={0} max={2} step={0.05} />
            <Numbered label="top-k" value={topK} min={0} max={100000} hint="0: all" />
            <Slider label="top-p" value={topP} min={0.05} max={1} step={0.01} />
            <Numbered label="seed" value={seed} min={0} max={1e9} />
            <Numbered label="tokens" value={tokens} min={1} max={2000} />
            <label class="field">
              <input
                type="checkbox"
                checked={isDouble.value}
                onChange={(event) => (isDouble.value = event.currentTarget.checked)}
              />
              two checkpoints
            </label>
            <span class="grow" />
            {first.busy.value || second.busy.value ? (
              <button
                type="button"
                onClick={() => {
                  first.stop();
                  second.stop();
                }}
              >
                stop
              </button>
            ) : null}
            <button type="submit" class="primary" title="Ctrl+Enter">
              write
            </button>
          </div>
        </form>
      </Panel>
      <div class={isDouble.value ? 'grid2' : 'grid1'}>
        <Text writing={first} title={isDouble.value ? 'Left' : 'Text'} />
        {isDouble.value && <Text writing={second} title="Right" />}
      </div>
    </>
  );
}

function Numbered(props: {
  label: string;
  value: { value: number };
  min: number;
  max: number;
  hint?: string;
}) {
  const { label, value, min, max, hint } = props;
  return (
    <label class="field" title={hint}>
      {label}
      <input
        type="number"
        min={min}
        max={max}
        step={1}
        value={value.value}
        onInput={(event) => {
          const next = event.currentTarget.valueAsNumber;
          if (Number.isInteger(next) && next >= min && next <= max) value.value = next;
        }}
      />
    </label>
  );
}

function Text({ writing, title }: { writing: Writing; title: string }) {
  const row = rows.value.get(writing.run.value);
  const checkpoints = row?.checkpoints ?? [];
  const written = writing.written.value;
  const at = writing.picked.value;
  const token = at === undefined ? undefined : written[at];
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const place =
    writing.checkpoint.value < 0
      ? checkpoints.length - 1
      : checkpoints.indexOf(writing.checkpoint.value);
  const mean = written.reduce((sum, { surprise }) => sum + surprise, 0) / written.length;
  return (
    <Panel
      title={title}
      tools={
        <>
          <label class="field">
            checkpoint
            <input
              type="range"
              min={0}
              max={Math.max(0, checkpoints.length - 1)}
              step={1}
              disabled={checkpoints.length < 2}
              value={Math.max(0, place)}
              aria-valuetext={`step ${checkpoints[place] ?? 'none'}`}
              onInput={(event) => {
                writing.checkpoint.value = checkpoints[Number(event.currentTarget.value)]!;
                clearTimeout(timer.current);
                timer.current = setTimeout(() => void writing.write(), 150);
              }}
            />
            <output class="mono">
              step {checkpoints[place] ?? '–'}
              {checkpoints[place] !== undefined && checkpoints[place] === row?.bestCheckpoint
                ? ', best'
                : ''}
            </output>
          </label>
          <span class="grow" />
          <span class="faint">
            {written.length > 0 && `${written.length} tokens, ${mean.toFixed(3)} nats each`}
          </span>
        </>
      }
    >
      <Trouble problem={writing.problem.value} />
      <TokenText
        begun={writing.begun.value}
        tokens={written}
        rest={writing.rest.value}
        picked={at}
        onPick={(i) => (writing.picked.value = i)}
        busy={writing.busy.value}
      />
      {token ? (
        <Distribution token={token} temperature={temperature.value} />
      ) : (
        written.length > 0 && <p class="note">Choose a token to see what it was drawn from.</p>
      )}
    </Panel>
  );
}
