/** Every study, in a size that only proves its code; and the pages, which are what their results say. */
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTokenizer, datasetFromText, type LoadedDataset } from '../src/index.js';
import { execute } from '../src/study/execute.js';
import {
  type AnyStudy,
  fillNotes,
  findings,
  findStudy,
  plan,
  readResults,
  resultsFile,
  type StudiedStudy,
  studyNames,
  studyPage,
  verdictOf,
} from '../src/study/index.js';
import { ROOT, Workshop } from './run-cli.js';

const PAGES = path.join(ROOT, 'docs', 'studies');
const names = studyNames();
const studied = new Map<string, StudiedStudy>();

beforeAll(async () => {
  for (const name of names) {
    const { study } = await findStudy(name);
    const file = resultsFile(PAGES, name);
    studied.set(name, { study, results: fs.existsSync(file) ? readResults(file) : undefined });
  }
}, 60_000);

describe('studies', () => {
  it('are found by their names, and an unknown one names the nearest', async () => {
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) expect(studied.get(name)!.study.name).toBe(name);
    await expect(findStudy('gumble')).rejects.toThrow(
      'unknown study "gumble". Did you mean "gumbel"?',
    );
    await expect(findStudy('./no/such.js')).rejects.toThrow('there is no such file');
  });

  it('stand on the public API alone', () => {
    const folder = path.join(ROOT, 'studies');
    const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((each) => each.endsWith('.ts'))) {
      const text = fs.readFileSync(path.join(folder, file), 'utf8');
      const from = [...text.matchAll(/from '([^']+)'/g)].map(([, specifier]) => specifier!);
      const wrong = from.filter(
        (each) => !/^(nanogpt(\/study)?|\.\/[\w-]+\.js|\.\/lib\/[\w-]+\.js)$/.test(each),
      );
      expect(wrong, file).toEqual([]);
      expect(text.split('\n').length, file).toBeLessThan(300);
    }
  });

  it('run where the package is built, side by side, and the second call is instant', async () => {
    using shop = new Workshop();
    const args = ['study', 'init-depth', '--tiny', '--out', 'here', '--json', '--workers', '2'];
    const first = JSON.parse((await shop.nanogpt(args)).stdout);
    expect(first).toMatchObject({ study: 'init-depth', setting: 'tiny', seeds: 2 });
    expect(first.runs).toHaveLength(30);
    expect(fs.readdirSync(shop.path('here')).sort()).toEqual([
      ...['init-depth-1.svg', 'init-depth.json', 'init-depth.md'],
    ]);
    const again = JSON.parse((await shop.nanogpt(args)).stdout);
    expect(again.runs).toEqual(first.runs);
    const svg = fs.readFileSync(path.join(shop.path('here'), 'init-depth-1.svg'), 'utf8');
    expect(svg).toContain('prefers-color-scheme:dark');
    const list = (await shop.nanogpt(['study'])).stdout;
    for (const name of names) expect(list).toContain(name);
  });

  it.each(['gumbel', 'dependent-classes', 'init-depth-smooth'])(
    '%s runs by --quick',
    async (name) => {
      using shop = new Workshop();
      const { setting, seeds, runs } = JSON.parse(
        (await shop.nanogpt(['study', name, '--quick', '--json'])).stdout,
      );
      expect({ setting, seeds }).toEqual({ setting: 'quick', seeds: 3 });
      expect(runs.filter((run: { failed?: string }) => run.failed)).toEqual([]);
      expect(fs.existsSync(shop.path('docs'))).toBe(false);
    },
  );
});

describe.skipIf(!process.env['NANOGPT_DATA_DIR'])(
  'in its tiny size (skipped where NANOGPT_DATA_DIR is not set)',
  () => {
    /** A short piece of the text, so that scoring takes no time either. */
    async function shortData(study: AnyStudy): Promise<LoadedDataset | null> {
      if (study.data === null) return null;
      const { data = 'tiny_shakespeare', tokenizer = 'char', split } = study.data ?? {};
      const isNames = data === 'names';
      const file = isNames ? 'names.txt' : 'tinyshakespeare.txt';
      const whole = fs.readFileSync(path.join(process.env['NANOGPT_DATA_DIR']!, file), 'utf8');
      const text = whole.slice(0, isNames ? whole.length : 200_000);
      const made = await createTokenizer(tokenizer as string, { text: () => whole });
      // All 65 characters have an id, and a twentieth of a split is still longer than a block.
      return datasetFromText(text, made, { split: split ?? [0.9, 0.1, 0], documents: isNames });
    }

    it.each(names)('%s runs, is judged and makes a page', async (name) => {
      const { study } = studied.get(name)!;
      const data = await shortData(study);
      const runs = [];
      for (const each of plan(study, 1)) runs.push(await execute(study, each, 'tiny', data));
      expect(runs.filter((run) => run.failed !== undefined)).toEqual([]);
      const found = findings(study, runs);
      expect(found).toHaveLength(study.checks.length);
      const results = { ...EMPTY, study: name, scale: study.scales.tiny, runs };
      expect(studyPage(study, results)).toContain(study.claim);
    });
  },
);

const EMPTY = {
  ...{
    format: 'nanogpt-study' as const,
    setting: 'tiny' as const,
    seeds: 1,
    verdict: 'undecided' as const,
  },
  ...{
    command: '',
    date: '',
    nanogpt: '',
    node: '',
    machine: '',
    backend: '',
    seconds: 0,
    wallSeconds: 0,
  },
};

describe('pages', () => {
  it('are what their results say, and so are the verdicts beside them', () => {
    const shown = [...studied.values()].filter(({ results }) => results !== undefined);
    expect(shown.length).toBeGreaterThan(0);
    for (const { study, results } of shown) {
      const page = fs.readFileSync(path.join(PAGES, `${study.name}.md`), 'utf8');
      expect(page, `${study.name}.md: \`nanogpt study ${study.name} --redraw\` makes it anew`).toBe(
        studyPage(study, results!),
      );
      expect(results!.verdict, study.name).toBe(verdictOf(findings(study, results!.runs)));
      expect(results!.setting, study.name).toBe('full');
      const charts = (study.charts ?? []).length;
      const pictures = fs
        .readdirSync(PAGES)
        .filter((file) => file.startsWith(`${study.name}-`) && /-\d+\.svg$/.test(file));
      expect(pictures.filter((file) => file.replace(/-\d+\.svg$/, '') === study.name)).toHaveLength(
        charts,
      );
    }
  });
});

describe('notes', () => {
  it.each([
    ['notes.md', 'notes.md'],
    ['front.md', 'README.md'],
  ])(
    'of studies/%s are filled in from the results (`npx vitest run test/studies.test.ts -u` writes docs/%s anew)',
    async (from, to) => {
      const template = fs.readFileSync(path.join(ROOT, 'studies', from), 'utf8');
      const filled = fillNotes(template, studied, 'studies');
      expect(filled).not.toMatch(/[{}]/);
      await expect(filled).toMatchFileSnapshot(path.join(ROOT, 'docs', to));
      for (const [, target] of filled.matchAll(/\]\(([^)#]+)/g)) {
        const isPage =
          /^studies\/.*\.md$/.test(target!) && !studied.get(path.basename(target!, '.md'))?.results;
        if (!isPage) expect(fs.existsSync(path.join(ROOT, 'docs', target!)), target).toBe(true);
      }
    },
  );

  it('speak of every study', () => {
    const template = fs.readFileSync(path.join(ROOT, 'studies', 'notes.md'), 'utf8');
    for (const name of names) expect(template, name).toContain(name);
  });

  it('refuse what is not there', () => {
    const fill = (text: string) => () => fillNotes(text, studied, 'studies');
    expect(fill('{verdict no-such}')).toThrow('{verdict no-such} names no study');
    const [name] = [...studied].find(([, { results }]) => results !== undefined)!;
    expect(fill(`{check ${name} 99}`)).toThrow('names no check');
    expect(fill(`{figure ${name} no}`)).toThrow('names no measure');
  });
});
