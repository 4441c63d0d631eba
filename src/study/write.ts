/** Writing what a study found: results, page and pictures. */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { picturesOfStudy } from './charts.js';
import type { AnyStudy } from './design.js';
import { studyPage } from './page.js';
import type { DrawStudy, StudyPicture } from './picture.js';
import { type StudyResults, writeResults } from './results.js';

/** The bundled charts. Two folders up, both from src/study and from dist/study. */
const PICTURES = new URL('../../dist/web/pictures.js', import.meta.url);

/**
 * Writes `<name>.json`, `<name>.md` and `<name>-1.svg` and so on into a folder, which is made.
 *
 * @returns the files.
 * @throws UserError where they cannot be written, or the charts were not built.
 */
export async function writeStudy(
  study: AnyStudy,
  results: StudyResults,
  folder: string,
): Promise<string[]> {
  const pictures = await drawAll(picturesOfStudy(study, results.runs));
  const files = [writeResults(folder, results)];
  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    writeFileAtomic(file, text);
    files.push(file);
  };
  write(`${study.name}.md`, studyPage(study, results));
  for (const [i, svg] of pictures.entries()) write(`${study.name}-${i + 1}.svg`, svg);
  return files;
}

async function drawAll(pictures: readonly StudyPicture[]): Promise<string[]> {
  if (pictures.length === 0) return [];
  try {
    const { drawStudy } = (await import(pathToFileURL(fileURLToPath(PICTURES)).href)) as {
      drawStudy: DrawStudy;
    };
    return pictures.map(drawStudy);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UserError('the charts are not there: build them with `npm run build`.', {
      cause: error,
    });
  }
}
