/** How training is shown while it runs: one live line on a terminal, plain lines elsewhere. */
import cliProgress from 'cli-progress';
import type { ProgressEvent } from '../train/index.js';
import { duration } from '../util/duration.js';
import { type Output, rate } from './output.js';
import { Curve, sparkline } from './sparkline.js';

/** Progress of training, on the terminal. */
export interface Progress extends Disposable {
  show(event: ProgressEvent): void;
  /** There was an evaluation: its line stays. */
  evaluated(): void;
  /** Something the user should know: a line that stays. */
  note(text: string): void;
  /** Text for standard output, on lines of its own. */
  print(text: string): void;
}

/** Seconds between plain lines, besides those of evaluations. */
const PLAIN_SECONDS = 10;
/** Of the sparkline. */
const MOST_COLUMNS = 32;
/** The live line's loss is the mean of so many events: of about two seconds, so that it can be read. */
const EVENTS_IN_MEAN = 20;

/**
 * The live line is on standard error, so that what is written to a file stays readable. Without a
 * terminal there, or where JSON was asked for, nothing moves: plain lines, or none.
 */
export function showProgress(output: Output): Progress {
  if (process.stderr.isTTY) return new LiveLine(output);
  return new PlainLines(output);
}

/**
 * `640/1400  loss 5.912  val 5.985  lr 0.5  24.1k tokens/s  12 s left`
 *
 * @param width maximum columns: the least useful fields are dropped until it fits. The time left stays.
 */
export function progressLine(event: ProgressEvent, width = Infinity): string {
  const { step, steps, loss, validationLoss, emaLoss, lr, tokensPerSecond, secondsLeft } = event;
  // In order, each with its rank: the greatest goes first, and 0 never.
  const fields: readonly (readonly [number, string | undefined])[] = [
    [1, `${String(step).padStart(String(steps).length)}/${steps}`],
    [2, `loss ${loss.toFixed(3)}`],
    [3, validationLoss === undefined ? undefined : `val ${validationLoss.toFixed(3)}`],
    [4, emaLoss === undefined ? undefined : `average ${emaLoss.toFixed(3)}`],
    [5, `lr ${rate(lr)}`],
    [6, `${compact(tokensPerSecond)} tokens/s`],
    [0, `${duration(secondsLeft)} left`],
  ];
  const line = (most: number) =>
    fields.flatMap(([rank, text]) => (text === undefined || rank > most ? [] : [text])).join('  ');
  let most = fields.length - 1;
  while (most > 0 && line(most).length > width) most--;
  return line(most);
}

/** `820`, `24.1k`, `1.20M` */
function compact(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  return value >= 1e3 ? `${(value / 1e3).toFixed(1)}k` : value.toFixed(0);
}

/** Mean loss over the steps of several events. */
class MeanLoss {
  readonly #parts: { steps: number; loss: number }[] = [];
  #step: number | undefined;

  add({ step, loss }: ProgressEvent): void {
    // The first event does not say how many steps it stands for; it is one part among several.
    this.#parts.push({ steps: Math.max(1, step - (this.#step ?? step - 1)), loss });
    this.#step = step;
  }

  /** Leaves out all but the last `count` events. */
  keep(count: number): void {
    this.#parts.splice(0, this.#parts.length - count);
  }

  get value(): number {
    const steps = this.#parts.reduce((sum, part) => sum + part.steps, 0);
    return this.#parts.reduce((sum, part) => sum + part.loss * part.steps, 0) / steps;
  }
}

class LiveLine implements Progress {
  readonly #losses = new Curve();
  readonly #mean = new MeanLoss();
  /** Since the last evaluation. */
  readonly #stretch = new MeanLoss();
  #bar: cliProgress.SingleBar | undefined;
  #last: ProgressEvent | undefined;
  #evaluated = false;

  constructor(private readonly output: Output) {}

  show(event: ProgressEvent): void {
    this.#mean.add(event);
    this.#mean.keep(EVENTS_IN_MEAN);
    this.#last = { ...event, loss: this.#mean.value };
    this.#losses.add(event.loss);
    this.#stretch.add(event);
    if (this.#evaluated) {
      this.#evaluated = false;
      this.print(progressLine({ ...event, loss: this.#stretch.value }, process.stderr.columns));
      this.#stretch.keep(0);
    }
    this.#open();
    this.#bar!.update(event.step, { event });
  }

  /** Its line comes with the next progress, which knows the rest, and stays. */
  evaluated(): void {
    this.#evaluated = true;
  }

  /** The live line makes way, and comes back below with the next event. */
  note(text: string): void {
    this.#close();
    this.output.notice(text);
  }

  print(text: string): void {
    this.#close();
    this.output.line(text);
  }

  #open(): void {
    if (this.#bar) return;
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: (_options, { maxWidth }) => this.#format(maxWidth),
      hideCursor: true,
      clearOnComplete: true,
    });
    this.#bar.start(this.#last!.steps, 0);
    process.once('exit', this.#close); // or a killed training leaves a terminal without a cursor
  }

  #format(width: number): string {
    const line = progressLine(this.#last!, width - 1);
    const room = Math.min(MOST_COLUMNS, width - line.length - 3);
    return room < 4 ? line.slice(0, width - 1) : `${line}  ${sparkline(this.#losses.values, room)}`;
  }

  readonly #close = (): void => {
    this.#bar?.stop();
    this.#bar = undefined;
    process.off('exit', this.#close);
  };

  [Symbol.dispose](): void {
    this.#close();
  }
}

class PlainLines implements Progress {
  readonly #mean = new MeanLoss();
  #lineAt = performance.now() + PLAIN_SECONDS * 1000;
  #evaluated = false;

  constructor(private readonly output: Output) {}

  show(event: ProgressEvent): void {
    this.#mean.add(event);
    if (!this.#evaluated && performance.now() < this.#lineAt) return;
    this.#evaluated = false;
    this.#lineAt = performance.now() + PLAIN_SECONDS * 1000;
    this.output.line(progressLine({ ...event, loss: this.#mean.value }));
    this.#mean.keep(0);
  }

  /** The line comes with the next progress, which knows the rest. */
  evaluated(): void {
    this.#evaluated = true;
  }

  note(text: string): void {
    this.output.notice(text);
  }

  print(text: string): void {
    this.output.line(text);
  }

  [Symbol.dispose](): void {}
}
