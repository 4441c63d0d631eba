/**
 * A preset of a few minutes trained in a tab of Chromium and by the command line, one after the other: the loss that each
 * reaches, and the time that it takes.
 *
 *     npm run bench -- none && node build/bench/tab.js             mlp/chars
 *     npm run bench -- none && node build/bench/tab.js gpt char --steps 200
 *
 * Needs Chromium (NANOGPT_CHROMIUM names it, else /usr/bin/chromium), and tiny_shakespeare in the cache or NANOGPT_DATA_DIR.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';

const COMMAND = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
/** Of one training, in ms. */
const PATIENCE = 20 * 60_000;

interface Order {
  model: string;
  preset: string;
  steps: string | undefined;
}

interface Trained {
  where: string;
  /** Of training, evaluations on the way included. */
  seconds: number;
  /** From the order to the loss over the whole split. */
  wallSeconds: number;
  /** Over the whole validation split. */
  validation: number;
}

/** The number beside a title on the page. */
async function figure(page: Page, title: string): Promise<string> {
  return page.locator('.stats > div', { hasText: title }).locator('dd').innerText();
}

async function inTab({ model, preset, steps }: Order): Promise<Trained> {
  const server = spawn(process.execPath, [COMMAND, 'playground', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const executablePath = process.env['NANOGPT_CHROMIUM'] ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    let url: string | undefined;
    for await (const line of createInterface({ input: server.stdout })) {
      url = /http:\S+/.exec(line)?.[0];
      if (url) break;
    }
    if (!url) throw new Error('nanogpt playground ended without an address');
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(url);
    const machine = page.getByText(/\d threads?/).first();
    await machine.waitFor();
    await page.getByRole('combobox', { name: /^model/ }).selectOption(model);
    await page.getByRole('combobox', { name: /^preset/ }).selectOption(preset);
    if (steps) await page.getByLabel('steps', { exact: true }).fill(steps);
    const start = performance.now();
    await page.getByRole('button', { name: 'train', exact: true }).click();
    const ending = page.locator('span[role=status]', { hasText: /after [\d.]+ s/ });
    await ending.or(page.getByRole('alert')).waitFor();
    const wallSeconds = (performance.now() - start) / 1000;
    const took = /after ([\d.]+) s/.exec(await ending.innerText());
    return {
      where: `Chromium ${browser.version()}, ${await machine.innerText()}`,
      seconds: Number(took?.[1]),
      wallSeconds,
      validation: Number(await figure(page, 'validation loss, whole split')),
    };
  } finally {
    await browser.close();
    server.kill();
  }
}

function byCommandLine({ model, preset, steps }: Order, backend: string): Trained {
  const folder = mkdtempSync(path.join(tmpdir(), 'nanogpt-bench-'));
  try {
    const args = ['train', model, '--preset', preset, '--out', path.join(folder, 'run'), '--json'];
    const start = performance.now();
    const stdout = execFileSync(
      process.execPath,
      [COMMAND, ...args, ...(steps ? ['--steps', steps] : [])],
      { env: { ...process.env, NANOGPT_BACKEND: backend }, encoding: 'utf8' },
    );
    const wallSeconds = (performance.now() - start) / 1000;
    const { seconds, validation } = JSON.parse(stdout);
    return { where: `command line, ${backend}`, seconds, wallSeconds, validation: validation.loss };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  options: { steps: { type: 'string' } },
  allowPositionals: true,
});
const [model = 'mlp', preset = 'chars'] = positionals;
const order = { model, preset, steps: values.steps };
for (const train of [
  () => byCommandLine(order, 'native'),
  () => inTab(order),
  () => byCommandLine(order, 'wasm'),
]) {
  const { where, seconds, wallSeconds, validation } = await train();
  console.log(
    `${where.padEnd(44)} ${seconds.toFixed(1)} s, ${wallSeconds.toFixed(1)} with start and final evaluation; validation ${validation.toFixed(3)}`,
  );
}
