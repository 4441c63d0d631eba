import { readFileSync } from 'node:fs';

/**
 * Bytes of memory that this process held at most. Linux: the high-water mark of its own address space;
 * `maxRSS` would begin with that of the process that started it.
 */
export function peakMemory(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
