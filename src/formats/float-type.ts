/** How float32 values are stored in files: as they are, in 16 bits, or in blocks of 8-bit whole numbers. */
import { fromBFloat16, fromFloat16, toBFloat16, toFloat16 } from './half.js';

/** `Q8_0` is GGUF's: 32 values share a scale, and take 34 bytes. */
export type FloatType = 'F32' | 'F16' | 'BF16' | 'Q8_0';

export interface FloatCoding {
  /** Values that are stored together, and the bytes that they take. */
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Whole blocks of bytes → values. Both begin at multiples of 4 bytes of their memory. */
  decode(bytes: Uint8Array, out: Float32Array): void;
  /** Whole blocks of values → bytes. */
  encode(values: Float32Array, out: Uint8Array): void;
}

const halves = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Uint16Array(buffer, byteOffset, byteLength / 2);
const floats = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Float32Array(buffer, byteOffset, byteLength / 4);

const BLOCK = 32;
const BLOCK_BYTES = 2 + BLOCK;

/** The coding of each type. Numbers are little-endian, as the machine is (`requireLittleEndian`). */
export const FLOAT_CODINGS: Readonly<Record<FloatType, FloatCoding>> = {
  F32: {
    blockSize: 1,
    blockBytes: 4,
    decode: (bytes, out) => out.set(floats(bytes)),
    encode: (values, out) => floats(out).set(values),
  },
  F16: {
    blockSize: 1,
    blockBytes: 2,
    decode: (bytes, out) => fromFloat16(halves(bytes), out),
    encode: (values, out) => toFloat16(values, halves(out)),
  },
  BF16: {
    blockSize: 1,
    blockBytes: 2,
    decode: (bytes, out) => fromBFloat16(halves(bytes), out),
    encode: (values, out) => toBFloat16(values, halves(out)),
  },
  Q8_0: { blockSize: BLOCK, blockBytes: BLOCK_BYTES, decode: decodeQ8, encode: encodeQ8 },
};

/** Whether `dtype` is one of `FloatType`. */
export function isFloatType(dtype: string): dtype is FloatType {
  return Object.hasOwn(FLOAT_CODINGS, dtype);
}

/** Bytes of so many values: whole blocks. */
export function bytesOfFloats(type: FloatType, count: number): number {
  const { blockSize, blockBytes } = FLOAT_CODINGS[type];
  return (count / blockSize) * blockBytes;
}

/** Values in stretches of whole blocks → their bytes, a stretch at a time; the stretches share memory. */
export function* encodedChunks(
  type: FloatType,
  chunks: Iterable<Float32Array>,
): Generator<Uint8Array> {
  let out = new Uint8Array(0);
  for (const chunk of chunks) {
    const bytes = bytesOfFloats(type, chunk.length);
    if (bytes > out.length) out = new Uint8Array(bytes);
    FLOAT_CODINGS[type].encode(chunk, out.subarray(0, bytes));
    yield out.subarray(0, bytes);
  }
}

/** Each block: its scale in float16, then 32 whole numbers from -127 to 127. */
function decodeQ8(bytes: Uint8Array, out: Float32Array): void {
  const scaleBits = new Uint16Array(1);
  const scale = new Float32Array(1);
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let block = 0; block * BLOCK_BYTES < bytes.length; block++) {
    const at = block * BLOCK_BYTES;
    scaleBits[0] = bytes[at]! | (bytes[at + 1]! << 8);
    fromFloat16(scaleBits, scale);
    for (let i = 0; i < BLOCK; i++) out[block * BLOCK + i] = scale[0]! * signed[at + 2 + i]!;
  }
}

function encodeQ8(values: Float32Array, out: Uint8Array): void {
  const scaleBits = new Uint16Array(1);
  const scale = new Float32Array(1);
  const signed = new Int8Array(out.buffer, out.byteOffset, out.byteLength);
  for (let block = 0; block * BLOCK < values.length; block++) {
    const from = block * BLOCK;
    let largest = 0;
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(values[from + i]!));
    scale[0] = largest / 127;
    toFloat16(scale, scaleBits);
    const at = block * BLOCK_BYTES;
    out[at] = scaleBits[0]! & 255;
    out[at + 1] = scaleBits[0]! >>> 8;
    const inverse = scale[0]! === 0 ? 0 : 1 / scale[0]!;
    for (let i = 0; i < BLOCK; i++) {
      const exact = values[from + i]! * inverse;
      // Halves away from 0, as C's roundf has it.
      signed[at + 2 + i] = Math.sign(exact) * Math.floor(Math.abs(exact) + 0.5);
    }
  }
}
