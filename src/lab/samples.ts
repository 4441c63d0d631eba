/** The texts that a run wrote on its way. */
import fs from 'node:fs';
import path from 'node:path';
import { OPEN_FLAGS } from './tail.js';

/** Bytes of the samples that are shown: the last ones. */
const SAMPLE_BYTES = 64 * 1024;

/** The end of `samples.txt`; nothing of what is no file. */
export function samplesOf(folder: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(path.join(folder, 'samples.txt'), OPEN_FLAGS);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) return '';
    const end = Buffer.alloc(Math.min(stat.size, SAMPLE_BYTES));
    const count = fs.readSync(descriptor, end, 0, end.length, stat.size - end.length);
    return end.toString('utf8', 0, count);
  } catch {
    return '';
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}
