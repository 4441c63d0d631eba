/** The little of a browser that is used here, typed since neither Node's types nor ES's have it. */

export interface PageWorker {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  terminate(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: { message?: string }) => void) | null;
}

interface Platform {
  readonly Worker: new (url: string) => PageWorker;
  /** Whether memory may be shared with workers: the page was sent with the headers that isolate it. */
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly userAgent?: string };
}

export const platform = globalThis as unknown as Platform;
