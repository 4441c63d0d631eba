/** Writing safetensors into a file. */
import { crc32 } from 'node:zlib';
import { AtomicFile, type AtomicFileOptions } from '../util/atomic-file.js';
import { type SafetensorsValue, safetensorsPieces } from './safetensors-encode.js';

/** What was written. */
export interface WrittenFile {
  readonly bytes: number;
  /** CRC-32 of the whole file: finds damage, at a tenth of the time that SHA-256 takes. */
  readonly crc32: number;
}

/**
 * Writes tensors into a file that appears whole or not at all.
 *
 * @param tensors and metadata as `safetensorsPieces` takes them.
 * @param options as `AtomicFile` takes them.
 * @throws UserError when a name comes twice, or the file cannot be written.
 */
export function writeSafetensors(
  file: string,
  tensors: Iterable<readonly [string, SafetensorsValue]>,
  metadata: Record<string, string> = {},
  options: AtomicFileOptions = {},
): WrittenFile {
  using target = new AtomicFile(file, options);
  let checksum = 0;
  let bytes = 0;
  for (const piece of safetensorsPieces(tensors, metadata)) {
    checksum = crc32(piece, checksum);
    target.write(piece);
    bytes += piece.byteLength;
  }
  target.commit();
  return { bytes, crc32: checksum };
}
