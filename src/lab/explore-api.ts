/** What the page asks of a run's model: it is opened and run by the explorer, a process of its own. */
import { type Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import * as z from 'zod';
import { describeIssues } from '../runs/index.js';
import { UsageError, UserError } from '../util/errors.js';
import { oneLine } from '../util/one-line.js';
import { runFolder } from './contained.js';
import type { Explorer } from './explorer/client.js';
import type { SamplePart, Wish } from './explorer/messages.js';
import type { RunStore } from './store.js';

const MOST_TOKENS = 2000;
const MOST_TEXT = 20_000;
/** Runs in one report. */
const MOST_REPORTED = 50;

const name = z.string().max(300);
const text = z.string().max(MOST_TEXT);
const checkpoint = z.union([z.enum(['latest', 'best']), z.int().min(0)]).default('latest');
const ofRun = z.strictObject({ name, checkpoint });
const sample = ofRun.extend({
  prompt: text.default(''),
  tokens: z.int().min(1).max(MOST_TOKENS).default(200),
  temperature: z.number().min(0).max(100).default(1),
  topK: z.int().min(0).max(1e9).default(0),
  topP: z.number().gt(0).max(1).default(1),
  seed: z.int().min(0).default(0),
  alternatives: z.int().min(1).max(20).default(10),
});
const insight = ofRun.extend({ prompt: text.min(1) });
const pieces = z.strictObject({ name, text });
const report = z.strictObject({ names: z.array(name).min(1).max(MOST_REPORTED) });
const yardsticks = z.strictObject({ name });

/** A request's body, checked. @throws UsageError in words. */
export async function bodyOf<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  let json: unknown;
  try {
    json = await c.req.json();
  } catch {
    throw new UsageError('the body: expected JSON.');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new UsageError(`${describeIssues(parsed.error, json)}.`);
  return parsed.data;
}

export function exploreApi(store: RunStore, explorer: Explorer, web: string): Hono {
  const api = new Hono();
  const folderOf = (run: string) => runFolder(store.folder, run);

  api.post('/sample', async (c) => {
    const { name, ...rest } = await bodyOf(c, sample);
    const wish: Wish = { kind: 'sample', folder: folderOf(name), ...rest };
    c.header('Content-Type', 'application/x-ndjson');
    return stream(c, async (out) => {
      try {
        for await (const part of explorer.stream<SamplePart>(wish)) {
          if (out.aborted || out.closed) return;
          await out.write(`${JSON.stringify(part)}\n`);
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        await out.write(`${JSON.stringify({ problem: oneLine(error.message) })}\n`);
      }
    });
  });
  api.post('/tree', async (c) => {
    const { name, checkpoint } = await bodyOf(c, ofRun);
    return c.json(await explorer.ask<object>({ kind: 'tree', folder: folderOf(name), checkpoint }));
  });
  api.post('/insight', async (c) => {
    const { name, ...rest } = await bodyOf(c, insight);
    return c.json(await explorer.ask<object>({ kind: 'insight', folder: folderOf(name), ...rest }));
  });
  api.post('/embedding', async (c) => {
    const { name, checkpoint } = await bodyOf(c, ofRun);
    const wish: Wish = { kind: 'embedding', folder: folderOf(name), checkpoint };
    return c.json(await explorer.ask<object>(wish));
  });
  api.post('/pieces', async (c) => {
    const { name, text } = await bodyOf(c, pieces);
    return c.json(await explorer.ask<object>({ kind: 'pieces', folder: folderOf(name), text }));
  });
  api.post('/yardsticks', async (c) => {
    const { name } = await bodyOf(c, yardsticks);
    return c.json(await explorer.ask<object>({ kind: 'yardsticks', folder: folderOf(name) }));
  });
  api.post('/report', async (c) => {
    const { names } = await bodyOf(c, report);
    for (const name of names) runFolder(store.folder, name);
    const wish: Wish = { kind: 'report', folder: store.folder, names, web };
    c.header('Content-Disposition', 'attachment; filename="report.html"');
    return c.body(await explorer.ask<string>(wish), 200, {
      'Content-Type': 'application/octet-stream',
    });
  });
  return api;
}
