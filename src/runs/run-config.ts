/** `config.json`: everything needed to repeat a run. */
import fs from 'node:fs';
import path from 'node:path';
import { currentBackend } from '../tensor/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { parseRunConfig, type RunConfig, type Versions } from './run-config-schema.js';

export type { ImportedFile, RunConfig, Versions } from './run-config-schema.js';

const FILE = 'config.json';
/** A few kilobytes in truth. */
const MAX_BYTES = 4 * 1024 * 1024;

let packageVersion: string | undefined;

/** What a run is made with here and now. */
export function versions(): Versions {
  // Two folders up, both from src/train and from dist/train.
  packageVersion ??= String(
    JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  );
  const { name, threads } = currentBackend();
  return {
    nanogpt: packageVersion,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    backend: name,
    threads,
  };
}

export function writeRunConfig(folder: string, config: RunConfig): void {
  const text = `${JSON.stringify(config, null, 2)}\n`;
  writeFileAtomic(path.join(folder, FILE), text, { makeFolders: false });
}

/** Whether the folder says of itself that it holds a run; it may be damaged. */
export function isRun(folder: string): boolean {
  return fs.existsSync(path.join(folder, FILE));
}

/** @throws UserError when the folder holds no run, or its configuration is damaged. */
export function readRunConfig(folder: string): RunConfig {
  const file = path.join(folder, FILE);
  if (!isRun(folder)) {
    throw new UserError(
      `${folder}: is not a run: ${fs.existsSync(folder) ? `it has no ${FILE}` : 'there is no such folder'}.`,
    );
  }
  const json = readJsonFile(file, MAX_BYTES);
  const { format, model_type: published } = Object(json) as Record<string, unknown>;
  if (format !== 'nanogpt-run' && typeof published === 'string') {
    throw new UserError(
      `${folder}: is not a run but a published model; \`nanogpt import ${folder} --out RUN\` makes a run of it.`,
    );
  }
  return parseRunConfig(json, file);
}
