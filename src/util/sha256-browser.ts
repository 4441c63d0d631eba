/**
 * Stands in for `sha256.ts` in a browser, whose own SHA-256 is asynchronous and missing on pages that were not sent over
 * HTTPS.
 *
 * Source: FIPS 180-4, sections 4.2.2, 5 and 6.2.
 */

/** The first primes. */
const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((p) => n % p !== 0)) PRIMES.push(n);

/** The first 32 bits of the fraction of a root. */
const fraction = (root: number) => Math.floor((root - Math.floor(root)) * 2 ** 32);
const CONSTANTS = Uint32Array.from(PRIMES, (p) => fraction(Math.cbrt(p)));
const START = Uint32Array.from(PRIMES.slice(0, 8), (p) => fraction(Math.sqrt(p)));

const rotate = (word: number, by: number) => (word >>> by) | (word << (32 - by));

/** Takes the block of 64 bytes at `at` into the state. */
function mix(state: Uint32Array, view: DataView, at: number, words: Uint32Array): void {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15]!;
    const b = words[i - 2]!;
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    words[i] = words[i - 16]! + s0 + words[i - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as number[];
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e!, 6) ^ rotate(e!, 11) ^ rotate(e!, 25);
    const choice = (e! & f!) ^ (~e! & g!);
    const t1 = (h! + s1 + choice + CONSTANTS[i]! + words[i]!) | 0;
    const s0 = rotate(a!, 2) ^ rotate(a!, 13) ^ rotate(a!, 22);
    const majority = (a! & b!) ^ (a! & c!) ^ (b! & c!);
    h = g;
    g = f;
    f = e;
    e = (d! + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => void (state[i] = state[i]! + word!));
}

/** The hash of `parts`, one after the other, in hex. */
export function sha256(...parts: readonly Uint8Array[]): string {
  const state = START.slice();
  const words = new Uint32Array(64);
  const block = new Uint8Array(64);
  const blockView = new DataView(block.buffer);
  let filled = 0;
  let total = 0;
  for (const part of parts) {
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    total += part.length;
    let at = 0;
    if (filled > 0) {
      at = Math.min(64 - filled, part.length);
      block.set(part.subarray(0, at), filled);
      filled += at;
      if (filled < 64) continue;
      mix(state, blockView, 0, words);
    }
    for (; at + 64 <= part.length; at += 64) mix(state, view, at, words);
    block.set(part.subarray(at));
    filled = part.length - at;
  }
  block.fill(0, filled);
  block[filled] = 0x80;
  if (filled >= 56) {
    mix(state, blockView, 0, words);
    block.fill(0);
  }
  blockView.setUint32(56, Math.floor((total * 8) / 2 ** 32));
  blockView.setUint32(60, (total * 8) >>> 0);
  mix(state, blockView, 0, words);
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}
