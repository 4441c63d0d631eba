/** What commands print: text for people, or one JSON value for programs. */

/** Prints lines for people, and nothing at all where JSON was asked for; then `result` is the one output. */
export class Output {
  /** @param isSilent whether another rank says all of this. */
  constructor(
    readonly isJson: boolean,
    readonly isSilent = false,
  ) {}

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  /** Without a line end: for text that comes in pieces. */
  write(text: string): void {
    if (!this.isJson && !this.isSilent) process.stdout.write(text);
  }

  /** Something the user should know that is no error: on standard error, so that it is seen in either form. */
  notice(text: string): void {
    if (!this.isSilent) process.stderr.write(`nanogpt: ${text}\n`);
  }

  result(value: unknown): void {
    if (this.isJson && !this.isSilent) process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

let pipeClosed: () => void = () => {};

/**
 * What to do when whoever reads standard output goes away (`| head`), in place of an error. The last
 * one named counts. A closed standard error is passed over: what goes there is only for watching.
 */
export function onClosedPipe(action: () => void): void {
  pipeClosed = action;
  process.stdout.off('error', stdoutFailed).on('error', stdoutFailed);
  process.stderr.off('error', stderrFailed).on('error', stderrFailed);
}

function stdoutFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  pipeClosed();
}

function stderrFailed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** `20,562,681` */
export function thousands(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `82.3 MB`, `316 MB`, in powers of ten. */
export function byteSize(bytes: number): string {
  if (bytes >= 1e15) return `${(bytes / 1e15).toPrecision(3)} PB`;
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(2)} TB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e8) return `${(bytes / 1e6).toFixed(0)} MB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}

/** A learning rate: `0.5`, `0.0003`, `1e-7`; four digits. */
export function rate(value: number): string {
  return String(Number(value.toPrecision(4)));
}
