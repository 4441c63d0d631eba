/** Every view of the Lab, and a report, in axe-core's eyes: light and dark, wide and narrow. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallText } from './run-cli.js';
import { CHROMIUM, NO_CHROMIUM, openBrowser } from './suites/browser.js';
import { LabFixture, metricsOf, trainSmall } from './suites/lab.js';

if (!CHROMIUM) console.warn(`lab-access: ${NO_CHROMIUM}`);
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Each with something to wait for. */
const VIEWS: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  '#/': (page) => page.getByLabel('figures of each run').locator('tbody tr').nth(1).waitFor(),
  '#/run/trained': (page) => page.getByLabel('every head').locator('canvas').first().waitFor(),
  '#/run/plain': (page) => page.getByText('trained without probes').waitFor(),
  '#/sample/trained': async (page) => {
    await page.getByLabel('two checkpoints').check();
    await page.getByLabel('tokens', { exact: true }).fill('20');
    await page.getByRole('button', { name: 'write' }).click();
    const tokens = page.getByRole('group', { name: 'written text' }).first().getByRole('button');
    await tokens.nth(19).click();
  },
  '#/model/trained': async (page) => {
    await page.getByRole('textbox', { name: 'prompt' }).fill('Anna reads');
    await page.getByLabel('predictions after each layer').locator('td').first().waitFor();
  },
  '#/new': (page) => page.locator('#set-steps').waitFor(),
  '#/new/trained': (page) => page.getByText('Fork of trained').waitFor(),
};

describe.skipIf(!CHROMIUM)('every view', () => {
  let lab: LabFixture;
  let browser: Browser;
  let report: string;

  beforeAll(async () => {
    lab = await LabFixture.start();
    fs.writeFileSync(path.join(lab.root, 'text.txt'), smallText());
    await trainSmall(lab, 'trained');
    lab.addRun('plain', metricsOf(200));
    report = path.join(lab.root, 'report.html');
    const page = await lab.act('/api/explore/report', { names: ['trained', 'plain'] });
    fs.writeFileSync(report, page.text);
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.[Symbol.asyncDispose]();
  });

  /** Violations, and whether the page is wider than the screen, in words. */
  async function faultsOf(page: Page): Promise<string[]> {
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(how: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
        };
      };
      // A short answer is a quick one.
      const how = { resultTypes: ['violations'], preload: false };
      return (await axe.run(how)).violations;
    });
    const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    return [
      ...violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`),
      ...((over as number) > 0 ? [`wider than the screen by ${over}`] : []),
    ];
  }

  const views = Object.keys(VIEWS).map((view) => ['the Lab', view] as const);
  it.each([...views, ['a report', '#/'], ['a report', '#/run/trained']] as const)(
    'is accessible and fits: %s %s',
    async (where, view) => {
      // The policy of the page would keep axe out.
      const context = await browser.newContext({ bypassCSP: true });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      if (where === 'the Lab') {
        await page.goto(lab.lab.url);
        await page.getByLabel('compare trained').waitFor();
        await page.evaluate(`location.hash = ${JSON.stringify(view)}`);
      } else await page.goto(pathToFileURL(report).href + view);
      await VIEWS[view]!(page);
      await page.addScriptTag({ path: AXE });
      const faults: string[] = [];
      for (const width of [1400, 420]) {
        await page.setViewportSize({ width, height: 900 });
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme });
          await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
          const found = await faultsOf(page);
          faults.push(...found.map((fault) => `${colorScheme}, ${width} wide: ${fault}`));
        }
      }
      expect(faults).toEqual([]);
      await context.close();
    },
  );
});
