/**
 * Bundles the statistics library into the only module that uses it, dist/study/statistics.js: as a dependency it would
 * be hundreds of packages for everyone who installs this one.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const module = fileURLToPath(new URL('../dist/study/statistics.js', import.meta.url));

/** What lies in the package beside it stays as it is. */
const ours = {
  name: 'ours',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path: name, importer }) =>
      path.dirname(importer) === path.dirname(module) ? { path: name, external: true } : undefined,
    );
  },
};
await build({
  entryPoints: [module],
  outfile: module,
  allowOverwrite: true,
  bundle: true,
  minify: true,
  platform: 'browser', // what it has for Node is addons, which are not there
  target: 'es2022',
  format: 'esm',
  external: ['buffer', 'node:module'],
  banner: {
    js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  },
  plugins: [ours],
  legalComments: 'none',
  logLevel: 'warning',
});
