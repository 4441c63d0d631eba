/** GPT-2's spelling of bytes as printable characters, and back. */

import { BYTE_SPELLINGS } from '../bytes/spelling.js';

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_SPELLINGS.map((s, byte) => [s, byte]));
const encoder = new TextEncoder();
/** ASCII but for space and controls is spelt as itself. */
const PLAIN = /^[!-~]*$/;

/** The UTF-8 bytes of `text`, each as the character that stands for it. */
export function spellBytes(text: string): string {
  if (PLAIN.test(text)) return text;
  let out = '';
  for (const byte of encoder.encode(text)) out += BYTE_SPELLINGS[byte]!;
  return out;
}

/** The bytes that a token's characters stand for, or, where one stands for none, its own UTF-8. */
export function bytesOfSpelling(token: string): Uint8Array {
  const bytes = Uint8Array.from(token, (character) => BYTES.get(character) ?? 0);
  for (const character of token) if (!BYTES.has(character)) return encoder.encode(token);
  return bytes;
}
