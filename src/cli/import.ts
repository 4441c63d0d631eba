/** `nanogpt import`: a published model becomes a run. */
import path from 'node:path';
import { initialSettings, isRunFolder, startRun } from '../train/index.js';
import { UsageError, VocabularyError } from '../util/errors.js';
import { downloadBar } from './download-bar.js';
import { importedFiles } from './imports.js';
import { openNamedInitial } from './initial.js';
import { interruptible } from './interrupt.js';
import { Output, thousands } from './output.js';
import { quoted, shownPath } from './paths.js';
import { placeOf } from './place.js';
import { wherever } from './settings.js';
import { fields } from './table.js';
import { prepareBackend } from './threads.js';

export interface ImportOptions {
  out: string;
  data?: string;
  tokenizer?: string;
  blockSize?: number;
  threads?: number;
  json?: true;
}

/** Reads the model, and makes a run of it: its weights are the checkpoint of step 0. */
export async function importModel(where: string, options: ImportOptions): Promise<void> {
  const output = new Output(options.json === true);
  if (isRunFolder(where)) {
    throw new UsageError(
      `${where} is a run already: sample, eval and train --init-from take it as it is.`,
    );
  }
  const place = placeOf(options.out);
  prepareBackend(output, options.threads);
  using bar = downloadBar(output);
  const { data } = options;
  await interruptible(async (signal) => {
    const work = { onProgress: bar.update, signal };
    using initial = await openNamedInitial(where, options, work, output);
    const overrides = { data: data === undefined ? undefined : wherever(data) };
    const settings = initialSettings(initial, { overrides });
    const starting = startRun(settings, {
      ...work,
      ...place,
      initial,
      imports: importedFiles(),
      use: 'evaluation',
      fallback: data === undefined,
    });
    using session = await (data === undefined ? starting.catch(askForText) : starting);
    for (const line of session.notices) output.notice(line);
    report(
      where,
      session.run.path,
      session.model.parameterCount(),
      settings,
      initial.tokenizer,
      output,
    );
  });
}

/** @throws what came; where the text that was taken by default is not the model's, with what to do. */
function askForText(error: unknown): never {
  if (!(error instanceof VocabularyError)) throw error;
  throw new UsageError(
    `a run has a text, tiny_shakespeare where none is given, and the model's tokenizer does not fit that one: give the text that it was made for with --data. (${error.message})`,
    { cause: error },
  );
}

function report(
  from: string,
  folder: string,
  parameters: number,
  { model, modelConfig }: { model: string; modelConfig: Record<string, unknown> },
  tokenizer: { name: string; vocabSize: number },
  output: Output,
): void {
  const run = shownPath(folder);
  output.result({ run: folder, model, parameters, vocabSize: tokenizer.vocabSize });
  output.line(
    fields([
      ['from', from],
      [
        'model',
        `${model}: ${thousands(parameters)} parameters, ${thousands(Number(modelConfig['blockSize']))} tokens at once`,
      ],
      [
        'tokenizer',
        `${path.basename(tokenizer.name)}, vocabulary ${thousands(tokenizer.vocabSize)}`,
      ],
      ['run', run],
    ]),
  );
  output.line(`\nto read what it writes:  npx nanogpt sample ${quoted(run)} --tokens 200`);
  output.line(`to train it on:          npx nanogpt train --init-from ${quoted(run)} --data FILE`);
}
