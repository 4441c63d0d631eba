/** File formats: bytes in, bytes out, with hostile files in mind. */
export { ByteSource, MemoryBytes } from './byte-source.js';
export { FLOAT_CODINGS, type FloatCoding, type FloatType } from './float-type.js';
export { GgufFile } from './gguf.js';
export type { GgufTensor } from './gguf-header.js';
export { type GgufScalarType, type GgufValue, gguf } from './gguf-types.js';
export { writeGguf } from './gguf-write.js';
export { Llama2cFile, type Llama2cHeader } from './llama2c.js';
export {
  type HostTensor,
  restoreSafetensors,
  SafetensorsFile,
  type TensorEntry,
  type WrittenFile,
  writeSafetensors,
} from './safetensors.js';
export { type SafetensorsValue, safetensorsPieces } from './safetensors-encode.js';
export { SafetensorsReader } from './safetensors-read.js';
export { readIndex, ShardedSafetensors } from './sharded-safetensors.js';
export type { StoredTensor, TensorSource, TensorToWrite } from './tensor-source.js';
