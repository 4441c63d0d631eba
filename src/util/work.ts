/**
 * Long computations in a thread of their own, so that the one which asks hears signals meanwhile, can show
 * how far it is, and can end it at any moment.
 *
 * No task may use the compute kernels: they belong to the main thread.
 */
import { Worker } from 'node:worker_threads';
import { StoppedError, UsageError, UserError, VocabularyError } from './errors.js';

/** How far a long computation has come. */
export interface WorkProgress {
  /** What is being done, as `tokenizing`. */
  readonly doing: string;
  /** From 0 to 1; undefined while it is not known. */
  readonly share: number | undefined;
}

export interface WorkOptions {
  /** Ends the computation; the promise is then rejected with a StoppedError. */
  signal?: AbortSignal | undefined;
  /** Called at the beginning, some ten times a second where the share is known, and at the end (1). */
  onProgress?: ((progress: WorkProgress) => void) | undefined;
}

/**
 * A computation that can be done in another thread: what `module` (the `import.meta.url` of its file)
 * exports as `name` is this very object. Arguments and result are copied between the threads, arrays of
 * numbers in the result moved.
 */
export interface Task<A, R> {
  readonly module: string;
  readonly name: string;
  /** @param report takes the share that is done, as often as it likes. */
  run(args: A, report: (share: number) => void): R | Promise<R>;
}

/** What the thread is given. */
export interface WorkOrder {
  readonly module: string;
  readonly name: string;
  readonly args: unknown;
}

/** What the thread says: how far it is, and at last how it ended. */
export type WorkMessage =
  | { readonly share: number }
  | { readonly result: unknown }
  /** A UserError, and of which class: that is lost on the way. */
  | { readonly message: string; readonly name: string }
  | { readonly fault: unknown };

/** Whose difference matters to whoever waits for a thread. */
const USERS_ERRORS: Record<string, new (message: string) => UserError> = {
  UsageError,
  VocabularyError,
};

const ENTRY = new URL('./work-thread.js', import.meta.url);
/** Only what is compiled has a file that a thread can run; from the sources it is done here. */
const CAN_THREAD = !import.meta.url.endsWith('.ts');

/**
 * Does a task in a thread of its own.
 *
 * @param doing what it is, for progress and errors: `tokenizing`.
 * @throws what the task throws, and StoppedError when the signal is aborted.
 */
export async function runTask<A, R>(
  task: Task<A, R>,
  args: A,
  doing: string,
  { signal, onProgress }: WorkOptions = {},
): Promise<R> {
  const stopped = () => new StoppedError(`${doing} was stopped`);
  if (signal?.aborted) throw stopped();
  const report = (share?: number) => onProgress?.({ doing, share });
  report();
  const result = CAN_THREAD
    ? await inThread<R>({ module: task.module, name: task.name, args }, doing, report, signal)
    : await task.run(args, report);
  if (signal?.aborted) throw stopped();
  report(1);
  return result;
}

function inThread<R>(
  order: WorkOrder,
  doing: string,
  report: (share: number) => void,
  signal: AbortSignal | undefined,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    // Without Node's own arguments: some of them (--input-type) say how to read the program's entry.
    const worker = new Worker(ENTRY, { workerData: order, execArgv: [] });
    const stop = () => {
      reject(new StoppedError(`${doing} was stopped`));
      void worker.terminate();
    };
    signal?.addEventListener('abort', stop, { once: true });
    worker.on('message', (message: WorkMessage) => {
      if ('share' in message) return report(message.share);
      if ('result' in message) {
        worker.unref(); // it ends by itself: nobody need wait for that
        resolve(message.result as R);
      } else if ('fault' in message) reject(message.fault);
      else reject(new (USERS_ERRORS[message.name] ?? UserError)(message.message));
    });
    worker.on('error', (error) => {
      const { code } = error as NodeJS.ErrnoException;
      const isMemory = code === 'ERR_WORKER_OUT_OF_MEMORY';
      reject(
        isMemory ? new UserError(`${doing} took more memory than Node may use. ${MORE}`) : error,
      );
    });
    worker.on('exit', () => {
      signal?.removeEventListener('abort', stop);
      reject(new Error(`${doing}: its thread ended without a result`)); // unless it had one
    });
  });
}

const MORE = 'Use a shorter text, or set NODE_OPTIONS=--max-old-space-size=8192 (megabytes).';
