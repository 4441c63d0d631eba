/** Bundles the Lab's page, and its charts as pictures, into dist/web. */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, '..', 'dist', 'web');
fs.mkdirSync(out, { recursive: true });

const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  outdir: out,
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'none',
  logLevel: 'warning',
};
await build({
  ...shared,
  entryPoints: [
    { in: 'main.tsx', out: 'app' },
    { in: 'app.css', out: 'app' },
  ],
});
// The same charts for Node, drawn as SVG.
await build({
  ...shared,
  entryPoints: [{ in: 'pictures.ts', out: 'pictures' }],
  platform: 'node',
  target: 'node20',
});
for (const file of ['index.html', 'favicon.svg']) {
  fs.copyFileSync(path.join(here, file), path.join(out, file));
}
