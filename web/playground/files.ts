/** Runs as files on this machine: one archive out; an archive, or a folder's files, in. */
import { zip } from 'fflate';
import { folderName, MOST_BYTES, MOST_FILES, unpack } from './archive.js';

/** Offers an archive of a run's folder for download. */
export async function download(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const folder = folderName(name);
  const entries = Object.fromEntries(
    [...files].map(([path, bytes]) => [`${folder}/${path}`, bytes]),
  );
  const bytes = await new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) =>
    // Weights do not compress: level 0 takes no time.
    zip(entries, { level: 0 }, (error, data) =>
      error ? reject(error) : resolve(data as Uint8Array<ArrayBuffer>),
    ),
  );
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${folder}.zip`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * The contents of what was chosen, by path.
 *
 * @throws Error where an archive is damaged, and where it is more than a run has: a home folder, say.
 */
export async function read(chosen: FileList): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const bytes = Array.from(chosen).reduce((sum, { size }) => sum + size, 0);
  if (chosen.length > MOST_FILES || bytes > MOST_BYTES) {
    throw new Error(
      `these are ${chosen.length} files of ${Math.ceil(bytes / 1e6)} MB, which no run has: choose the folder of one run.`,
    );
  }
  for (const file of chosen) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!file.name.endsWith('.zip')) {
      files.set(file.webkitRelativePath || file.name, bytes);
      continue;
    }
    for (const [path, content] of await unpack(bytes, file.name)) files.set(path, content);
  }
  return files;
}
