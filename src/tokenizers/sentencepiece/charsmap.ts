/**
 * The rules of a normalisation as a model file holds them (`precompiled_charsmap`): the length of a
 * double array in bytes (32 bits, least significant byte first), the double array, whose keys are what
 * is replaced, and the replacements, each ended by a byte 0; a key's value is where its replacement
 * starts.
 */

import { UserError } from '../../util/errors.js';
import { DoubleArray } from './double-array.js';
import { compareBytes } from './utf8.js';

export interface NormalizationRules {
  /** As in the model file. */
  blob: Uint8Array;
  trie: DoubleArray;
  /** Replacements, each ended by a byte 0. */
  replacements: Uint8Array;
}

/** @throws UserError where the lengths in it do not fit. */
export function readCharsmap(blob: Uint8Array): NormalizationRules {
  const broken = (why: string): UserError =>
    new UserError(`the model's normalisation rules are broken: ${why}`);
  if (blob.length <= 4) throw broken(`they have ${blob.length} bytes`);
  const size = new DataView(blob.buffer, blob.byteOffset, 4).getUint32(0, true);
  if (size >= blob.length - 4)
    throw broken(`a table of ${size} bytes is announced in ${blob.length}`);
  if (size % 4 !== 0) throw broken(`a table of ${size} bytes is not one of 32-bit units`);
  return {
    blob,
    trie: DoubleArray.fromBytes(blob.subarray(4, 4 + size)),
    replacements: blob.subarray(4 + size),
  };
}

/** Compiles rules: what is replaced → by what. */
export function compileCharsmap(rules: ReadonlyMap<string, string>): NormalizationRules {
  const encoder = new TextEncoder();
  const positions = new Map<string, number>();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const replacement of new Set(rules.values())) {
    positions.set(replacement, length);
    const bytes = encoder.encode(`${replacement}\0`);
    parts.push(bytes);
    length += bytes.length;
  }
  const entries = [...rules].map(([from, to]) => ({
    key: encoder.encode(from),
    value: positions.get(to)!,
  }));
  entries.sort((a, b) => compareBytes(a.key, b.key));
  const trie = DoubleArray.build(
    entries.map((e) => e.key),
    entries.map((e) => e.value),
  );
  const table = trie.toBytes();
  const blob = new Uint8Array(4 + table.length + length);
  new DataView(blob.buffer).setUint32(0, table.length, true);
  blob.set(table, 4);
  let at = 4 + table.length;
  for (const part of parts) {
    blob.set(part, at);
    at += part.length;
  }
  return { blob, trie, replacements: blob.subarray(4 + table.length) };
}
