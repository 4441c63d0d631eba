/** Bundles the Lab's page, and its charts as pictures, into dist/web, and the playground's page into dist/playground. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, '..', 'dist');
const lab = path.join(dist, 'web');
const playground = path.join(dist, 'playground');

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
  logLevel: 'warning',
};
/** The charts' library is a file of its own: the page shows its tables before it is there. */
const charts = {
  name: 'charts',
  setup({ onResolve }) {
    onResolve({ filter: /\/charts\/echarts\.js$/ }, () => ({
      path: './charts.js',
      external: true,
    }));
  },
};
await build({
  ...shared,
  outdir: lab,
  plugins: [charts],
  entryPoints: [
    { in: 'main.tsx', out: 'app' },
    { in: 'app.css', out: 'app' },
  ],
});
await build({ ...shared, outdir: lab, entryPoints: [{ in: 'charts/echarts.ts', out: 'charts' }] });
// A report is one file, and so is its program.
await build({ ...shared, outdir: lab, entryPoints: [{ in: 'main.tsx', out: 'report' }] });
// The same charts for Node, drawn as SVG.
await build({
  ...shared,
  outdir: lab,
  entryPoints: [{ in: 'pictures.ts', out: 'pictures' }],
  platform: 'node',
  target: 'node20',
});
for (const file of ['index.html', 'favicon.svg']) {
  fs.copyFileSync(path.join(here, file), path.join(lab, file));
}

/** The tables of tokenizers are the dependency's own files, which lie beside the page and are loaded when wanted. */
const tables = {
  name: 'tables',
  setup({ onResolve }) {
    onResolve({ filter: /^gpt-tokenizer\/bpeRanks\// }, ({ path: name }) => ({
      path: `./tables/${path.basename(name)}.js`,
      external: true,
    }));
  },
};
fs.rmSync(playground, { recursive: true, force: true }); // parts have names of their contents
await build({
  ...shared,
  outdir: playground,
  splitting: true,
  chunkNames: 'part-[hash]',
  alias: { 'nanogpt/browser/client': path.join(dist, 'browser', 'client.js') },
  plugins: [tables],
  entryPoints: [
    { in: 'playground/main.tsx', out: 'app' },
    { in: 'playground/app.css', out: 'app' },
    { in: path.join(dist, 'browser', 'worker.js'), out: 'engine' },
  ],
});
fs.copyFileSync(path.join(here, 'playground', 'index.html'), path.join(playground, 'index.html'));
fs.copyFileSync(path.join(here, 'favicon.svg'), path.join(playground, 'favicon.svg'));
