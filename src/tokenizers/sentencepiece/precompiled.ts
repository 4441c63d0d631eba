/** Normalisations that come compiled with this program. */

import { brotliDecompressSync } from 'node:zlib';
import { type NormalizationRules, readCharsmap } from './charsmap.js';
import { NMT_NFKC_BROTLI } from './nmt-nfkc-table.js';

let nmtNfkc: NormalizationRules | undefined;

/** `nmt_nfkc`, the original's default; how its rules were made is in `nmt-nfkc.ts`. */
export function nmtNfkcRules(): NormalizationRules {
  nmtNfkc ??= readCharsmap(brotliDecompressSync(Buffer.from(NMT_NFKC_BROTLI, 'base64')));
  return nmtNfkc;
}
