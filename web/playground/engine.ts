/** The engine in its worker, and what the page knows of it. */
import { batch, signal } from '@preact/signals';
import {
  EngineClient,
  type EngineEvents,
  type EngineReport,
  type ModelInfo,
  type RunReport,
} from 'nanogpt/browser/client';

const engine = new EngineClient(new Worker('engine.js', { type: 'module' }));
export const call: EngineClient['call'] = (name, ...given) => engine.call(name, ...given);

/** What computes; undefined until it is ready. */
export const machine = signal<EngineReport | undefined>(undefined);
export const models = signal<readonly ModelInfo[]>([]);
/** The run that is open, or being trained. */
export const run = signal<RunReport | undefined>(undefined);
export const training = signal(false);
export const progress = signal<EngineEvents['progress'][0] | undefined>(undefined);
/** In words, how the last training ended. */
export const ending = signal<string | undefined>(undefined);
export const problem = signal<string | undefined>(undefined);
/** What the trainer had to say that is no error. */
export const warning = signal<string | undefined>(undefined);

export interface Point {
  readonly step: number;
  readonly loss: number;
}
/** As many as a wide screen has pixels for; a run may have a line for each of its steps. */
const MOST_POINTS = 2000;

/** Every so many of them, and the last. */
function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  if (every <= 2) return points;
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

export const trainPoints = signal<readonly Point[]>([]);
export const validationPoints = signal<readonly Point[]>([]);
/** Points that came since the curves were drawn: there may be hundreds a second, and each drawing takes some milliseconds. */
const newPoints: Record<'train' | 'validation', Point[]> = { train: [], validation: [] };
const DRAW_MS = 250;
let drawing: ReturnType<typeof setTimeout> | undefined;

function drawSoon(): void {
  drawing ??= setTimeout(draw, DRAW_MS);
}

function draw(): void {
  clearTimeout(drawing);
  drawing = undefined;
  const { train, validation } = newPoints;
  batch(() => {
    if (train.length > 0) trainPoints.value = thinned([...trainPoints.value, ...train]);
    if (validation.length > 0) {
      validationPoints.value = thinned([...validationPoints.value, ...validation]);
    }
  });
  newPoints.train = [];
  newPoints.validation = [];
}

/** Over the whole split, once training has ended. */
export const finalValidation = signal<number | null>(null);
/** The last text that the trainer wrote on the way. */
export const passing = signal<{ step: number; text: string } | undefined>(undefined);
/** The text that was asked for, as far as it is written. */
export const written = signal('');

const REASONS: Readonly<Record<string, string>> = {
  steps: 'all steps are done',
  stopped: 'stopped',
  fitted: 'counted',
  patience: 'the validation loss no longer falls',
  time: 'the time is up',
};

engine.on('progress', (event) => {
  progress.value = event;
});
engine.on('metrics', ({ step, loss }) => {
  newPoints.train.push({ step, loss });
  drawSoon();
});
engine.on('evaluation', ({ step, loss }) => {
  newPoints.validation.push({ step, loss });
  drawSoon();
});
engine.on('warning', (line) => {
  warning.value = line;
});
engine.on('trainerSample', (sample) => {
  passing.value = sample;
});
engine.on('piece', ({ text }) => {
  written.value += text;
});
engine.on('end', ({ reason, step, seconds, trainLoss, validation }) => {
  batch(() => {
    draw();
    training.value = false;
    finalValidation.value = validation;
    if (run.value) run.value = { ...run.value, step };
    const took = `${seconds.toFixed(1)} s`;
    ending.value = `${REASONS[reason] ?? reason} after ${took}`;
    if (trainLoss !== null && trainPoints.value.length === 0 && reason === 'fitted') {
      warning.value = `training loss over the whole split: ${trainLoss.toFixed(4)}`;
    }
  });
});
engine.on('failed', (message) => {
  batch(() => {
    training.value = false;
    problem.value = message;
  });
});

/** Shows a run, with what was written down of it. */
export function show(report: RunReport): void {
  batch(() => {
    draw();
    run.value = report;
    const pointsOf = (wanted: string) =>
      thinned(
        report.metrics.flatMap(({ type, step, loss }) => (type === wanted ? [{ step, loss }] : [])),
      );
    trainPoints.value = pointsOf('step');
    validationPoints.value = pointsOf('evaluation');
    finalValidation.value = report.validation;
    progress.value = undefined;
    ending.value = undefined;
    passing.value = undefined;
    warning.value = undefined;
    written.value = '';
  });
}

/** Does something; what goes wrong is shown. */
export async function attempt(action: () => Promise<void>): Promise<void> {
  problem.value = undefined;
  try {
    await action();
  } catch (error) {
    problem.value = (error as Error).message;
  }
}

/** Loads the kernels. */
export async function begin(): Promise<void> {
  const wanted = Number(new URLSearchParams(location.search).get('threads'));
  const threads = wanted > 0 ? wanted : undefined;
  const kernels = new URL('kernels/', location.href.split('#')[0]).href;
  machine.value = await call('init', { kernels, threads });
  models.value = await call('models');
}
