/** Writing tokenizers into folders. */
import { join } from 'node:path';
import { writeFileAtomic } from '../util/atomic-file.js';
import { type ManifestFields, type TokenizerFiles, tokenizerFiles } from './support.js';

/** Writes files in their order, each whole or not at all. Creates the folder. */
export function writeFiles(dir: string, files: TokenizerFiles): void {
  for (const [file, content] of Object.entries(files)) writeFileAtomic(join(dir, file), content);
}

/** Writes a tokenizer's folder: its own files first, the manifest, which makes it valid, last. */
export function saveFolder(dir: string, manifest: ManifestFields, files?: TokenizerFiles): void {
  writeFiles(dir, tokenizerFiles(manifest, files));
}
