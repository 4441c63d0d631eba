// Writes src/tokenizers/sentencepiece/nmt-nfkc-table.ts from nmt-nfkc.ts. Needs a build:
//
//   npm run build && node test/goldens/tokenizers/make-nmt-nfkc-table.mjs
import { writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { compileCharsmap } from '../../../dist/tokenizers/sentencepiece/charsmap.js';
import { nmtNfkcMap } from '../../../dist/tokenizers/sentencepiece/nmt-nfkc.js';

const map = nmtNfkcMap();
const text = brotliCompressSync(compileCharsmap(map).blob).toString('base64');
const lines = text.match(/.{1,160}/g).join('\n');
writeFileSync(
  'src/tokenizers/sentencepiece/nmt-nfkc-table.ts',
  `/**
 * The ${map.size} rules of \`nmt_nfkc\`, compiled (\`charsmap.ts\`) and packed (Brotli, base64).
 * Made by test/goldens/tokenizers/make-nmt-nfkc-table.mjs from \`nmt-nfkc.ts\`.
 */
export const NMT_NFKC_BROTLI = \`
${lines}
\`;
`,
);
console.log(`${map.size} rules, ${text.length} characters`);
