/** The playground's page in a browser, for the tests that use it. */
import fs from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Playground, startPlayground } from '../src/lab/index.js';
import { smallText, Workshop } from './run-cli.js';

const EXECUTABLE = process.env['NANOGPT_CHROMIUM'] ?? '/usr/bin/chromium';
export const isHere = fs.existsSync(EXECUTABLE);
if (!isHere) {
  console.warn(`no browser at ${EXECUTABLE}: its tests are skipped; NANOGPT_CHROMIUM names one`);
}
/** A folder to leave pictures of the page in, for whoever wants to look. */
const PICTURES = process.env['NANOGPT_PICTURES'];
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
/** Of a page on a busy machine, in ms. */
export const PATIENCE = 60_000;
export const LONG = 180_000;

/** Starts a browser and two servers for the tests of a `describe`, and ends them. */
export function playgroundPages() {
  const workshop = new Workshop();
  let browser: Browser;
  const servers: Partial<Record<'isolated' | 'bare', Playground>> = {};
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
    servers.isolated = await startPlayground({ port: 0 });
    servers.bare = await startPlayground({ port: 0, isolated: false });
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    await servers.isolated?.close();
    await servers.bare?.close();
    workshop[Symbol.dispose]();
  }, PATIENCE);

  /** The page once the engine is ready; what it complains of to the console ends the test. */
  async function open(which: 'isolated' | 'bare', options: object = {}): Promise<Page> {
    const page = await browser.newPage({ reducedMotion: 'reduce', ...options });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(servers[which]!.url);
    await page
      .getByText(/\d threads?/)
      .first()
      .waitFor();
    return page;
  }
  const faults: string[] = [];
  const picture = async (page: Page, name: string) => {
    if (PICTURES)
      await page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: true });
  };

  /** Chooses a text of one's own, and small settings. */
  async function fill(page: Page, set: string, steps: string): Promise<void> {
    await page.getByRole('combobox', { name: /^text/ }).selectOption('my text');
    await page.getByPlaceholder(/^paste a text/).fill(smallText());
    await page.getByLabel('steps', { exact: true }).fill(steps);
    await page.getByPlaceholder('nHidden=400 optimizer=sgd').fill(set);
  }
  const status = (page: Page) => page.locator('span[role=status]');
  const trains = (page: Page) => page.getByRole('button', { name: 'train', exact: true }).click();
  /** Waits until so many characters are there. */
  const written = (page: Page, least: number) =>
    expect
      .poll(async () => (await page.locator('.text').textContent())?.length, { timeout: LONG })
      .toBeGreaterThanOrEqual(least);
  const wrote = (page: Page) => page.getByLabel('what the model wrote');
  /** Saves the open run and unpacks it among the command line's; returns its name and the archive. */
  async function save(page: Page): Promise<{ name: string; zip: string }> {
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'save as a file' }).click(),
    ]);
    const name = saved.suggestedFilename().replace(/\.zip$/, '');
    const zip = path.join(workshop.folder, `${name}.zip`);
    await saved.saveAs(zip);
    for (const [file, bytes] of Object.entries(unzipSync(fs.readFileSync(zip)))) {
      const to = path.join(workshop.folder, 'runs', file);
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.writeFileSync(to, bytes);
    }
    return { name, zip };
  }
  const greedily = (name: string) => [
    ...['sample', name, '--tokens', '40', '--prompt', 'Anna ', '--temperature', '0', '--json'],
  ];
  /** Has the page write what the command line does, `greedily`. */
  async function writesTheSame(page: Page, name: string): Promise<void> {
    const { stdout } = await workshop.nanogpt(greedily(name));
    const { text } = JSON.parse(stdout) as { text: string };
    await page.getByRole('slider', { name: 'temperature' }).fill('0');
    await page.getByRole('spinbutton', { name: 'tokens' }).fill('40');
    await page.getByRole('spinbutton', { name: 'tokens' }).blur();
    await page.getByPlaceholder('a prompt, or nothing').fill('Anna ');
    await page.getByRole('button', { name: 'write', exact: true }).click();
    await expect
      .poll(() => wrote(page).textContent(), { timeout: PATIENCE })
      .toContain(text.trim().slice(0, 20));
  }

  return {
    workshop,
    faults,
    open,
    picture,
    fill,
    status,
    trains,
    written,
    wrote,
    save,
    writesTheSame,
  };
}
