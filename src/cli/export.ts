/** `nanogpt export`: a run's model as other programs read it. */
import fs from 'node:fs';
import type { SavedDType } from '../pretrained/index.js';
import { type GgufDType, saveGguf, savePretrained } from '../pretrained/index.js';
import { UsageError } from '../util/errors.js';
import { checkpointSentence, type OpenOptions, openNamedRun } from './open-run.js';
import { byteSize, Output } from './output.js';
import { shownPath } from './paths.js';
import { fields } from './table.js';

export interface ExportOptions extends OpenOptions {
  format: string;
  out: string;
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
  const { format, out } = options;
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
      ['run', `${run.name}, ${checkpointSentence(opened)}`],
      ['as', `${format}, ${family}, ${dtype}, ${byteSize(saved.bytes)}`],
      ['in', shownPath(place)],
    ]),
  );
}
