/** `nanogpt lab`: the local page over the runs. */
import { startLab } from '../lab/index.js';
import { Interrupt } from './interrupt.js';
import { Output } from './output.js';

export interface LabCommandOptions {
  in: string;
  port: number;
}

/** Serves until Ctrl-C. */
export async function lab(options: LabCommandOptions): Promise<void> {
  const output = new Output(false);
  using interrupt = new Interrupt();
  await using server = await startLab({
    folder: options.in,
    port: options.port,
    onFault: (error) => console.error(error),
  });
  output.line(`lab         ${server.url}`);
  output.line(`runs        ${options.in}`);
  output.line(
    '\nThe address holds a key to this machine: keep it to yourself. Ctrl-C ends the Lab.',
  );
  if (interrupt.requested) return;
  await new Promise<void>((resolve) => {
    interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
