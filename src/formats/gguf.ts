/** A GGUF file, opened and checked; values are read when asked for. */
import { UserError } from '../util/errors.js';
import { type GgufTensor, readGgufHeader } from './gguf-header.js';
import type { GgufValue } from './gguf-types.js';
import { PositionedFile } from './positioned-file.js';
import type { TensorSource } from './tensor-source.js';

export class GgufFile implements TensorSource {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly #file: PositionedFile;

  /**
   * @throws UserError naming the file and what is wrong with it: no GGUF, cut short, sizes that do not fit into
   *   it, tensors that overlap or are of types not read here.
   */
  constructor(file: string) {
    this.path = file;
    this.#file = new PositionedFile(file);
    try {
      const { metadata, tensors } = readGgufHeader(this.#file);
      this.metadata = metadata;
      this.tensors = tensors;
    } catch (error) {
      this.#file.close();
      const isOurs = error instanceof UserError && !error.message.includes(file);
      throw isOurs ? new UserError(`${file}: ${error.message}.`, { cause: error }) : error;
    }
  }

  readFloats(name: string, start: number, out: Float32Array): void {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.path}: has no tensor ${JSON.stringify(name)}.`);
    this.#file.readFloats(tensor.dtype, tensor.position, start, out);
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
