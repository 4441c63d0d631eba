/** `nanogpt playground`: the page that trains in the browser. */
import { startPlayground, writePlayground } from '../lab/index.js';
import { Interrupt } from './interrupt.js';
import { Output } from './output.js';
import { shownPath } from './paths.js';

export interface PlaygroundCommandOptions {
  port: number;
  out?: string;
}

/** Serves until Ctrl-C, or writes the page into a folder. */
export async function playground({ port, out }: PlaygroundCommandOptions): Promise<void> {
  const output = new Output(false);
  if (out !== undefined) {
    const bytes = writePlayground(out);
    output.line(`${shownPath(out)}: ${(bytes / 1e6).toFixed(1)} MB`);
    output.line(
      '\nAny static host can serve it. Threads need the headers Cross-Origin-Opener-Policy: same-origin and ' +
        'Cross-Origin-Embedder-Policy: require-corp; the file _headers says so to hosts that read it.',
    );
    return;
  }
  using interrupt = new Interrupt();
  await using server = await startPlayground({ port });
  output.line(`playground  ${server.url}`);
  output.line('\nModels train in the page; nothing leaves the browser. Ctrl-C ends it.');
  if (interrupt.requested) return;
  await new Promise<void>((resolve) => {
    interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
