/** A process on the other end of a pipe that answers each line of JSON with one of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Peer {
  private readonly lines: AsyncIterator<string>;
  private readonly child: ChildProcess;

  constructor(command: string, args: string[], env: Record<string, string | undefined> = {}) {
    this.child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** Sends a message and waits for the answer. */
  async ask<Answer>(message: unknown): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.child.spawnargs.join(' ')}: ended without an answer`);
    return JSON.parse(value) as Answer;
  }

  close(): void {
    this.child.stdin!.end();
  }
}

/** The Python that has PyTorch, or null: Debian's is /usr/bin/python3, whatever else is on the path. */
export function pythonWithTorch(): string | null {
  for (const python of ['python3', '/usr/bin/python3']) {
    if (spawnSync(python, ['-c', 'import torch, numpy']).status === 0) return python;
  }
  return null;
}
