/** Files of named tensors in the safetensors format, on a disk; `safetensors-read.ts` tells the format. */
import type { Tensor } from '../tensor/index.js';
import { PositionedFile } from './positioned-file.js';
import { restoreTensors, SafetensorsReader } from './safetensors-read.js';

export type { HostTensor } from './safetensors-encode.js';
export type { TensorEntry } from './safetensors-header.js';
export { type WrittenFile, writeSafetensors } from './safetensors-write.js';

/**
 * A safetensors file, opened and checked; values are read when asked for.
 *
 *     using file = new SafetensorsFile(path);
 *     file.readInto('hidden.weight', model.hidden.weight);
 */
export class SafetensorsFile extends SafetensorsReader {
  /** @throws UserError as `SafetensorsReader`, and where there is no file, or it cannot be read. */
  constructor(file: string) {
    super(new PositionedFile(file));
  }
}

/**
 * Reads a file's values into tensors that are there already (a model's parameters): the same names,
 * shapes and types, or nothing is changed.
 *
 * @throws UserError naming what is missing, what is too many, or what differs.
 */
export function restoreSafetensors(file: string, into: Iterable<readonly [string, Tensor]>): void {
  using source = new SafetensorsFile(file);
  restoreTensors(source, into);
}
