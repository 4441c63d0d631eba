/** The house's one-way streets: who may import whom, and a few things that only some may use. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');

/** What each folder of src/ may import, beside itself (docs/architecture.md). */
const MAY_IMPORT: Record<string, readonly string[]> = {
  util: [],
  backend: ['util'],
  tensor: ['backend', 'util'],
  nn: ['tensor', 'util'],
  optim: ['tensor', 'util'],
  distributed: ['tensor', 'backend', 'util'],
  tokenizers: ['util'],
  data: ['tokenizers', 'tensor', 'util'],
  models: ['nn', 'tensor', 'util'],
  generate: ['models', 'tensor', 'util'],
  observe: ['distributed', 'runs', 'data', 'models', 'optim', 'nn', 'tensor', 'util'],
  formats: ['tensor', 'util'],
  pretrained: ['formats', 'models', 'tokenizers', 'tensor', 'backend', 'util'],
  runs: ['formats', 'tokenizers', 'data', 'models', 'optim', 'tensor', 'util'],
};
const BELOW_TRAIN = Object.keys(MAY_IMPORT);
MAY_IMPORT['train'] = BELOW_TRAIN;
MAY_IMPORT['browser'] = [...BELOW_TRAIN, 'train'];
MAY_IMPORT['lab'] = [...BELOW_TRAIN, 'train'];
MAY_IMPORT['study'] = [...BELOW_TRAIN, 'train'];
MAY_IMPORT['cli'] = [...BELOW_TRAIN, 'train', 'lab', 'study'];

/** A test may reach for whatever its folder stands on, however far below. */
function standsOn(folder: string): Set<string> {
  const below = new Set<string>();
  const visit = (name: string) => {
    for (const next of MAY_IMPORT[name] ?? []) {
      if (below.has(next)) continue;
      below.add(next);
      visit(next);
    }
  };
  visit(folder);
  return below;
}

interface Import {
  /** The file that imports, from src/ on. */
  from: string;
  specifier: string;
  /** From src/ on where it is one of ours, otherwise null. */
  to: string | null;
  /** Erased by the compiler. */
  typeOnly: boolean;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)));
}

/** The file without its comments: an example in one imports nothing. Strings are left as they are. */
function codeOf(file: string): string {
  const text = readFileSync(join(src, file), 'utf8');
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

const STATIC = /^\s*(import|export)\s+(type\s+)?([^'"();]*?\s+from\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;

/** `{ type A, type B }`, and nothing else, is erased as `type { A, B }` is. */
function namesOnlyTypes(clause: string | undefined): boolean {
  const names = clause?.match(/^\{([\s\S]*)\}\s*from\s*$/)?.[1];
  if (names === undefined) return false;
  return names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '));
}

function importsOf(file: string): Import[] {
  const code = codeOf(file);
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const isOurs = specifier.startsWith('.');
    const path = isOurs ? resolve(src, dirname(file), specifier).replace(/\.js$/, '.ts') : null;
    found.push({ from: file, specifier, to: path && relative(src, path), typeOnly });
  };
  for (const [, , type, clause, specifier] of code.matchAll(STATIC)) {
    add(specifier, type !== undefined || namesOnlyTypes(clause));
  }
  for (const [, specifier] of code.matchAll(DYNAMIC)) add(specifier, false);
  return found;
}

const files = filesUnder(src);
const imports = files.flatMap(importsOf);
const folderOf = (file: string) => (file.includes('/') ? file.split('/')[0] : '');
const isTest = (file: string) => /\.test\.ts$/.test(file);

describe('imports', () => {
  it('are found at all', () => {
    const seen = (from: string, to: string) => imports.some((i) => i.from === from && i.to === to);
    expect(seen('tensor/tensor.ts', 'tensor/scope.ts')).toBe(true);
    expect(seen('tensor/ops/reduce.ts', 'util/shape.ts')).toBe(true);
    const tape = imports.filter((i) => i.from === 'tensor/tape.ts' && i.to === 'tensor/tensor.ts');
    expect(tape.map((i) => i.typeOnly)).toEqual([true]);
  });

  it('lead to files that exist', () => {
    const known = new Set(files);
    const lost = imports.filter((i) => i.to !== null && !i.to.startsWith('..') && !known.has(i.to));
    expect(lost.map((i) => `${i.from} → ${i.specifier}`)).toEqual([]);
  });

  it('go only where the table allows', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (to === null) return false;
      const [a, b] = [folderOf(from), folderOf(to)];
      if (a === '') return false; // src/index.ts is the public face of all
      if (to.startsWith('..')) return !isTest(from);
      const allowed = isTest(from) ? standsOn(a) : new Set(MAY_IMPORT[a]);
      return a !== b && !allowed.has(b);
    });
    expect(wrong.map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  it('know every folder', () => {
    const folders = new Set(files.map(folderOf).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it('make no circles at run time', () => {
    const next = new Map<string, string[]>(files.map((file) => [file, []]));
    for (const { from, to, typeOnly } of imports) if (to && !typeOnly) next.get(from)!.push(to);
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: string[]) => {
      const at = path.indexOf(file);
      if (at >= 0) circles.push([...path.slice(at), file].join(' → '));
      if (at >= 0 || done.has(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('of tests and their suites are left to tests', () => {
    const isTests = (file: string) => isTest(file) || file.startsWith('..');
    const wrong = imports.filter((i) => i.to !== null && isTests(i.to) && !isTest(i.from));
    expect(wrong.map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  it('of packages are of those that package.json names', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const dependencies = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
    });
    const forTests = Object.keys(manifest.devDependencies);
    const BUNDLED = 'study/statistics.ts'; // by studies/build.mjs, with all that it imports
    const wrong = imports.filter(({ from, specifier, to, typeOnly }) => {
      if (to !== null || specifier.startsWith('node:')) return false;
      const parts = specifier.split('/');
      const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
      if (builtinModules.includes(name)) return true; // to be written node:…
      return !(
        dependencies.includes(name) ||
        ((isTest(from) || typeOnly || from === BUNDLED) && forTests.includes(name))
      );
    });
    expect(wrong.map((i) => `${i.from} → ${i.specifier}`)).toEqual([]);
  });

  it('of koffi are the native backend’s alone', () => {
    const users = imports.filter((i) => i.specifier === 'koffi').map((i) => i.from);
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter((file) => !/^backend\/native[^/]*\.ts$/.test(file))).toEqual([]);
  });
});

describe('a browser', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const standIns: Record<string, string> = Object.fromEntries(
    Object.entries(manifest.browser as Record<string, string>).map((pair) =>
      pair.map((name) => name.replace('./dist/', '').replace('.js', '.ts')),
    ),
  );

  it('is given every file that ends in -browser in the place of its neighbour', () => {
    const written = files.filter((file) => file.endsWith('-browser.ts')).sort();
    expect(Object.values(standIns).sort()).toEqual(written);
    for (const [usual, standIn] of Object.entries(standIns)) {
      expect(standIn).toBe(usual.replace('.ts', '-browser.ts'));
      expect(files).toContain(usual);
    }
  });

  it('reaches nothing of Node’s, and stand-ins are reached by that way alone', () => {
    const direct = imports.filter((i) => i.to?.endsWith('-browser.ts') && !isTest(i.from));
    expect(direct).toEqual([]);
    const reached = new Set<string>();
    const wrong: string[] = [];
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { from, to, specifier, typeOnly } of imports) {
        if (from !== file || typeOnly) continue;
        if (to !== null) visit(standIns[to] ?? to);
        else if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
          wrong.push(`${from} → ${specifier}`);
        }
      }
    };
    for (const file of ['index', 'client', 'worker']) visit(`browser/${file}.ts`);
    expect(wrong).toEqual([]);
    expect(reached.has('train/trainer.ts') && reached.has('util/sha256-browser.ts')).toBe(true);
  });
});

describe('printing', () => {
  it('is left to the command line', () => {
    const PRINTS = /\bconsole\s*\.\s*\w+|\bprocess\s*\.\s*(stdout|stderr)\s*\.\s*write/;
    const wrong = files.filter((file) => folderOf(file) !== 'cli' && PRINTS.test(codeOf(file)));
    expect(wrong).toEqual([]);
  });
});
