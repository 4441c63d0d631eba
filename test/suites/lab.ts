/** Runs made of files alone, and a Lab over them: for tests. */
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type Lab, startLab } from '../../src/lab/index.js';
import { buildSettings } from '../../src/runs/index.js';
import { modelDefinition, startRun } from '../../src/train/index.js';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  json: () => { problem?: string } & Record<string, unknown>;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** As it is sent: not made tidy, as `fetch` would. */
  path: string;
}

/** A folder of runs with a Lab over it. */
export class LabFixture implements AsyncDisposable {
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-lab-'));
  readonly folder = path.join(this.root, 'runs');
  readonly faults: unknown[] = [];
  lab!: Lab;

  static async start(): Promise<LabFixture> {
    const fixture = new LabFixture();
    fs.mkdirSync(fixture.folder);
    fixture.lab = await startLab({
      folder: fixture.folder,
      port: 0,
      onFault: (error) => fixture.faults.push(error),
    });
    return fixture;
  }

  /** A run's folder with metrics and without checkpoints. */
  addRun(name: string, metrics = '', config: object = {}): string {
    const folder = path.join(this.folder, name);
    fs.mkdirSync(path.join(folder, 'checkpoints'), { recursive: true });
    fs.writeFileSync(
      path.join(folder, 'config.json'),
      JSON.stringify({ ...configOf(name), ...config }),
    );
    fs.writeFileSync(path.join(folder, 'metrics.jsonl'), metrics);
    return folder;
  }

  /** Sends a request just as it is written, and from this machine's page unless the headers say otherwise. */
  ask({ method = 'GET', headers = {}, body, path: target }: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: this.lab.port,
          method,
          path: target,
          headers: { Host: `127.0.0.1:${this.lab.port}`, ...headers },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => {
            const { statusCode = 0, headers } = response;
            resolve({ status: statusCode, headers, text, json: () => JSON.parse(text) });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** As the page does what it may. */
  act(target: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask({
      path: target,
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${this.lab.token}`,
        ...headers,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
    fs.rmSync(this.root, { recursive: true });
  }
}

/** What a run of the smallest model says of itself. */
export function configOf(name: string): object {
  const settings = buildSettings(modelDefinition('mlp'), {
    preset: 'chars',
    overrides: { steps: 50_000, logInterval: 1 },
  });
  const split = { tokens: 100, bytes: 100 };
  return {
    format: 'nanogpt-run',
    version: 1,
    name,
    created: '2026-01-31T12:00:00.000Z',
    ...settings,
    dataset: {
      name: 'tiny_shakespeare',
      sha256: '0',
      bytes: 300,
      tokens: 300,
      splits: { train: split, validation: split, test: split },
    },
    vocabSize: 65,
    parameters: { total: 1000, trainable: 1000 },
    versions: { nanogpt: '0', node: 'v20', platform: 'linux x64', backend: 'native', threads: 2 },
  };
}

/** Lines of metrics as a run writes them. */
export function metricsOf(steps: number, loss = (step: number) => 4 / Math.sqrt(step)): string {
  const lines: string[] = [];
  for (let step = 1; step <= steps; step++) {
    lines.push(
      JSON.stringify({
        type: 'step',
        step,
        split: 'train',
        loss: loss(step),
        lr: 0.001,
        gradNorm: 1 + (step % 5) / 10,
        tokens: step * 128,
        tokensPerSecond: 40_000,
        seconds: step * 0.0321,
      }),
    );
    if (step % 5000 === 0) {
      const evaluation = { type: 'evaluation', step, split: 'validation', loss: loss(step) + 0.1 };
      lines.push(JSON.stringify({ ...evaluation, trainLoss: null, best: true, seconds: step }));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Trains a small transformer with probes and several checkpoints in the Lab's folder, on `text.txt` beside it. */
export async function trainSmall(lab: LabFixture, name: string): Promise<void> {
  const settings = buildSettings(modelDefinition('gpt'), {
    preset: 'char',
    overrides: {
      ...{ data: path.join(lab.root, 'text.txt'), steps: 40, batchSize: 4, blockSize: 16 },
      ...{ nLayer: 2, nHead: 2, nEmbd: 16, warmupSteps: 4, evalInterval: 10, keepInterval: 10 },
      ...{ probes: true, sampleInterval: 20, sampleTokens: 40 },
    },
  });
  using session = await startRun(settings, { folder: lab.folder, name });
  await session.trainer.train();
}
