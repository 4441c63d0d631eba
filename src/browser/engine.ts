/** The engine: one run at a time, trained, sampled, saved and opened where it does not hold up the page. */
import { generateText } from '../generate/index.js';
import { type LanguageModel, models } from '../models/index.js';
import { buildSettings, parseOverrides, settingsOf } from '../runs/config.js';
import { currentBackend } from '../tensor/index.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import { modelDefinition } from '../train/create-model.js';
import { UserError } from '../util/errors.js';
import { whatLacks } from './lacks.js';
import { platform } from './platform.js';
import type {
  EngineCalls,
  EngineEvents,
  EngineReport,
  EngineSettings,
  ModelInfo,
  RunReport,
  SampleOrder,
  StartOrder,
} from './protocol.js';
import type { MemoryRun } from './run-files.js';
import { type MemorySession, openMemoryRun, resumeMemoryRun, startMemoryRun } from './session.js';
import { useWasm } from './use-wasm.js';

/** What is open: a run, its model, and while it trains, the session. */
interface Open extends Disposable {
  readonly run: MemoryRun;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly session?: MemorySession;
}

type Emit = <K extends keyof EngineEvents>(event: K, ...given: EngineEvents[K]) => void;

type Calls = {
  [K in keyof EngineCalls]: (
    given: Parameters<EngineCalls[K]>[0],
  ) => ReturnType<EngineCalls[K]> | Promise<ReturnType<EngineCalls[K]>>;
};

/** Whether a line is one of the curve's: a run comes from anywhere, and one that diverged has losses that are none. */
function isPoint({ type, step, loss }: Record<string, unknown>): boolean {
  if (type !== 'step' && type !== 'evaluation') return false;
  return Number.isSafeInteger(step) && Number.isFinite(loss);
}

export class Engine implements Calls {
  #open: Open | undefined;
  /** Resolves when the training under way has ended. */
  #training: Promise<void> | undefined;
  /** The text that the open run is trained on. */
  #text: string | undefined;
  /** A run is being made or opened, which takes a while: meanwhile no other may be, or one would close the other's. */
  #isChanging = false;

  constructor(private readonly emit: Emit) {}

  async init(settings: EngineSettings): Promise<EngineReport> {
    await useWasm(settings);
    const { name, threads } = currentBackend();
    return { backend: name, threads, isolated: platform.crossOriginIsolated === true };
  }

  models(): ModelInfo[] {
    return [...models.values()].map((definition) => ({
      name: definition.name,
      summary: definition.summary,
      defaultPreset: definition.defaultPreset,
      presets: Object.keys(definition.presets).map((name) => {
        const settings = buildSettings(definition, { preset: name });
        const { training, tokenizer, data } = settings;
        const { steps, batchSize, lr } = training;
        const lacks = whatLacks(settings, definition);
        const { summary } = definition.presets[name]!;
        return { name, summary, tokenizer, data, lacks, steps, batchSize, lr };
      }),
      settings: [...settingsOf(definition).values()].map(({ key, of, description }) => ({
        key,
        of,
        description,
      })),
    }));
  }

  start({ model, preset, set, given }: StartOrder): Promise<RunReport> {
    return this.#change(async () => {
      const definition = modelDefinition(model);
      const overrides = parseOverrides(definition, set);
      const settings = buildSettings(definition, { preset, overrides });
      // The run before goes once there is another: a text that is too short does not lose it.
      const session = await startMemoryRun(settings, given);
      this.#close();
      this.#text = given.text;
      return this.#train(session);
    });
  }

  resume({ text = this.#text, steps }: Parameters<EngineCalls['resume']>[0]): Promise<RunReport> {
    return this.#change(async () => {
      const { run } = this.#require();
      if (text === undefined) {
        throw new UserError(`${run.config.name}: give the text that it was trained on.`);
      }
      const session = await resumeMemoryRun(run, text, steps === undefined ? {} : { steps });
      this.#close();
      this.#text = text;
      return this.#train(session);
    });
  }

  async stop(): Promise<null> {
    this.#open?.session?.trainer.stop();
    await this.#training;
    return null;
  }

  sample({ prompt, ...options }: SampleOrder): string {
    const { model, tokenizer } = this.#require();
    let all = '';
    // At once, between two steps: while it writes, the model is not in training mode.
    for (const { text } of generateText(model, tokenizer, tokenizer.encode(prompt), options)) {
      all += text;
      if (text !== '') this.emit('piece', { text });
    }
    return all;
  }

  save(): Map<string, Uint8Array> {
    return this.#require().run.files();
  }

  open(files: Map<string, Uint8Array>): Promise<RunReport> {
    return this.#change(async () => {
      const opened = await openMemoryRun(files);
      this.#close();
      this.#open = opened;
      this.#text = opened.run.keptText();
      return this.#report(opened.run);
    });
  }

  async #change(work: () => Promise<RunReport>): Promise<RunReport> {
    if (this.#training) throw new UserError('a training is under way: stop it first.');
    if (this.#isChanging) throw new UserError('another run is being made or opened: wait for it.');
    this.#isChanging = true;
    try {
      return await work();
    } finally {
      this.#isChanging = false;
    }
  }

  #train(session: MemorySession): RunReport {
    const { run, model, trainer, data } = session;
    const { tokenizer } = data;
    this.#open = {
      run,
      model,
      tokenizer,
      session,
      [Symbol.dispose]: () => session[Symbol.dispose](),
    };
    trainer.on('progress', (event) => this.emit('progress', event));
    trainer.on('metrics', (event) => this.emit('metrics', event));
    trainer.on('evaluation', (event) => this.emit('evaluation', event));
    trainer.on('warning', (line) => this.emit('warning', line));
    trainer.on('sample', ({ step, text }) => this.emit('trainerSample', { step, text }));
    // The report goes first: a page that hears of a short training's end before its beginning shows neither.
    this.#training = new Promise((resolve) => setTimeout(resolve))
      .then(() => trainer.train())
      .then(({ reason, step, seconds, train, validation }) => {
        const losses = { trainLoss: train.loss, validation: validation?.loss ?? null };
        this.#training = undefined;
        this.emit('end', { reason, step, seconds, ...losses });
      })
      .catch((error: Error) => {
        this.#training = undefined;
        this.emit('failed', error.message);
      });
    return this.#report(run);
  }

  #report(run: MemoryRun): RunReport {
    const metrics = run.metrics().filter(isPoint) as unknown as RunReport['metrics'];
    const stop = run.metrics().findLast(({ type }) => type === 'stop');
    const validation = (stop?.['validation'] as { loss?: unknown } | null | undefined)?.loss;
    return {
      config: run.config,
      step: run.openCheckpoint().checkpoint?.state.step ?? 0,
      hasText: this.#text !== undefined,
      metrics,
      validation: typeof validation === 'number' ? validation : null,
    };
  }

  #require(): Open {
    if (this.#open) return this.#open;
    throw new UserError('there is no run yet: train one, or open one.');
  }

  #close(): void {
    this.#open?.[Symbol.dispose]();
    this.#open = undefined;
    this.#text = undefined;
  }
}
