/**
 * The two 16-bit floats, from and to float32. float16 is IEEE 754's binary16; bfloat16 is the upper half of a
 * float32. Both are rounded to the nearest, ties to even, as PyTorch and llama.cpp round them.
 */

/** What each of the 65,536 float16s is. */
let float16Table: Float32Array | undefined;

function makeFloat16Table(): Float32Array {
  return Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
    return exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}

/** float16 bits → values, as many as `bits` has. */
export function fromFloat16(bits: Uint16Array, out: Float32Array): void {
  float16Table ??= makeFloat16Table();
  for (let i = 0; i < bits.length; i++) out[i] = float16Table[bits[i]!]!;
}

/** Values → float16 bits, as many as there are values. What is too large becomes infinity. */
export function toFloat16(values: Float32Array, out: Uint16Array): void {
  const words = wordsOf(values);
  const one = new Float32Array(1);
  const oneWord = new Uint32Array(one.buffer);
  for (let i = 0; i < words.length; i++) {
    const sign = (words[i]! >>> 16) & 0x8000;
    const size = words[i]! & 0x7fffffff;
    if (size > 0x7f800000) {
      out[i] = sign | 0x7e00; // NaN
    } else if (size >= 0x477ff000) {
      out[i] = sign | 0x7c00; // 65,520 and more round to infinity
    } else if (size < 0x38800000) {
      // Below 2^-14 steps are of 2^-24: as large as those of float32 at 1/2, so that adding it rounds.
      one[0] = 0.5 + Math.abs(values[i]!);
      out[i] = sign | (oneWord[0]! - 0x3f000000);
    } else {
      out[i] = sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
    }
  }
}

/** bfloat16 bits → values, as many as `bits` has. */
export function fromBFloat16(bits: Uint16Array, out: Float32Array): void {
  const words = wordsOf(out);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
}

/** Values → bfloat16 bits, as many as there are values. */
export function toBFloat16(values: Float32Array, out: Uint16Array): void {
  const words = wordsOf(values);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isNumberless = (word & 0x7fffffff) > 0x7f800000;
    // A NaN whose upper half is infinity's would become that.
    out[i] = isNumberless ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

function wordsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
