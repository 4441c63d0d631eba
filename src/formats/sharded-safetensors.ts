/**
 * Tensors in several safetensors files, with an index that says which is where, as large models are published:
 *
 *     model.safetensors.index.json    { "metadata": { … }, "weight_map": { name: file, … } }
 *     model-00001-of-00003.safetensors …
 */
import path from 'node:path';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { SafetensorsFile, type TensorEntry } from './safetensors.js';
import type { TensorSource } from './tensor-source.js';

/** Far above any model's. */
const MAX_INDEX_BYTES = 64 * 1024 * 1024;
const MAX_SHARDS = 512;
/** A file of the index's own folder: it may not lead anywhere else. */
const SHARD = /^[\w-][\w.-]{0,250}\.safetensors$/;

export class ShardedSafetensors implements TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly #fileOf = new Map<string, SafetensorsFile>();
  readonly #files = new Map<string, SafetensorsFile>();

  /**
   * Opens the index and every shard.
   *
   * @param index the index's path; shards lie in its folder.
   * @throws UserError where the index is none, names a path and no file of its folder, a shard is missing or
   *   broken, or a tensor is not in the shard that it is said to be in, or in another too.
   */
  constructor(index: string) {
    this.path = index;
    const tensors = new Map<string, TensorEntry>();
    try {
      const shardOf = readIndex(index);
      for (const shard of new Set(shardOf.values())) {
        this.#files.set(shard, new SafetensorsFile(path.join(path.dirname(index), shard)));
      }
      for (const [name, shard] of shardOf) {
        const file = this.#files.get(shard)!;
        const entry = file.tensors.get(name);
        if (!entry) {
          throw new UserError(
            `${file.path}: has no tensor ${JSON.stringify(name)}, which ${index} says it has.`,
          );
        }
        tensors.set(name, entry);
        this.#fileOf.set(name, file);
      }
      for (const [shard, file] of this.#files) {
        const extra = [...file.tensors.keys()].find((name) => shardOf.get(name) !== shard);
        if (extra === undefined) continue;
        throw new UserError(
          `${file.path}: has a tensor ${JSON.stringify(extra)} that ${index} does not say it has.`,
        );
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.tensors = tensors;
  }

  readFloats(name: string, start: number, out: Float32Array): void {
    const file = this.#fileOf.get(name);
    if (!file) throw new UserError(`${this.path}: has no tensor ${JSON.stringify(name)}.`);
    file.readFloats(name, start, out);
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

/** Which shard each tensor is in. @throws UserError. */
export function readIndex(index: string): Map<string, string> {
  const json = readJsonFile(index, MAX_INDEX_BYTES) as { weight_map?: unknown } | null;
  const map = json?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new UserError(`${index}: expected "weight_map", an object of files by tensor.`);
  }
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !SHARD.test(shard)) {
      throw new UserError(
        `${index}: tensor ${JSON.stringify(name)}: expected the name of a .safetensors file of the same folder, got ${JSON.stringify(shard)}.`,
      );
    }
    shardOf.set(name, shard);
  }
  const count = new Set(shardOf.values()).size;
  if (count > MAX_SHARDS) {
    throw new UserError(`${index}: expected at most ${MAX_SHARDS} files, got ${count}.`);
  }
  return shardOf;
}
