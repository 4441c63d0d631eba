/** The playground under hostile runs and hasty hands, and on real texts. */
import fs from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { isHere, LONG, playgroundPages } from './playground-pages.js';
import { SMALL } from './run-cli.js';

describe.skipIf(!isHere)('the playground', () => {
  const { workshop, faults, open, fill, status, trains, save, writesTheSame } = playgroundPages();

  it.skipIf(!process.env['NANOGPT_DATA_DIR']).each([
    ['llama', 'shakespeare', 'nLayer=1 nHead=2 nKvHead=2 nEmbd=16 blockSize=32'],
    ['wavenet', 'small-shakespeare', 'nEmbd=16'],
    ['mlp', 'published', 'nEmbd=8 nHidden=8'],
  ])(
    'trains %s/%s on a real text, whose pieces are learnt or loaded in the page',
    async (model, preset, set) => {
      const page = await open('isolated');
      await page.getByRole('combobox', { name: /^model/ }).selectOption(model);
      await page.getByRole('combobox', { name: /^preset/ }).selectOption(preset);
      await page.getByLabel('steps', { exact: true }).fill('4');
      await page
        .getByPlaceholder('nHidden=400 optimizer=sgd')
        .fill(`${set} evalInterval=4 evalBatches=1`);
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor({ timeout: LONG });
      const { name, zip } = await save(page);
      await page.getByLabel('archive of a run').setInputFiles(zip);
      await status(page).filter({ hasText: 'loaded' }).waitFor();
      await writesTheSame(page, name);
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'shows a run that somebody prepared, whatever it calls itself and says of its losses',
    async () => {
      const ran = await workshop.nanogpt(['train', ...SMALL, '--out', 'runs/prepared']);
      expect(ran.code).toBe(0);
      const folder = path.join(workshop.folder, 'runs', 'prepared');
      const config = path.join(folder, 'config.json');
      const own = JSON.parse(fs.readFileSync(config, 'utf8'));
      const name = `../../<img src=x>${'y'.repeat(5000)}`;
      fs.writeFileSync(config, JSON.stringify({ ...own, name }));
      const log = [
        '{"type":"step","step":1,"loss":3}',
        '{"type":"step","step":2,"loss":null}',
        '{"type":"evaluation","step":"x","loss":{}}',
        '{"type":"step","step":3,"loss":1e308}',
        '{"type":"stop","validation":{"loss":"x"}}',
      ];
      fs.writeFileSync(path.join(folder, 'metrics.jsonl'), log.join('\n'));
      const page = await open('isolated', { viewport: { width: 360, height: 800 } });
      await page.getByLabel('folder of a run').setInputFiles(folder);
      await status(page).filter({ hasText: 'loaded' }).waitFor();
      await page.getByRole('heading', { name: /^img-src-x-yyy/ }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'save as a file' }).click(),
      ]);
      const kept = path.join(workshop.folder, 'prepared.zip');
      await saved.saveAs(kept);
      for (const file of Object.keys(unzipSync(fs.readFileSync(kept)))) {
        expect(file).toMatch(/^img-src-x-y+\//);
      }
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'has the browser ask before one leaves it while it trains, and not otherwise',
    async () => {
      const page = await open('isolated');
      const asked: string[] = [];
      page.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await fill(page, 'blockSize=4 nHidden=16', '2000000');
      await trains(page);
      await status(page).filter({ hasText: 'training' }).waitFor();
      await page.reload();
      expect(asked).toEqual(['beforeunload']);
      await status(page).filter({ hasText: 'no run yet' }).waitFor();
      await fill(page, 'blockSize=4 nHidden=16', '20');
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor();
      await page.reload();
      await status(page).filter({ hasText: 'no run yet' }).waitFor();
      expect(asked).toEqual(['beforeunload']);
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );

  it(
    'takes a text of megabytes from a file, and shows its beginning',
    async () => {
      const line = 'the quick brown fox jumps over the lazy dog.\n';
      const file = workshop.path('long.txt');
      fs.writeFileSync(file, line.repeat(400_000)); // 18 MB
      const page = await open('isolated');
      await page.getByLabel('or load one from a file').setInputFiles(file);
      await page.getByText('long.txt, 18,000,000 characters').waitFor();
      await page.getByLabel('steps', { exact: true }).fill('5');
      const settings = 'blockSize=4 nHidden=8 evalInterval=5 split=0.99,0.01,0';
      await page.getByPlaceholder('nHidden=400 optimizer=sgd').fill(settings);
      await trains(page);
      await status(page).filter({ hasText: 'all steps are done' }).waitFor({ timeout: LONG });
      await page.getByRole('button', { name: 'another text' }).click();
      await page.getByText('long.txt, 0 characters').waitFor();
      await page.getByPlaceholder(/^paste a text/).fill('short');
      await page.close();
      expect(faults).toEqual([]);
    },
    LONG,
  );
});
