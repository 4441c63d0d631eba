/** The files of one checkpoint: model and optimizer in safetensors, and `state.json`, which has their lengths and checksums. */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { SafetensorsFile, writeSafetensors } from '../formats/safetensors.js';
import { fileError, writeFileAtomic } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { NO_WAIT } from '../util/read-file.js';
import {
  type CheckpointContents,
  type Named,
  parseState,
  type SavedState,
  stateJson,
} from './checkpoint-state.js';

const STATE_FILE = 'state.json';
const MODEL_FILE = 'model.safetensors';
const OPTIMIZER_FILE = 'optimizer.safetensors';
const AVERAGE_FILE = 'average.safetensors';
/** A line for each parameter of the largest models that this program trains, many times over. */
const MAX_STATE_BYTES = 64 * 1024 * 1024;
/** A folder that has vanished meanwhile is not made anew. */
export const IN_PLACE = { makeFolders: false };

/** A checkpoint on disk whose files were found whole. */
export interface Checkpoint extends SavedState {
  readonly folder: string;
  readonly modelFile: string;
  readonly optimizerFile: string;
  /** Where the run keeps an average of the weights. */
  readonly averageFile?: string;
}

/** Writes a checkpoint's files into `folder`, which is there. */
export function fillFolder(folder: string, contents: CheckpointContents): void {
  const { state, model, optimizer, average } = contents;
  const metadata = { format: 'nanogpt', step: String(state.step) };
  const write = (name: string, tensors: Named) => ({
    [name]: writeSafetensors(path.join(folder, name), tensors, metadata, IN_PLACE),
  });
  const files = {
    ...write(MODEL_FILE, model),
    ...write(OPTIMIZER_FILE, optimizer),
    ...(average && write(AVERAGE_FILE, average)),
  };
  writeFileAtomic(path.join(folder, STATE_FILE), stateJson(state, files), IN_PLACE);
}

/** Reads the state of the checkpoint in `folder` without looking at its tensors. */
export function readState(folder: string): ReturnType<typeof parseState> {
  const file = path.join(folder, STATE_FILE);
  return parseState(readJsonFile(file, MAX_STATE_BYTES), file);
}

/** The checkpoint in `folder`, after checking every file's length and checksum. @throws UserError when it is not whole. */
export function readCheckpoint(folder: string): Checkpoint {
  const { state, files } = readState(folder);
  const hasAverage = files[AVERAGE_FILE] !== undefined;
  for (const name of [MODEL_FILE, OPTIMIZER_FILE, ...(hasAverage ? [AVERAGE_FILE] : [])]) {
    const expected = files[name];
    if (!expected) throw new UserError(`${folder}: is damaged: its state does not name ${name}.`);
    checkFile(path.join(folder, name), expected);
  }
  return {
    name: path.basename(folder),
    folder,
    state,
    open: (part) =>
      part === 'average' && !hasAverage
        ? undefined
        : new SafetensorsFile(path.join(folder, `${part}.safetensors`)),
    modelFile: path.join(folder, MODEL_FILE),
    optimizerFile: path.join(folder, OPTIMIZER_FILE),
    ...(hasAverage && { averageFile: path.join(folder, AVERAGE_FILE) }),
  };
}

function checkFile(file: string, expected: { bytes: number; crc32: number }): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, NO_WAIT);
  } catch (error) {
    throw fileError('cannot read', file, error);
  }
  try {
    const { size } = fs.fstatSync(descriptor); // 0 of a pipe
    if (size !== expected.bytes) {
      throw new UserError(`${file}: is damaged: expected ${expected.bytes} bytes, got ${size}.`);
    }
    let checksum = 0;
    const buffer = new Uint8Array(4 * 1024 * 1024);
    for (let count = -1; count !== 0; ) {
      count = fs.readSync(descriptor, buffer, 0, buffer.length, null);
      checksum = crc32(buffer.subarray(0, count), checksum);
    }
    if (checksum !== expected.crc32) {
      throw new UserError(`${file}: is damaged: its contents do not match its checksum.`);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
