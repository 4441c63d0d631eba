/** A bar while a dataset is fetched. */
import type { SingleBar } from 'cli-progress';
import cliProgress from 'cli-progress';
import type { DownloadProgress } from '../data/index.js';
import { byteSize, type Output } from './output.js';

export interface DownloadBar extends Disposable {
  readonly update: (progress: DownloadProgress) => void;
}

/**
 * Shows a download on standard error: a bar on a terminal, otherwise a line when it begins and one when
 * it ends.
 */
export function downloadBar(output: Output): DownloadBar {
  let bar: SingleBar | undefined;
  let announced = false;
  const live = process.stderr.isTTY === true;
  return {
    update({ url, received, total }) {
      if (!announced) {
        announced = true;
        output.notice(`fetching ${url}${total === undefined ? '' : ` (${byteSize(total)})`}`);
        if (live) {
          bar = new cliProgress.SingleBar({
            format: (options, { progress }, { bytes }) =>
              total === undefined
                ? `  ${bytes}`
                : `  ${cliProgress.Format.BarFormat(progress, options)} ${bytes}`,
            barsize: 30,
            barCompleteChar: '█',
            barIncompleteChar: '░',
            hideCursor: true,
            clearOnComplete: true,
          });
          bar.start(total ?? 1, 0, { bytes: byteSize(0) });
        }
      }
      bar?.update(Math.min(received, total ?? 1), { bytes: byteSize(received) });
    },
    [Symbol.dispose]() {
      bar?.stop();
    },
  };
}
