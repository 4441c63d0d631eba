/**
 * GGUF, the file of llama.cpp and of what is built on it (Ollama, LM Studio): settings and tokenizer as keys
 * with typed values, then tensors.
 *
 *     GGUF · version 3 (u32) · number of tensors, number of keys (u64)
 *     keys      name, type (u32), value; a string is its length (u64) and UTF-8, an array its type, length, values
 *     tensors   name, number of dimensions (u32), dimensions (u64, fastest first), type (u32), offset (u64)
 *     data      from the next multiple of the alignment on (32 unless `general.alignment` says)
 *
 * Source: docs/gguf.md of github.com/ggml-org/ggml. Numbers are little-endian.
 */
import type { FloatType } from './float-type.js';

export const GGUF_MAGIC = 'GGUF';
/** Unless `general.alignment` says. */
export const GGUF_ALIGNMENT = 32;

/** Types of a key's value, in the order of their codes; `array` is one of another type. */
export const GGUF_TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
export type GgufType = (typeof GGUF_TYPES)[number];
export type GgufScalarType = Exclude<GgufType, 'array'>;

/** A key's value. 64-bit numbers are numbers where they are exact, and refused otherwise. */
export type GgufValue =
  | { readonly type: GgufScalarType; readonly value: number | boolean | string }
  | {
      readonly type: 'array';
      readonly of: GgufScalarType;
      readonly values: readonly string[] | ArrayLike<number>;
    };

/** Codes of the tensor types that are read and written. */
export const GGUF_FLOATS: Readonly<Record<FloatType, number>> = {
  F32: 0,
  F16: 1,
  Q8_0: 8,
  BF16: 30,
};

/** Names of others, for the error that refuses them. */
export const GGUF_OTHER_TENSORS: Readonly<Record<number, string>> = {
  2: 'Q4_0',
  3: 'Q4_1',
  6: 'Q5_0',
  7: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  20: 'IQ4_NL',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  39: 'MXFP4',
};

/** Short ways to write a key's value. */
export const gguf = {
  u32: (value: number): GgufValue => ({ type: 'u32', value }),
  f32: (value: number): GgufValue => ({ type: 'f32', value }),
  bool: (value: boolean): GgufValue => ({ type: 'bool', value }),
  string: (value: string): GgufValue => ({ type: 'string', value }),
  strings: (values: readonly string[]): GgufValue => ({ type: 'array', of: 'string', values }),
  f32s: (values: ArrayLike<number>): GgufValue => ({ type: 'array', of: 'f32', values }),
  i32s: (values: ArrayLike<number>): GgufValue => ({ type: 'array', of: 'i32', values }),
};
