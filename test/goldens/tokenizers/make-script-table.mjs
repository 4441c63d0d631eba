// Writes src/tokenizers/sentencepiece/script-table.ts: the script of every code point as Unicode 9.0
// has it, the version that SentencePiece uses.
//
//   npm install --no-save @unicode/unicode-9.0.0
//   node test/goldens/tokenizers/make-script-table.mjs
//
// Each run of code points of one script is written as `gap,length,script`: the gap since the end of
// the run before, both numbers in base 36, the length left out where it is 1.
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('@unicode/unicode-9.0.0/package.json'));
const of = new Uint8Array(0x110000); // 0: Common, which is also what unassigned code points have
const names = ['Common'];
for (const name of readdirSync(join(root, 'Script')).sort()) {
  if (name === 'Common' || name === 'Unknown' || name.includes('.')) continue;
  const id = names.push(name) - 1;
  const { default: points } = await import(`@unicode/unicode-9.0.0/Script/${name}/code-points.mjs`);
  for (const point of points) of[point] = id;
}
const runs = [];
let end = 0;
for (let from = 0; from < of.length; ) {
  let to = from + 1;
  while (to < of.length && of[to] === of[from]) to++;
  if (of[from] !== 0) {
    const length = to - from === 1 ? '' : (to - from).toString(36);
    runs.push(`${(from - end).toString(36)},${length},${of[from].toString(36)}`);
    end = to;
  }
  from = to;
}
const lines = [];
let line = '';
for (const run of runs) {
  if (line.length + run.length > 90) {
    lines.push(line);
    line = '';
  }
  line += `${run} `;
}
lines.push(line.trimEnd());
writeFileSync(
  'src/tokenizers/sentencepiece/script-table.ts',
  `/**
 * The script of every code point in Unicode 9.0.0, made by test/goldens/tokenizers/make-script-table.mjs
 * from the Unicode Character Database's Scripts.txt: runs as \`gap,length,script\` in base 36.
 */

/** Script names by number; 0 is what all other code points have. */
export const SCRIPT_NAMES =
  '${names.join(' ')}'.split(' ');

export const SCRIPT_RUNS =
${lines.map((l) => `  '${l}'`).join(' +\n')};
`,
);
console.log(`${names.length} scripts, ${runs.length} runs`);
