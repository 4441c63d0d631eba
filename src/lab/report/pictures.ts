/** A report's charts as pictures, without a browser. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '../../util/errors.js';
import type { PictureOptions, PictureSource, ReportData } from '../protocol.js';

export interface Picture {
  /** With its ending. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Two pixels to one of the SVG's, of which an inch has 72: for fine screens and print. */
const DENSITY = 144;

/**
 * Draws them.
 *
 * @param web the folder of the built page.
 * @throws UserError where that was not built, or what makes PNG is not installed.
 */
export async function drawPictures(
  data: ReportData,
  { format, ...options }: PictureOptions & { readonly format: 'svg' | 'png' },
  web: string,
): Promise<Picture[]> {
  const encode = format === 'png' ? await pngEncoder() : undefined;
  let drawn: ReturnType<PictureSource>;
  try {
    const file = pathToFileURL(path.join(web, 'pictures.js')).href;
    const { picturesOf } = (await import(file)) as { picturesOf: PictureSource };
    drawn = picturesOf(data, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UserError('the page of the Lab is not there: build it with `npm run build`.', {
      cause: error,
    });
  }
  const taken = new Set<string>();
  const pictures: Picture[] = [];
  for (const { name, svg } of drawn) {
    const content = encode ? await encode(svg) : svg;
    pictures.push({ name: `${free(name, taken)}.${format}`, content });
  }
  return pictures;
}

/** A file's name that is not taken, on systems that do not tell capitals apart either. */
function free(name: string, taken: Set<string>): string {
  const safe = name.replace(/[^\w.-]+/g, '_').slice(0, 150);
  for (let i = 1; ; i++) {
    const chosen = i === 1 ? safe : `${safe}-${i}`;
    if (taken.has(chosen.toLowerCase())) continue;
    taken.add(chosen.toLowerCase());
    return chosen;
  }
}

/** It is an optional dependency: a binary that is not there for every system. */
async function pngEncoder(): Promise<(svg: string) => Promise<Uint8Array>> {
  try {
    const { default: sharp } = await import('sharp');
    return (svg) => sharp(Buffer.from(svg), { density: DENSITY }).png().toBuffer();
  } catch (cause) {
    throw new UserError(
      '--png needs the package sharp, which is not installed for this system: `npm install sharp`, or write --svg.',
      { cause },
    );
  }
}
