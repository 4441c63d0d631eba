/** What the page may do to runs. Every request has the token (`requireToken`). */
import { Hono } from 'hono';
import * as z from 'zod';
import { requireOwn, runFolder } from './contained.js';
import { bodyOf } from './explore-api.js';
import { checkTyped, forms } from './forms.js';
import type { RunStore } from './store.js';
import type { Trainings } from './trainings.js';

const word = z.string().max(300);
/** `key=value` in words; a text to train on is named, not sent. */
const key = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,60}$/, 'expected a setting');
const settings = z.record(key, z.string().max(4000)).default({});
const newRun = z.strictObject({ model: word, preset: word, settings, name: word.optional() });
const named = z.strictObject({ name: word });
const resumed = z.strictObject({ name: word, settings });
const forked = z.strictObject({
  from: word,
  checkpoint: z.string().regex(/^(latest|best|\d{1,12})$/, 'expected latest, best or a step'),
  settings,
  name: word.optional(),
});

export function actApi(store: RunStore, trainings: Trainings): Hono {
  const api = new Hono();
  const own = (name: string) => requireOwn(runFolder(store.folder, name));

  api.get('/forms', (c) => c.json(forms()));
  api.post('/check', async (c) => {
    const { model, preset, settings } = await bodyOf(c, newRun);
    return c.json({ values: checkTyped({ model, preset, settings }) });
  });
  api.post('/start', async (c) => {
    const typed = await bodyOf(c, newRun);
    checkTyped(typed);
    return c.json({ name: await trainings.start(typed) });
  });
  api.post('/resume', async (c) => {
    const { name, settings } = await bodyOf(c, resumed);
    own(name);
    return c.json({ name: await trainings.resume(name, settings) });
  });
  api.post('/fork', async (c) => {
    const wish = await bodyOf(c, forked);
    own(wish.from);
    return c.json({ name: await trainings.fork(wish) });
  });
  api.post('/stop', async (c) => {
    const { name } = await bodyOf(c, named);
    own(name);
    trainings.stop(name);
    return c.json({});
  });
  api.post('/delete', async (c) => {
    const { name } = await bodyOf(c, named);
    runFolder(store.folder, name);
    trainings.delete(name);
    return c.json({});
  });
  return api;
}
