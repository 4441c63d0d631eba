/** What every command that computes does first. */
import { backendNotice } from '../backend/index.js';
import { currentBackend } from '../tensor/index.js';
import type { Output } from './output.js';

/** Sets the number of threads, where it is given; it goes before NANOGPT_THREADS. */
export function useThreads(threads: number | undefined): void {
  if (threads !== undefined) currentBackend().setThreads(threads);
}

/** Chooses the backend, and tells the user where it is the slow one. */
export function prepareBackend(output: Output, threads: number | undefined): void {
  useThreads(threads);
  const notice = backendNotice();
  if (notice) output.notice(notice);
}
