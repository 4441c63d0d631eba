/** What a thread of `runTask` runs: one task, then it ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from './errors.js';
import type { Task, WorkMessage, WorkOrder } from './work.js';

const REPORT_MS = 100;

const { module, name, args } = workerData as WorkOrder;
let reportedAt = 0;

function report(share: number): void {
  const now = performance.now();
  if (now - reportedAt < REPORT_MS) return;
  reportedAt = now;
  say({ share });
}

function say(message: WorkMessage, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer);
}

try {
  const task = ((await import(module)) as Record<string, Task<unknown, unknown>>)[name]!;
  const result = await task.run(args, report);
  say({ result }, buffersOf(result));
} catch (error) {
  if (error instanceof UserError) say({ message: error.message, name: error.name });
  else say({ fault: error });
}

/** Memory that need not be copied: that of an array of numbers, which nobody here uses any more. */
function buffersOf(result: unknown): ArrayBuffer[] {
  if (!ArrayBuffer.isView(result) || !(result.buffer instanceof ArrayBuffer)) return [];
  return result.byteLength === result.buffer.byteLength ? [result.buffer] : [];
}
