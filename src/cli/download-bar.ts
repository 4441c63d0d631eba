/** A bar while a dataset is fetched, a tokenizer trained or a text encoded. */
import type { SingleBar } from 'cli-progress';
import cliProgress from 'cli-progress';
import type { DataProgress, DownloadProgress, WorkProgress } from '../data/index.js';
import { duration } from '../util/duration.js';
import { byteSize, type Output } from './output.js';

export interface DownloadBar extends Disposable {
  readonly update: (progress: DataProgress) => void;
}

/** What takes less is not worth a word. */
const WORK_SHOWN_AFTER_MS = 1000;
/** Between two pictures of work that does not say how far it is. */
const TICK_MS = 200;

/**
 * Shows progress on standard error: a bar on a terminal, otherwise a line when a download begins, or when
 * work takes longer than a second.
 */
export function downloadBar(output: Output): DownloadBar {
  const download = new Download(output);
  const work = new Work(output);
  return {
    update(progress) {
      if ('url' in progress) download.update(progress);
      else work.update(progress);
    },
    [Symbol.dispose]() {
      download.end();
      work.end();
    },
  };
}

type Format = (options: cliProgress.Options, params: cliProgress.Params) => string;

/** On a terminal a bar, which leaves nothing behind; undefined elsewhere. */
function startBar(format: Format): SingleBar | undefined {
  if (process.stderr.isTTY !== true) return undefined;
  const bar = new cliProgress.SingleBar({
    format,
    barsize: 30,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  return bar;
}

class Download {
  #bar: SingleBar | undefined;
  #last: DownloadProgress | undefined;

  constructor(private readonly output: Output) {}

  update(progress: DownloadProgress): void {
    const isFirst = this.#last === undefined;
    this.#last = progress;
    const { url, received, total } = progress;
    if (isFirst) {
      this.output.notice(`fetching ${url}${total === undefined ? '' : ` (${byteSize(total)})`}`);
      this.#bar = startBar((options, { progress }) => {
        const bytes = byteSize(this.#last!.received);
        const hasTotal = this.#last!.total !== undefined;
        return hasTotal
          ? `  ${cliProgress.Format.BarFormat(progress, options)} ${bytes}`
          : `  ${bytes}`;
      });
    }
    this.#bar?.update(total ? Math.min(1, received / total) : 0);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

class Work {
  #bar: SingleBar | undefined;
  #last: WorkProgress | undefined;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly output: Output) {}

  update(progress: WorkProgress): void {
    const { doing, share } = progress;
    if (share === 1) {
      this.end();
      return;
    }
    if (this.#last?.doing !== doing) {
      this.end();
      this.#began = performance.now();
      this.#timer = setTimeout(() => this.#show(), WORK_SHOWN_AFTER_MS);
    }
    this.#last = progress;
    this.#bar?.update(share ?? 0);
  }

  #show(): void {
    this.#bar = startBar((options, { progress }) => {
      const { doing, share } = this.#last!;
      const picture =
        share === undefined ? '…' : ` ${cliProgress.Format.BarFormat(progress, options)}`;
      return `  ${doing}${picture} ${duration((performance.now() - this.#began) / 1000)}`;
    });
    if (this.#bar === undefined) this.output.notice(`${this.#last!.doing} …`);
    else this.#timer = setInterval(() => this.#bar?.update(this.#last?.share ?? 0), TICK_MS);
  }

  end(): void {
    clearTimeout(this.#timer); // an interval too
    this.#bar?.stop();
    this.#bar = undefined;
    this.#last = undefined;
  }
}
