/**
 * GPT-2's spelling of bytes: printable Latin-1 characters stand for themselves, the other 68 bytes, in
 * order, for U+0100 on.
 */
export const BYTE_SPELLINGS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad && byte <= 0xff);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
})();
