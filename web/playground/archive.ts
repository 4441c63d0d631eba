/** Archives of runs, from anywhere: what one declares is held to limits before anything is unpacked. */
import { unzip } from 'fflate';

/** Far more than a run has: four for each checkpoint that is kept, and some ten others. */
export const MOST_FILES = 10_000;
/** More than WebAssembly could address. */
export const MOST_BYTES = 4 * 2 ** 30;
/** Bytes for each of the archive's: weights hardly shrink, logs to a tenth, an optimizer's zeros to nothing. */
const MOST_RATIO = 100;
/** Of small archives nothing is to be feared, whatever their ratio. */
const SMALL_BYTES = 64 * 2 ** 20;
const LONGEST_PATH = 1000;

/**
 * The files in an archive, by their path.
 *
 * @param name what errors call it.
 * @throws Error in a line, where it is damaged, holds more than `limits` allow, or paths that lead elsewhere.
 */
export async function unpack(
  bytes: Uint8Array,
  name: string,
  limits = { files: MOST_FILES, bytes: MOST_BYTES },
): Promise<Map<string, Uint8Array>> {
  const most = Math.min(limits.bytes, Math.max(SMALL_BYTES, MOST_RATIO * bytes.length));
  /** Path → bytes that it is said to have. */
  const declared = new Map<string, number>();
  let count = 0;
  let total = 0;
  let refusal: Error | undefined;
  /** Once something is wrong, the rest is passed over unread. */
  const accept = (path: string, size: number): boolean => {
    count++;
    total += size;
    if (count > limits.files) throw new Error(`${name}: has more than ${limits.files} files.`);
    if (refusal || path.endsWith('/')) return false;
    if (!isPlainPath(path)) {
      const shown = JSON.stringify(path.slice(0, 80));
      refusal = new Error(`${name}: has a file ${shown}, whose place is outside the run's folder.`);
    } else if (declared.has(path)) {
      refusal = new Error(`${name}: has two files ${JSON.stringify(path)}.`);
    } else if (total > most) {
      refusal = new Error(
        `${name}: unpacks to more than ${Math.round(most / 1e6)} MB, which no run of ${(bytes.length / 1e6).toFixed(1)} MB does.`,
      );
    }
    declared.set(path, size);
    return refusal === undefined;
  };
  const entries = await new Promise<Record<string, Uint8Array>>((resolve, reject) => {
    const filter = ({ name: path, originalSize }: { name: string; originalSize: number }) =>
      accept(path, originalSize);
    unzip(bytes, { filter }, (error, data) => {
      if (error) reject(new Error(`${name}: is no archive that can be read.`));
      else resolve(data);
    });
  });
  if (refusal) throw refusal;
  const files = new Map(Object.entries(entries));
  for (const [path, size] of declared) {
    if (files.get(path)?.length === size) continue;
    throw new Error(`${name}: is damaged: ${path} does not have the ${size} bytes that it says.`);
  }
  return files;
}

/** Whether a path stays where it is unpacked, on any system, and is a key like any other. */
function isPlainPath(path: string): boolean {
  if (path.length > LONGEST_PATH || /[\0\\]|^[A-Za-z]:/.test(path)) return false;
  return !path.split('/').some((part) => ['', '.', '..', '__proto__'].includes(part));
}

/** A run's name as that of a folder: a run that was loaded may call itself `../../bin`. */
export function folderName(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '');
  return plain.slice(0, 100) || 'run';
}
