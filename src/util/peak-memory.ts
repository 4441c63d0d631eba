import { readFileSync } from 'node:fs';

/**
 * Peak memory of this process, in bytes. On Linux the high-water mark of its own
 * address space: the `maxRSS` that Node reports begins with that of whoever started the process.
 */
export function peakMemoryBytes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024; // in KiB on every system
  }
}
