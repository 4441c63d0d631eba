/** `nanogpt report`: curves, settings and the inside of runs, in one page or as pictures. */
import fs from 'node:fs';
import path from 'node:path';
import { drawPictures, gatherReport, reportPage, WEB } from '../lab/index.js';
import { isPattern, readRunConfig } from '../runs/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UsageError } from '../util/errors.js';
import { findRun } from './find-run.js';
import { importRecorded } from './imports.js';
import { byteSize, Output } from './output.js';
import { shownPath } from './paths.js';
import { fields } from './table.js';

export interface ReportOptions {
  out?: string;
  svg?: string;
  png?: string;
  tensors?: string;
  dark?: true;
  json?: true;
}

export async function report(names: readonly string[], options: ReportOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { out, svg, png, tensors } = options;
  if (out === undefined && svg === undefined && png === undefined) {
    throw new UsageError(
      'report: expected --out FILE.html for a page, or --svg or --png DIR for pictures.',
    );
  }
  for (const [option, value] of Object.entries({ out, svg, png })) {
    if (value === '') throw new UsageError(`--${option}: expected a path, got nothing.`);
  }
  if (out !== undefined && fs.statSync(out, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--out ${out}: expected a file to write, got a folder.`);
  }
  if (tensors !== undefined && !isPattern(tensors)) {
    throw new UsageError(
      `--tensors ${tensors}: expected a path with * for any characters, perhaps after a kind: gradient:h.0.*`,
    );
  }
  const folders = names.map(findRun);
  const data = await gatherReport(folders, async (folder) => {
    const { imports } = readRunConfig(folder);
    await importRecorded(folder, imports, (line) => output.notice(line));
  });
  const written: string[] = [];
  if (out !== undefined) {
    writeFileAtomic(out, reportPage(data, WEB));
    written.push(out);
  }
  const theme = options.dark ? 'dark' : 'light';
  for (const [format, folder] of [
    ['svg', svg],
    ['png', png],
  ] as const) {
    if (folder === undefined) continue;
    const pictures = await drawPictures(data, { format, theme, tensors }, WEB);
    for (const { name, content } of pictures) {
      const file = path.join(folder, name);
      writeFileAtomic(file, content, { makeFolders: true });
      written.push(file);
    }
  }
  output.result({ runs: data.runs.map(({ row }) => row.name), written });
  output.line(fields(written.map((file) => [shownPath(file), byteSize(fs.statSync(file).size)])));
}
