/** `nanogpt sample --interactive`: completes what one types, line by line. */
import readline from 'node:readline';
import type { GenerateTextOptions } from '../generate/index.js';
import type { OpenedRun } from '../train/index.js';
import { UserError } from '../util/errors.js';
import type { Output } from './output.js';
import { promptOf, writeText } from './write-text.js';

/**
 * Reads a line, writes it and on from it, reads the next, until the input ends. Ctrl-C stops the text under way;
 * when there is none, it says how to end. A line that cannot be encoded is refused, and the next one read.
 *
 * @param seed of the first text; each further one has the next.
 */
export async function interact(
  { model, tokenizer }: OpenedRun,
  options: GenerateTextOptions,
  seed: number,
  output: Output,
): Promise<void> {
  const { stdin: input, stdout } = process;
  const terminal = input.isTTY === true && stdout.isTTY === true;
  const lines = readline.createInterface({
    ...{ input, terminal, prompt: '> ' },
    ...(terminal && { output: stdout }),
  });
  let writing: AbortController | undefined;
  const stop = () => {
    if (writing) writing.abort();
    else {
      if (terminal) lines.write(null, { ctrl: true, name: 'u' }); // drops what was typed
      output.notice('Ctrl-D ends');
      ask();
    }
  };
  const ask = () => {
    if (terminal) lines.prompt();
  };
  // A terminal in raw mode hands Ctrl-C to readline; where the input is no terminal, it comes as a signal.
  lines.on('SIGINT', stop);
  process.on('SIGINT', stop);
  try {
    ask();
    let next = seed;
    for await (const line of lines) {
      writing = new AbortController();
      try {
        const prompt = promptOf(line, tokenizer);
        output.write(line);
        const each = { ...options, seed: next++ };
        const { signal } = writing;
        await writeText(model, tokenizer, prompt, each, (piece) => output.write(piece), signal);
        output.line('\n');
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        output.notice(error.message);
      } finally {
        writing = undefined;
      }
      ask();
    }
    if (terminal) output.line();
  } finally {
    process.off('SIGINT', stop);
    lines.close();
  }
}
