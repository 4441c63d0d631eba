/** SHA-256. */
import { createHash } from 'node:crypto';

/** The hash of `parts`, one after the other, in hex. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
