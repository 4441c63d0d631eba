/** Writing GGUF: see `gguf-types.ts` for the format. */
import { AtomicFile } from '../util/atomic-file.js';
import { UserError } from '../util/errors.js';
import { formatShape, numel } from '../util/shape.js';
import { requireLittleEndian } from './byte-source.js';
import { bytesOfFloats, encodedChunks, FLOAT_CODINGS } from './float-type.js';
import {
  GGUF_ALIGNMENT,
  GGUF_FLOATS,
  GGUF_MAGIC,
  GGUF_TYPES,
  type GgufScalarType,
  type GgufValue,
} from './gguf-types.js';
import type { TensorToWrite } from './tensor-source.js';

/** Longer names end llama.cpp's reader. */
const MAX_NAME_BYTES = 63;

/**
 * Writes a GGUF file, version 3, that appears whole or not at all.
 *
 * @param metadata values by key, in the order given.
 * @param tensors by name, in the order given.
 * @returns the bytes written.
 * @throws UserError where a tensor's name or shape cannot be stored, or the file cannot be written.
 */
export function writeGguf(
  file: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, TensorToWrite>,
): number {
  requireLittleEndian();
  using target = new AtomicFile(file);
  let bytes = 0;
  const put = (piece: Uint8Array): void => {
    target.write(piece);
    bytes += piece.byteLength;
  };
  const pad = (): void => put(new Uint8Array(paddingAt(bytes)));
  put(encodeHeader(metadata, tensors));
  pad();
  for (const [name, tensor] of tensors) {
    const begin = bytes;
    for (const piece of encodedChunks(tensor.type, tensor.chunks())) put(piece);
    const expected = bytesOfFloats(tensor.type, numel(tensor.shape));
    if (bytes - begin !== expected) {
      throw new Error(`gguf: ${name}: expected ${expected} bytes of values, got ${bytes - begin}`);
    }
    pad();
  }
  target.commit();
  return bytes;
}

function paddingAt(position: number): number {
  return (GGUF_ALIGNMENT - (position % GGUF_ALIGNMENT)) % GGUF_ALIGNMENT;
}

function encodeHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: ReadonlyMap<string, TensorToWrite>,
): Uint8Array {
  const pieces: Buffer[] = [
    Buffer.from(GGUF_MAGIC, 'latin1'),
    u32(3),
    u64(tensors.size),
    u64(metadata.size),
  ];
  for (const [key, value] of metadata) pieces.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const [name, { shape, type }] of tensors) {
    checkTensor(name, shape, type);
    pieces.push(
      text(name),
      u32(shape.length),
      ...[...shape].reverse().map(u64),
      u32(GGUF_FLOATS[type]),
      u64(offset),
    );
    const end = offset + bytesOfFloats(type, numel(shape));
    offset = end + paddingAt(end);
  }
  return Buffer.concat(pieces);
}

function checkTensor(name: string, shape: readonly number[], type: TensorToWrite['type']): void {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new UserError(`gguf: ${name}: expected a name of at most ${MAX_NAME_BYTES} bytes`);
  }
  const { blockSize } = FLOAT_CODINGS[type];
  if ((shape.at(-1) ?? 1) % blockSize !== 0) {
    throw new UserError(
      `gguf: ${name}: expected rows of a multiple of ${blockSize} values for ${type}, got ${formatShape(shape)}`,
    );
  }
}

function encodeValue(value: GgufValue): Buffer[] {
  const type = u32(GGUF_TYPES.indexOf(value.type));
  if (value.type !== 'array') return [type, scalar(value.type, value.value)];
  const { of, values } = value;
  const entries = Array.from(values as ArrayLike<number | string>, (entry) => scalar(of, entry));
  return [type, u32(GGUF_TYPES.indexOf(of)), u64(values.length), ...entries];
}

function scalar(type: GgufScalarType, value: number | boolean | string): Buffer {
  if (type === 'string') return text(value as string);
  const bytes = Buffer.alloc(8);
  const number = Number(value);
  switch (type) {
    case 'u8':
    case 'bool':
      return bytes.subarray(0, bytes.writeUInt8(number));
    case 'i8':
      return bytes.subarray(0, bytes.writeInt8(number));
    case 'u16':
      return bytes.subarray(0, bytes.writeUInt16LE(number));
    case 'i16':
      return bytes.subarray(0, bytes.writeInt16LE(number));
    case 'u32':
      return bytes.subarray(0, bytes.writeUInt32LE(number));
    case 'i32':
      return bytes.subarray(0, bytes.writeInt32LE(number));
    case 'f32':
      return bytes.subarray(0, bytes.writeFloatLE(number));
    case 'u64':
      return bytes.subarray(0, bytes.writeBigUInt64LE(BigInt(number)));
    case 'i64':
      return bytes.subarray(0, bytes.writeBigInt64LE(BigInt(number)));
    case 'f64':
      return bytes.subarray(0, bytes.writeDoubleLE(number));
  }
}

function u32(value: number): Buffer {
  return scalar('u32', value);
}

function u64(value: number): Buffer {
  return scalar('u64', value);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}
