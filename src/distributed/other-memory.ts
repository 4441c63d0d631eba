/** Reading the memory of another process, where the system has a way: one copy, and nobody has to send. */
import { openForeign } from '../backend/index.js';

/** Copies bytes from an address in a process to one in this. Returns whether it could. */
export type ReadMemory = (process: number, from: number, to: number, bytes: number) => boolean;

/** `off`: ranks on one machine send each other messages, as those on several do. */
export const READ_VARIABLE = 'NANOGPT_RANK_READS';

/** Linux's `process_vm_readv`; null elsewhere, or where it is not wished. Whether it is allowed shows when it is called. */
export function memoryReader(): ReadMemory | null {
  if (process.platform !== 'linux' || process.env[READ_VARIABLE] === 'off') return null;
  let read: (...args: unknown[]) => number;
  try {
    const library = openForeign('libc.so.6');
    const pieces = ['int', 'void *', 'int64_t', 'void *', 'int64_t', 'int64_t'];
    read = library.func('process_vm_readv', 'int64_t', pieces) as never;
  } catch {
    return null; // another C library
  }
  const [here, there] = [new BigInt64Array(2), new BigInt64Array(2)]; // address, bytes
  return (process, from, to, bytes) => {
    for (let at = 0; at < bytes; ) {
      here[0] = BigInt(to + at);
      there[0] = BigInt(from + at);
      here[1] = there[1] = BigInt(bytes - at);
      const copied = Number(read(process, here, 1, there, 1, 0));
      if (copied <= 0) return false;
      at += copied;
    }
    return true;
  };
}
