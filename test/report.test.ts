/** `nanogpt report` as a user runs it, and as somebody attacks it. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportData } from '../src/lab/index.js';
import { gatherReport, reportPage, WEB } from '../src/lab/index.js';
import { expectMessage, SMALL, Workshop } from './run-cli.js';
import { LabFixture, metricsOf } from './suites/lab.js';

let shop: Workshop;
beforeAll(async () => {
  shop = new Workshop();
  await shop.json(['train', ...SMALL, '--probes', '--out', 'runs/one']);
  await shop.json(['train', ...SMALL, '--lr', '0.01', '--out', 'runs/two']);
}, 60_000);
afterAll(() => shop[Symbol.dispose]());

const read = (name: string) => fs.readFileSync(shop.path(name), 'utf8');

/** What lies in a page. */
function dataIn(page: string): ReportData {
  const found = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page)!;
  return JSON.parse(found[1]!) as ReportData;
}

describe('nanogpt report', () => {
  it('writes one page with curves, settings and the inside, that loads nothing', async () => {
    const said = await shop.json(['report', 'one', 'runs/two', '--out', 'out/r.html']);
    expect(said).toEqual({ runs: ['one', 'two'], written: ['out/r.html'] });
    const page = read('out/r.html');
    const { runs } = dataIn(page);
    expect(runs.map(({ row }) => row.settings?.['lr'])).toEqual([0.003, 0.01]);
    const [one, two] = runs as [ReportData['runs'][number], ReportData['runs'][number]];
    expect(one.inside!.steps.length).toBeGreaterThan(5);
    expect(one.tensors.length).toBeGreaterThan(5);
    expect(two.inside).toBeUndefined();
    const { x, mean, smooth } = two.curves.linear.loss;
    expect(mean.length).toBe(60);
    expect(smooth['0.99']!.length).toBe(60);
    for (const at of Object.values(x)) expect(at.at(-1)).toBeGreaterThan(at[0]!);
    expect(one.yardsticks!.bigram).toBeLessThan(one.yardsticks!.unigram);
    expect(page).toContain("default-src 'none'");
    expect(page.replace(/<script[\s\S]*?<\/script>/g, '')).not.toMatch(/(src|href)="(?!data:)/);
  });

  it('draws pictures, as SVG and as PNG', async () => {
    const { written } = await shop.json<{ written: string[] }>([
      ...[
        'report',
        'one',
        'two',
        '--svg',
        'svg',
        '--png',
        'png',
        '--tensors',
        'activation:hidden*',
      ],
    ]);
    const names = written.map((file) => path.basename(file));
    for (const name of ['loss', 'learning-rate', 'one-updates', 'one-gradient-norms']) {
      expect(names).toEqual(expect.arrayContaining([`${name}.svg`, `${name}.png`]));
    }
    expect(
      names.filter((name) => name.startsWith('one-distribution-activation')).length,
    ).toBeGreaterThan(1);
    const loss = read('svg/loss.svg');
    expect(loss).toMatch(/^<svg [^>]*width="\d+"/);
    expect(loss).toContain('A one');
    expect(loss).toContain('bigram');
    for (const file of written.filter((one) => one.endsWith('.png'))) {
      const png = fs.readFileSync(shop.path(file));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      expect(png.length).toBeGreaterThan(2000);
    }
  });

  it('says in a line what it lacks', async () => {
    const run = (...args: string[]) => shop.nanogpt(['report', ...args]);
    expectMessage(await run('one'), 2, /--out FILE\.html .* --svg or --png/);
    expectMessage(await run('onne', '--out', 'x.html'), 2, /no run "onne"\. Did you mean "one"/);
    expectMessage(await run('one', '--out', ''), 2, /--out: expected a path/);
    expectMessage(await run('one', '--out', 'runs'), 2, /--out runs: expected a file/);
    expectMessage(
      await run('one', '--out', 'text.txt/r.html'),
      1,
      /text.txt.*part of this path is a file/,
    );
    expectMessage(await run('one', '--svg', 'text.txt'), 1, /text\.txt.*a file/);
    expectMessage(
      await run('one', '--svg', 'x', '--tensors', 'nothing:*'),
      2,
      /--tensors nothing:\*/,
    );
    expectMessage(await run('one', 'one', '--out', 'x.html'), 2, /different names, got two .* one/);
    expectMessage(await run('--out', 'x.html'), 2, /missing required argument 'runs'/);
    expect(fs.existsSync(shop.path('x.html'))).toBe(false);
  });
});

describe('a hostile run', () => {
  it('cannot leave its place in the page, or the pictures', async () => {
    await using lab = await LabFixture.start();
    const evil = '</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&"\'';
    const name = 'x<script>alert(3)<' + 'b>&"';
    const folder = lab.addRun(name, metricsOf(30), { tokenizer: evil, data: evil });
    fs.writeFileSync(path.join(folder, 'samples.txt'), evil);
    const data = await gatherReport([folder], async () => {});
    const page = reportPage(data, WEB);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<!--');
    expect(dataIn(page).runs[0]!.samples).toBe(evil);
    expect(dataIn(page).runs[0]!.row.name).toBe(name);
    const { drawPictures } = await import('../src/lab/index.js');
    const pictures = await drawPictures(data, { format: 'svg', theme: 'dark' }, WEB);
    for (const { name, content } of pictures) {
      expect(name).toMatch(/^[\w.-]+\.svg$/);
      expect(content).not.toContain('<script');
    }
  });

  it('is refused where it is broken or leads elsewhere', async () => {
    await using lab = await LabFixture.start();
    const gather = (folder: string) => gatherReport([folder], async () => {});
    const broken = lab.addRun('broken');
    fs.writeFileSync(path.join(broken, 'config.json'), '{');
    await expect(gather(broken)).rejects.toThrow(/^broken: /);
    const linked = lab.addRun('linked');
    fs.symlinkSync('/etc/passwd', path.join(linked, 'samples.txt'));
    await expect(gather(linked)).rejects.toThrow(/leads out of the run's folder/);
    const empty = await gather(lab.addRun('empty', '{"type":"step"\nnot json\n'));
    expect(empty.runs[0]!.curves.points).toBe(0);
    expect(reportPage(empty, WEB)).toContain('empty');
  });

  it('has nothing fetched for it', async () => {
    await using lab = await LabFixture.start();
    const folder = lab.addRun('far', metricsOf(5), { data: 'http://127.0.0.1:9/text.txt' });
    const { runs } = await gatherReport([folder], async () => {});
    expect(runs[0]!.yardsticks).toBeUndefined();
    const asked = await lab.act('/api/explore/yardsticks', { name: 'far' });
    expect([asked.status, asked.json().problem]).toEqual([422, expect.any(String)]);
  });
});
