/** The Lab as a person uses it: in a browser, with the policy that the page has. */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallText } from './run-cli.js';
import { CHROMIUM, NO_CHROMIUM, openBrowser } from './suites/browser.js';
import { LabFixture, trainSmall } from './suites/lab.js';

if (!CHROMIUM) console.warn(`lab-page: ${NO_CHROMIUM}`);

/** What comes in its own time. */
const poll: typeof expect.poll = (seen) => expect.poll(seen, { timeout: 20_000 });

describe.skipIf(!CHROMIUM)('the page', () => {
  let lab: LabFixture;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    lab = await LabFixture.start();
    fs.writeFileSync(path.join(lab.root, 'text.txt'), smallText());
    await trainSmall(lab, 'trained');
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    page.setDefaultTimeout(20_000);
    watch(page);
    await page.goto(lab.lab.url);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.[Symbol.asyncDispose]();
  });

  function watch(one: Page): void {
    one.on('pageerror', (error) => problems.push(error.message));
    one.on('console', (message) => {
      // What the server refuses is said by the browser too; the page shows it in words.
      if (message.type() === 'error' && !/status of 4/.test(message.text())) {
        problems.push(message.text());
      }
    });
    one.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (/^https?:$/.test(protocol) && host !== `127.0.0.1:${lab.lab.port}`) {
        foreign.push(request.url());
      }
    });
  }
  const panel = (title: string) => page.locator(`section.panel[aria-label="${title}"]`);
  const goTo = (view: string) =>
    page.getByRole('navigation').getByRole('link', { name: view }).click();

  it('keeps its key out of the address', async () => {
    await page.getByLabel('compare trained').waitFor();
    expect(page.url()).not.toContain(lab.lab.token);
  });

  it('starts a run, shows it live, stops it and goes on with it', async () => {
    await goTo('New run');
    await page.getByRole('combobox', { name: 'model', exact: true }).selectOption('mlp');
    await page.getByRole('combobox', { name: 'preset', exact: true }).selectOption('chars');
    await page.getByRole('button', { name: 'all', exact: true }).click();
    const set = async (key: string, value: string) => {
      const field = page.locator(`#set-${key}`);
      await field.fill(value);
      await field.blur();
    };
    await set('data', path.join(lab.root, 'text.txt'));
    await set('steps', '-3');
    await page.getByRole('alert').filter({ hasText: 'at least 0' }).waitFor();
    await set('steps', '1000000');
    for (const [key, value] of Object.entries({ blockSize: '4', nEmbd: '4', nHidden: '8' })) {
      await set(key, value);
    }
    await set('evalInterval', '1000000');
    await page.getByLabel('name', { exact: true }).fill('begun');
    await page.getByRole('button', { name: 'start', exact: true }).click();
    await page.waitForURL(/#\/run\/begun$/);
    const step = async () => {
      const [fact = ''] = await page
        .locator('dl.stats div', { hasText: / of 1,000,000/ })
        .allInnerTexts();
      return Number(/([\d,]+) of/.exec(fact)?.[1]?.replaceAll(',', '') ?? 0);
    };
    await poll(step).toBeGreaterThan(0);
    const seen = await step();
    await poll(step).toBeGreaterThan(seen); // without being asked again
    const state = panel('Run').locator('.state');
    expect(await state.innerText()).toBe('running');
    await page.getByRole('button', { name: 'stop', exact: true }).click();
    await page.getByRole('button', { name: 'resume', exact: true }).waitFor();
    const stoppedAt = await step();
    await page.getByRole('button', { name: 'resume', exact: true }).click();
    await page.getByRole('button', { name: 'stop', exact: true }).waitFor();
    await poll(step).toBeGreaterThan(stoppedAt);
    await page.getByRole('button', { name: 'stop', exact: true }).click();
    await page.getByRole('button', { name: 'resume', exact: true }).waitFor();
  });

  it('compares two runs', async () => {
    await goTo('Runs');
    for (const name of ['trained', 'begun']) {
      await page.getByLabel(`compare ${name}`).setChecked(true);
    }
    const figures = page.getByLabel('figures of each run');
    await poll(() => figures.locator('tbody tr').count()).toBe(2);
    const settings = panel('Settings');
    await poll(() => settings.locator('tbody tr', { hasText: 'model' }).innerText()).toMatch(
      /gpt.*mlp|mlp.*gpt/,
    );
    for (const axis of ['tokens', 'seconds', 'FLOPs', 'steps']) {
      await page.getByRole('button', { name: axis, exact: true }).click();
      const chart = page.getByRole('slider', { name: /^Loss of 2 runs over/ });
      const wanted = { FLOPs: 'flops', steps: 'step' }[axis] ?? axis;
      await poll(() => chart.getAttribute('aria-label')).toContain(wanted);
      await poll(async () => Number(await chart.getAttribute('aria-valuemax'))).toBeGreaterThan(0);
    }
    await page.getByLabel('reference lines').check();
    const chart = page.getByRole('slider', { name: /^Loss of/ });
    await chart.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await poll(() => figures.locator('thead th').first().innerText()).not.toBe('last');
  });

  it('shows what is inside, and any tensor by its path', async () => {
    await page.goto(`${lab.lab.url.split('#')[0]}#/run/trained`);
    for (const title of [
      'Diagnosis',
      'Updates to data, log10',
      'Gradient norm by layer',
      'Layers',
      'Attention heads',
      'Calibration',
    ]) {
      await panel(title).waitFor();
    }
    const finder = page.getByLabel('tensor', { exact: true });
    await finder.fill('gradient:h.0.attn*');
    await finder.blur();
    await poll(() => panel('Distributions').locator('figcaption').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringContaining('gradient:h.0.attn')]),
    );
    await finder.fill('nothing.like.it');
    await finder.blur();
    await panel('Distributions').getByText('No tensor is called so.').waitFor();
  });

  it('writes; a token shows what it was drawn from; the slider goes along the training', async () => {
    await page.goto(`${lab.lab.url.split('#')[0]}#/sample/trained`);
    await page.getByLabel('tokens', { exact: true }).fill('30');
    await page.getByLabel('tokens', { exact: true }).blur();
    await page.getByRole('button', { name: 'write' }).click();
    const text = page.getByRole('group', { name: 'written text' });
    await poll(() => text.getByRole('button').count()).toBe(30);
    const latest = await text.innerText();
    await text.getByRole('button').nth(5).click();
    const table = panel('Text').locator('table');
    await poll(() => table.first().innerText()).toMatch(/0\.\d|%/);
    const slider = panel('Text').getByLabel('checkpoint');
    const place = () => slider.getAttribute('aria-valuetext');
    const before = await place();
    await slider.focus();
    await page.keyboard.press('Home');
    await poll(place).not.toBe(before);
    await poll(
      async () => (await text.getByRole('button').count()) === 30 && (await text.innerText()),
      { timeout: 20_000 },
    ).not.toBe(latest);
    await page.getByLabel('two checkpoints').check();
    await page.getByRole('button', { name: 'write' }).click();
    await poll(() => panel('Right').getByRole('button').count()).toBeGreaterThan(29);
  });

  it('draws the model, its attention and what each layer would say', async () => {
    await page.goto(`${lab.lab.url.split('#')[0]}#/model/trained`);
    await page.getByLabel('the model’s parts').getByText('cAttn').first().waitFor();
    await page.getByRole('textbox', { name: 'prompt' }).fill('Anna reads');
    const lens = page.getByLabel('predictions after each layer');
    await poll(() => lens.locator('tbody tr').count()).toBe(3); // the embedding, two blocks
    await poll(() => lens.locator('thead th').count()).toBe(11);
    await panel('Tokens')
      .or(page.getByLabel(/Embedding|Pieces/i))
      .first()
      .waitFor();
  });

  it('exports a report that needs nobody', async () => {
    await page.goto(`${lab.lab.url.split('#')[0]}#/run/trained`);
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'report', exact: true }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe('trained.html');
    const file = path.join(lab.root, 'report.html');
    await download.saveAs(file);
    const alone = await browser.newPage();
    alone.setDefaultTimeout(20_000);
    watch(alone);
    await alone.route('**/*', (route) =>
      route.request().url().startsWith('file:') ? route.continue() : route.abort(),
    );
    const asked: string[] = [];
    alone.on('request', (request) => asked.push(request.url()));
    await alone.goto(pathToFileURL(file).href);
    await alone.getByRole('link', { name: 'Inside' }).click();
    for (const title of ['Loss', 'Settings', 'Updates to data, log10', 'Distributions', 'Layers']) {
      await alone.locator(`section.panel[aria-label="${title}"]`).waitFor();
    }
    await poll(() => alone.locator('.ridges figcaption').count()).toBeGreaterThan(0);
    await alone.getByRole('button', { name: 'FLOPs', exact: true }).click();
    const chart = alone.getByRole('slider', { name: /^Loss of 1 runs? over flops/ });
    await poll(async () => Number(await chart.getAttribute('aria-valuemax'))).toBeGreaterThan(0);
    expect(asked.filter((url) => !/^(file|data|blob):/.test(url))).toEqual([]);
    await alone.close();
  });

  it('asked no other machine, and nothing failed in it', () => {
    expect(foreign).toEqual([]);
    expect(problems).toEqual([]);
    expect(lab.faults).toEqual([]);
  });
});
