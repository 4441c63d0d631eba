/** The playground in a browser: it trains, writes, saves and loads, isolated and not, and everybody can use it. */
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { startPlayground, writePlayground } from '../src/lab/index.js';
import { isHere, LONG, PATIENCE, playgroundPages } from './playground-pages.js';
import { ROOT, SMALL, smallText, Workshop } from './run-cli.js';

describe('writePlayground', () => {
  it('leaves a folder that any host can serve, and spares what is there', () => {
    using workshop = new Workshop();
    const folder = path.join(workshop.folder, 'site');
    expect(writePlayground(folder)).toBeGreaterThan(1e6);
    const names = fs.readdirSync(folder, { recursive: true });
    for (const name of ['index.html', 'app.js', 'app.css', 'engine.js', '_headers']) {
      expect(names).toContain(name);
    }
    expect(names).toContain(path.join('kernels', 'nanogpt-relaxed.wasm'));
    expect(names).toContain(path.join('tables', 'p50k_base.js'));
    // Relative, so that it may lie anywhere.
    expect(fs.readFileSync(path.join(folder, 'index.html'), 'utf8')).not.toMatch(/(src|href)="\//);
    expect(() => writePlayground(folder)).toThrow(/site: is taken\. Name/);
  });
});

describe('startPlayground', () => {
  it('refuses what is no port, and one that is taken, in a line', async () => {
    await expect(startPlayground({ port: 99_999 })).rejects.toThrow(
      /^--port 99999: expected a whole number from 0 to 65535\.$/,
    );
    await using first = await startPlayground({ port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(startPlayground({ port })).rejects.toThrow(/is taken: name another one/);
  });

  it('gives the page with what isolates it, to this host alone, and a data set’s text where it has it', async () => {
    await using served = await startPlayground({ port: 0 });
    const page = await fetch(served.url);
    expect(page.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
    expect(page.headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
    const engine = await fetch(`${served.url}engine.js`);
    expect(engine.headers.get('Content-Security-Policy')).toContain(
      "script-src 'self' 'wasm-unsafe-eval'",
    );
    expect((await fetch(`${served.url}data/mine.txt`)).status).toBe(404);
    expect((await fetch(`${served.url}../package.json`)).status).toBe(404);
    const foreign = await fetch(served.url, { headers: { Origin: 'https://example.org' } });
    expect(foreign.status).toBe(403);
  });
});

describe.skipIf(!isHere)('the playground', () => {
  const {
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
  } = playgroundPages();

  it(
    'trains, writes, saves what the command line reads, and goes on',
    async () => {
      const page = await open('isolated');
      await fill(page, 'blockSize=4 nHidden=16 evalInterval=10', '40');
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      await page.getByText('40 of 40').waitFor();
      await page.getByPlaceholder('a prompt, or nothing').fill('Anna ');
      await page.getByRole('button', { name: 'write', exact: true }).click();
      await written(page, 300);
      expect(await wrote(page).textContent()).toMatch(/^Anna /);

      const { name, zip } = await save(page);
      expect(name).toMatch(/^mlp-chars-\d{8}-\d{4}$/);
      const sampled = await workshop.nanogpt([
        ...['sample', name, '--tokens', '20', '--prompt', 'Anna '],
      ]);
      expect([sampled.code, sampled.stdout.length > 20]).toEqual([0, true]);
      const resumed = await workshop.nanogpt([
        'train',
        '--resume',
        `runs/${name}`,
        '--steps',
        '50',
      ]);
      expect([resumed.code, resumed.stderr]).toEqual([0, expect.not.stringContaining('nanogpt:')]);

      await page.getByLabel('go on to step').fill('60');
      await page.getByRole('button', { name: 'go on' }).click();
      await page.getByText('60 of 60').waitFor();
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      // The archive itself comes back, too.
      await page.getByLabel('archive of a run').setInputFiles(zip);
      await status(page).filter({ hasText: 'loaded' }).waitFor();
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'writes while it trains, and stops when it is told to',
    async () => {
      const page = await open('isolated');
      // A line of metrics for each step: hundreds a second, and the page still answers.
      await fill(page, 'nHidden=32 sampleInterval=50 logInterval=1', '200000');
      await trains(page);
      await status(page).filter({ hasText: 'training' }).waitFor();
      await page.getByRole('button', { name: 'write', exact: true }).click();
      await written(page, 300);
      await expect
        .poll(() => page.locator('.passing').textContent(), { timeout: PATIENCE })
        .toMatch(/^step /);
      expect(await status(page).textContent()).toBe('training');
      await page.getByRole('button', { name: 'stop', exact: true }).click();
      await status(page).filter({ hasText: 'stopped after' }).waitFor();
      await page.getByRole('button', { name: 'train', exact: true }).waitFor();
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'loads a run that the command line trained',
    async () => {
      const ran = await workshop.nanogpt(['train', ...SMALL, '--out', 'runs/of-cli']);
      expect(ran.code).toBe(0);
      const page = await open('isolated');
      await page
        .getByLabel('folder of a run')
        .setInputFiles(path.join(workshop.folder, 'runs', 'of-cli'));
      await status(page).filter({ hasText: 'loaded' }).waitFor();
      await page.getByRole('heading', { name: 'of-cli' }).waitFor();
      await writesTheSame(page, 'of-cli');
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it.each(['bpe-bytes', 'unigram-bytes'])(
    'takes over a run with the SentencePiece model %s, goes on with it, and gives it back',
    async (model) => {
      const file = path.join(ROOT, 'test', 'goldens', 'tokenizers', `${model}.model`);
      const run = `of-${model}`;
      const args = ['train', ...SMALL, '--tokenizer', `sentencepiece:${file}`];
      expect((await workshop.nanogpt([...args, '--out', `runs/${run}`])).code).toBe(0);
      const page = await open('isolated');
      await page
        .getByLabel('folder of a run')
        .setInputFiles(path.join(workshop.folder, 'runs', run));
      await status(page).filter({ hasText: 'loaded' }).waitFor();
      await writesTheSame(page, run);

      await page.getByRole('combobox', { name: /^text/ }).selectOption('my text');
      await page.getByPlaceholder(/^paste a text/).fill(smallText());
      await page.getByLabel('go on to step').fill('80');
      await page.getByRole('button', { name: 'go on' }).click();
      await page.getByText('80 of 80').waitFor();
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      fs.rmSync(path.join(workshop.folder, 'runs', run), { recursive: true });
      expect((await save(page)).name).toBe(run);
      await writesTheSame(page, run);
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'works with one thread where it is not isolated, and says what that would bring',
    async () => {
      const page = await open('bare');
      expect(await page.evaluate('crossOriginIsolated')).toBe(false);
      await page.getByText('One thread only').waitFor();
      await fill(page, 'blockSize=4 nHidden=16', '30');
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      await picture(page, 'bare');
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'says in a line what is wrong, and goes on',
    async () => {
      const page = await open('isolated');
      const alert = page.getByRole('alert');
      const models = page.getByRole('combobox', { name: /^model/ });
      await models.selectOption('wavenet');
      const presets = page.getByRole('combobox', { name: /^preset/ });
      await presets.selectOption({ label: 'published (too large)' });
      await page.getByText(/^training needs .* WebAssembly can address/).waitFor();
      await models.selectOption('mlp');
      await fill(page, 'nHiden=3', '30');
      await trains(page);
      await alert.filter({ hasText: 'Did you mean "nHidden"' }).waitFor();
      await page.getByPlaceholder('nHidden=400 optimizer=sgd').fill('nHidden=100000000');
      await trains(page);
      await alert.filter({ hasText: 'Lower nHidden' }).waitFor();
      await page.getByLabel('archive of a run').setInputFiles({
        name: 'x.zip',
        mimeType: 'application/zip',
        buffer: Buffer.from('PK nothing'),
      });
      await alert.filter({ hasText: 'x.zip: is no archive' }).waitFor();
      await page.getByLabel('archive of a run').setInputFiles({
        name: 'bomb.zip',
        mimeType: 'application/zip',
        buffer: Buffer.from(zipSync({ 'a/config.json': new Uint8Array(80 << 20) }, { level: 1 })),
      });
      await alert.filter({ hasText: 'bomb.zip: unpacks to more than 67 MB' }).waitFor();
      await page.getByPlaceholder(/^paste a text/).fill('ab');
      await page.getByPlaceholder('nHidden=400 optimizer=sgd').fill('');
      await trains(page);
      await alert.filter({ hasText: /train/ }).waitFor();
      await fill(page, 'blockSize=4 nHidden=16', '30');
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      expect(await alert.count()).toBe(0);
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it.each([
    ['light', 1200],
    ['dark', 1200],
    ['light', 360],
    ['dark', 360],
  ] as const)(
    'is for everybody: %s, %i pixels wide',
    async (colorScheme, width) => {
      const page = await open('isolated', { colorScheme, viewport: { width, height: 800 } });
      await fill(page, 'blockSize=4 nHidden=16', '30');
      await picture(page, `begun-${colorScheme}-${width}`);
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      await page.getByRole('button', { name: 'write', exact: true }).click();
      await written(page, 300);
      await picture(page, `done-${colorScheme}-${width}`);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide).toBeLessThanOrEqual(width);
      await page.evaluate(axe.source);
      const found = await page.evaluate(async () => {
        const { violations } = await (
          globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
          }
        ).axe.run();
        return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(found).toEqual([]);
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );
});
