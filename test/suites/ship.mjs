/**
 * Puts the backends' conformance suite, compiled by tsconfig.conformance.json, where the package offers it
 * (`nanogpt/conformance`): into dist/conformance, beside the compiled sources that it tests.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiled = join(root, 'build', 'conformance', 'test', 'suites', 'backend');
const target = join(root, 'dist', 'conformance');

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of readdirSync(compiled)) {
  const text = readFileSync(join(compiled, name), 'utf8')
    .replaceAll("'../../../src/", "'../")
    .replaceAll("'../../goldens/", "'./");
  writeFileSync(join(target, name), text);
}
copyFileSync(join(root, 'test', 'goldens', 'kernels.json'), join(target, 'kernels.json'));
