/** `nanogpt export`: a run's model, or what was measured of it, as other programs read it. */
import fs from 'node:fs';
import type { SavedDType } from '../pretrained/index.js';
import { type GgufDType, saveGguf, savePretrained } from '../pretrained/index.js';
import { exportCsv, exportTensorBoard, RunDirectory } from '../runs/index.js';
import { UsageError } from '../util/errors.js';
import { findRun } from './find-run.js';
import { checkpointSentence, type OpenOptions, openNamedRun } from './open-run.js';
import { byteSize, Output } from './output.js';
import { shownPath } from './paths.js';
import { fields } from './table.js';

export interface ExportOptions extends OpenOptions {
  format?: string;
  out?: string;
  tensorboard?: string;
  csv?: string;
  dtype?: string;
  json?: true;
}

/** Each format's types, the default first. */
const DTYPES: Readonly<Record<string, readonly string[]>> = {
  safetensors: ['float32', 'float16', 'bfloat16'],
  gguf: ['float32', 'float16', 'bfloat16', 'q8_0'],
};

export async function exportRun(name: string, options: ExportOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { format, out, tensorboard, csv } = options;
  if (tensorboard !== undefined || csv !== undefined) {
    return exportMeasured(name, options, output);
  }
  if (format === undefined || out === undefined) {
    throw new UsageError(
      'export: expected --format and --out for the model, or --tensorboard or --csv for what was measured.',
    );
  }
  const dtypes = Object.hasOwn(DTYPES, format) ? DTYPES[format]! : [];
  const known = Object.keys(DTYPES).join(' or ');
  if (dtypes.length === 0) throw new UsageError(`--format ${format}: expected ${known}.`);
  const dtype = options.dtype ?? dtypes[0]!;
  if (!dtypes.includes(dtype)) {
    throw new UsageError(`--dtype ${dtype}: expected one of ${dtypes.join(', ')} for ${format}.`);
  }
  if (out === '') throw new UsageError('--out: expected a path, got nothing.');
  if (fs.existsSync(out))
    throw new UsageError(`--out ${out}: is there already. Choose another name.`);
  using opened = await openNamedRun(name, options, output);
  const { model, tokenizer, run } = opened;
  const { model: kind, modelConfig: settings } = run.config;
  const saved =
    format === 'gguf'
      ? saveGguf(model, out, { tokenizer, dtype: dtype as GgufDType, name: run.name })
      : savePretrained(model, out, { tokenizer, dtype: dtype as SavedDType, kind, settings });
  for (const line of saved.notices) output.notice(line);
  const place = 'file' in saved ? saved.file : saved.folder;
  const family = 'file' in saved ? saved.architecture : (saved.family ?? `nanogpt-${kind}`);
  output.result({ run: run.name, format, dtype, family, path: place, bytes: saved.bytes });
  output.line(
    fields([
      ['run', `${run.name}, ${checkpointSentence(opened, options)}`],
      ['as', `${format}, ${family}, ${dtype}, ${byteSize(saved.bytes)}`],
      ['in', shownPath(place)],
    ]),
  );
}

/** Metrics and probes, for which the model need not be opened. */
function exportMeasured(name: string, options: ExportOptions, output: Output): void {
  const { format, out, tensorboard, csv } = options;
  if (format !== undefined || out !== undefined) {
    throw new UsageError(
      '--tensorboard and --csv write what was measured, --format and --out the model: give one.',
    );
  }
  if (tensorboard === '' || csv === '') {
    throw new UsageError(
      `${csv === '' ? '--csv' : '--tensorboard'}: expected a folder, got nothing.`,
    );
  }
  using run = RunDirectory.open(findRun(name));
  const written = {
    ...(tensorboard !== undefined && { tensorboard: exportTensorBoard(run, tensorboard) }),
    ...(csv !== undefined && { csv: exportCsv(run, csv) }),
  };
  output.result({ run: run.name, ...written });
  for (const { folder, bytes, probes } of Object.values(written)) {
    output.line(
      fields([
        ['run', `${run.name}, ${probes === 0 ? 'without probes' : `${probes} measured steps`}`],
        ['in', `${shownPath(folder)}, ${byteSize(bytes)}`],
      ]),
    );
  }
}
