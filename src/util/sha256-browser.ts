/**
 * Stands in for `sha256.ts` in a browser, whose own SHA-256 is asynchronous and missing on pages that were not sent over
 * HTTPS.
 */
import { sha256 as hashes } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The hash of `parts`, one after the other, in hex. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = hashes.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
}
