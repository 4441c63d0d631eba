/** Stands in for `crc32.ts` in a browser. */

/** The remainder of each byte: the polynomial of ISO 3309 (0x04C11DB7), bits reversed. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return remainder;
});

/** The checksum of bytes, or of these after others whose checksum is `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let sum = ~before;
  for (let i = 0; i < bytes.length; i++) {
    sum = (sum >>> 8) ^ REMAINDERS[(sum ^ bytes[i]!) & 0xff]!;
  }
  return ~sum >>> 0;
}
